"""Installs Azurite into `node_modules` beside this file."""

from pathlib import Path

from infra.local import npm

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"


def install() -> bool:
    """Install Azurite where that is due; True when npm had to run. Raises InstallError."""
    return npm.install(HERE)
