"""The Pythons of this machine.

A Python X.Y is the one that PYTHONXY names, else `pythonX.Y`, else one of pyenv's.
"""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.local.installation import InstallError


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
