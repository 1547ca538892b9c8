"""What comes from a registry and is installed once: made again when what it is made of changes."""

import fcntl
import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from infra.local.errors import StartError

_TIMEOUT_SECONDS = 600
# What pip and npm say when no connection comes about; pip's last line then speaks of versions.
_UNREACHED = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeoutError|ProxyError"
    r"|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ENETUNREACH|ETIMEDOUT"
)


class InstallError(StartError):
    """Something cannot be installed; the message says why."""


def install_once(stamp: Path, lock: Path, made_of: str, install: Callable[[], None]) -> bool:
    """Call `install` unless `stamp` says that it was done for `made_of`; True when it was called.

    Safe to call from several processes at once: they wait for the one that installs. The stamp lies
    in what is installed, so that whoever removes that removes the stamp with it.
    """
    digest = hashlib.sha256(made_of.encode()).hexdigest()
    if _is_installed(stamp, digest):
        return False
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_installed(stamp, digest):
            return False
        install()
        stamp.write_text(digest)
    return True


def _is_installed(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text() == digest


def make_environment(
    folder: Path, requirements: Path, python: str = sys.executable, version: str = sys.version
) -> Path:
    """Make the virtual environment in `folder` unless it is there, and return its Python.

    `version` is that of `python`: another one makes it anew, as other requirements do. Raises
    InstallError when that fails or takes longer than ten minutes.
    """
    own = folder / "bin" / "python"

    def make() -> None:
        print(f"making {folder}", file=sys.stderr, flush=True)
        run_installer(python, "-m", "venv", "--clear", str(folder))
        pip = (str(own), "-m", "pip", "--disable-pip-version-check")
        run_installer(*pip, "install", "--quiet", "--no-compile", "-r", str(requirements))

    made_of = "\n".join([version, *_texts(requirements)])
    install_once(folder / ".made-for", folder.with_name(f"{folder.name}.lock"), made_of, make)
    return own


def _texts(requirements: Path) -> Iterator[str]:
    """What the file says, and those that it includes."""
    text = requirements.read_text()
    yield text
    for included in re.findall(r"^-r (\S+)", text, re.MULTILINE):
        yield from _texts(requirements.parent / included)


def run_installer(
    *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> None:
    """Raises InstallError, whose text says so where no registry was reached, when the command
    fails or takes longer than ten minutes."""
    try:
        done = subprocess.run(
            command,
            check=False,
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"no end within {_TIMEOUT_SECONDS} s: {' '.join(command)}") from None
    if done.returncode:
        offline = "the registry was not reached, " if _UNREACHED.search(done.stderr) else ""
        ended = f"{' '.join(command)} ended with status {done.returncode}"
        raise InstallError(f"{offline}{ended}:\n{done.stderr[-2000:]}")
