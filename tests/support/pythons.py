"""The Pythons of this machine, and virtual environments made of them once.

A Python X.Y is the one that PYTHONXY names, else `pythonX.Y`, else one of pyenv's.
"""

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.hosts.process import ROOT

_TIMEOUT_SECONDS = 600


class InstallError(Exception):
    """An environment cannot be made; the message says why."""


@dataclass(frozen=True)
class Python:
    """An interpreter and its version, such as 3.13.0."""

    path: str
    version: str


def find_python(wanted: str) -> Python | None:
    """A Python of the `wanted` version (3.13). Raises InstallError when PYTHON313 names another
    program."""
    name = f"PYTHON{wanted.replace('.', '')}"
    if named := os.environ.get(name):
        version = _version(named, wanted)
        if version is None:
            raise InstallError(f"{name} names {named}, which is no Python {wanted}.")
        return Python(named, version)
    found = ((path, _version(path, wanted)) for path in _candidates(wanted))
    return next((Python(path, version) for path, version in found if version), None)


def make_environment(python: Python, folder: Path, requirements: Path) -> Path:
    """Make the environment unless it is there, and return its Python.

    Safe to call from several processes at once: they wait for the one that makes it. Raises
    InstallError when that fails or takes longer than ten minutes.
    """
    folder.parent.mkdir(exist_ok=True)
    own = folder / "bin" / "python"
    # In the folder, so that whoever removes it removes the stamp with it.
    stamp = folder / ".made-for"
    digest = _digest(python, requirements)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (stamp.is_file() and stamp.read_text() == digest):
            print(f"making {folder}", flush=True)  # noqa: T201 - it takes a while
            _run(python.path, "-m", "venv", "--clear", str(folder))
            install = ("-m", "pip", "install", "--quiet", "--no-compile")
            _run(str(own), *install, "-r", str(requirements))
            stamp.write_text(digest)
    return own


def _digest(python: Python, requirements: Path) -> str:
    """Changes with whatever the environment is made of."""
    made_of = [requirements.read_text(), (ROOT / "requirements.txt").read_text()]
    return hashlib.sha256("\n".join([python.version, *made_of]).encode()).hexdigest()


def _candidates(wanted: str) -> Iterator[str]:
    yield f"python{wanted}"
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    yield from map(str, sorted(pyenv.glob(f"versions/{wanted}.*/bin/python")))


def _version(path: str, wanted: str) -> str | None:
    """None when it is no such Python that runs: pyenv puts programs there that only say so."""
    ask = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run([path, "-c", ask], check=False, capture_output=True, text=True)
    except OSError:
        return None
    version = done.stdout.strip()
    return version if version.startswith(f"{wanted}.") else None


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise InstallError(f"no end within {_TIMEOUT_SECONDS} s: {command}") from None
    if done.returncode:
        raise InstallError(f"status {done.returncode} of {command}:\n{done.stderr[-2000:]}")
