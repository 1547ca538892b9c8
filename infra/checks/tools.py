"""Where the linters are that come from PyPI and npm, installed when they are first needed."""

from pathlib import Path

from infra.local import npm
from infra.local.installation import make_environment

HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
_REQUIREMENTS = HERE / "requirements.txt"
_FOLDER = Path(__file__).parents[2] / ".build" / "checks-venv"


def python_tools() -> Path:
    """The folder of the programs of requirements.txt, in an environment of their own. Raises
    InstallError."""
    return make_environment(_FOLDER, _REQUIREMENTS).parent


def node_tools() -> Path:
    """`node_modules` with the packages of package.json. Raises InstallError."""
    npm.install(HERE)
    return NODE_MODULES
