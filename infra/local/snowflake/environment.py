"""The stand-in's virtual environment, in .build."""

from pathlib import Path

from infra.local.installation import make_environment

_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOLDER = Path(__file__).parents[3] / ".build" / "snowflake-venv"


def make() -> Path:
    """Make the environment unless it is there, and return its Python. Raises InstallError."""
    return make_environment(FOLDER, _REQUIREMENTS)
