"""Where the linters are that come from PyPI and npm, installed when they are first needed."""

import fcntl
import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from infra.local import npm

HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
_REQUIREMENTS = HERE / "requirements.txt"
_PLACE = Path(__file__).parents[2] / ".build/checks"
_TIMEOUT_SECONDS = 600


class ToolError(Exception):
    """A tool could not be installed; the message says why."""


def python_tools() -> Path:
    """The folder of the programs of requirements.txt, in an environment of their own. Raises
    ToolError."""
    stamp = _PLACE / ".installed-for"
    wanted = hashlib.sha256(_REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()
    _PLACE.mkdir(parents=True, exist_ok=True)
    with (_PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.is_file() or stamp.read_text() != wanted:
            venv.create(_PLACE, clear=False, with_pip=True)
            _pip_install()
            stamp.write_text(wanted)
    return _PLACE / "bin"


def _pip_install() -> None:
    pip = [str(_PLACE / "bin/python"), "-m", "pip", "install", "--disable-pip-version-check"]
    try:
        done = subprocess.run(
            [*pip, "--quiet", "-r", str(_REQUIREMENTS)],
            check=False,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as expired:
        raise ToolError(f"pip install did not end within {_TIMEOUT_SECONDS} s") from expired
    if done.returncode:
        raise ToolError(f"pip install ended with {done.returncode}:\n{done.stderr[-2000:]}")


def node_tools() -> Path:
    """`node_modules` with the packages of package.json. Raises ToolError."""
    try:
        npm.install(HERE)
    except npm.InstallError as error:
        raise ToolError(str(error)) from None
    return NODE_MODULES
