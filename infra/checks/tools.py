"""Where the linters are that come from PyPI and npm, installed when they are first needed."""

from pathlib import Path

from infra.local import npm
from infra.local.installation import make_environment

HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
_BUILD = Path(__file__).parents[2] / ".build"


def python_tools() -> Path:
    """The folder of the programs of requirements.txt, in an environment of their own. Raises
    InstallError."""
    return make_environment(_BUILD / "checks-venv", HERE / "requirements.txt").parent


def code_tools() -> Path:
    """The folder of the programs of code.requirements.txt, likewise. Raises InstallError."""
    return make_environment(_BUILD / "code-venv", HERE / "code.requirements.txt").parent


def node_tools() -> Path:
    """`node_modules` with the packages of package.json. Raises InstallError."""
    npm.install(HERE)
    return NODE_MODULES
