"""The virtual environment with Microsoft's worker library, which needs a Python 3.13."""

import sys
from pathlib import Path

from infra.local.installation import InstallError, make_environment
from tests.support.hosts.process import ROOT
from tests.support.pythons import Python
from tests.support.pythons import find_python as find

FOLDER = ROOT / ".build" / "worker-venv"
REQUIREMENTS = Path(__file__).with_name("requirements.txt")
ABSENT = "worker: no Python 3.13 here (PYTHON313 may name one)"


def find_python() -> Python | None:
    """A Python 3.13 of this machine. Raises InstallError when PYTHON313 names another program."""
    return find("3.13")


def make(python: Python) -> Path:
    """Make the environment unless it is there, and return its Python. Raises InstallError."""
    return make_environment(FOLDER, REQUIREMENTS, python.path, python.version)


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
