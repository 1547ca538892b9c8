"""The virtual environment with Microsoft's worker library, which needs a Python 3.13.

That Python is the one that PYTHON313 names, else `python3.13`, else one of pyenv's.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.hosts.process import ROOT

FOLDER = ROOT / ".build" / "worker-venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ABSENT = "worker: no Python 3.13 here (PYTHON313 may name one)"

# In the folder, so that whoever removes it removes the stamp with it.
_STAMP = FOLDER / ".made-for"
_TIMEOUT_SECONDS = 600


class InstallError(Exception):
    """The environment cannot be made; the message says why."""


@dataclass(frozen=True)
class Python:
    """An interpreter and its version, such as 3.13.0."""

    path: str
    version: str

    @property
    def digest(self) -> str:
        """Changes with whatever the environment is made of."""
        made_of = [REQUIREMENTS.read_text(), (ROOT / "requirements.txt").read_text()]
        return hashlib.sha256("\n".join([self.version, *made_of]).encode()).hexdigest()


def find_python() -> Python | None:
    """A Python 3.13 of this machine. Raises InstallError when PYTHON313 names another program."""
    if named := os.environ.get("PYTHON313"):
        version = _version(named)
        if version is None:
            raise InstallError(f"PYTHON313 names {named}, which is no Python 3.13.")
        return Python(named, version)
    found = ((path, _version(path)) for path in _candidates())
    return next((Python(path, version) for path, version in found if version), None)


def make(python: Python) -> Path:
    """Make the environment unless it is there, and return its Python.

    Safe to call from several processes at once: they wait for the one that makes it. Raises
    InstallError when that fails or takes longer than ten minutes.
    """
    FOLDER.parent.mkdir(exist_ok=True)
    own = FOLDER / "bin" / "python"
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (_STAMP.is_file() and _STAMP.read_text() == python.digest):
            print(f"making {FOLDER} with Microsoft's worker library", flush=True)
            _run(python.path, "-m", "venv", "--clear", str(FOLDER))
            _run(str(own), "-m", "pip", "install", "--quiet", "-r", str(REQUIREMENTS))
            _STAMP.write_text(python.digest)
    return own


def _candidates() -> Iterator[str]:
    yield "python3.13"
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from map(str, sorted(pyenv.glob("versions/3.13.*/bin/python")))


def _version(path: str) -> str | None:
    """None when it is no Python 3.13 that runs: pyenv puts programs there that only say so."""
    ask = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run([path, "-c", ask], check=False, capture_output=True, text=True)
    except OSError:
        return None
    version = done.stdout.strip()
    return version if version.startswith("3.13.") else None


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"no end within {_TIMEOUT_SECONDS} s: {command}") from None
    if done.returncode:
        raise InstallError(f"status {done.returncode} of {command}:\n{done.stderr[-2000:]}")


def _main() -> None:
    try:
        python = find_python()
        if python is None:
            print(ABSENT)
        else:
            make(python)
    except InstallError as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    _main()
