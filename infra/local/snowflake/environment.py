"""The stand-in's virtual environment, in .build: made once, and again when what it is made of
changes."""

import fcntl
import hashlib
import subprocess
import sys
from pathlib import Path

from infra.local.serving import PartError

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".build" / "snowflake-venv"
PYTHON = FOLDER / "bin" / "python"
_REQUIREMENTS = Path(__file__).with_name("requirements.txt")
# In the folder, so that whoever removes it removes the stamp with it.
_STAMP = FOLDER / ".made-for"
_TIMEOUT_SECONDS = 600


def make() -> Path:
    """Make the environment unless it is there, and return its Python.

    Safe to call from several processes at once: they wait for the one that makes it. Raises
    PartError when that fails or takes longer than ten minutes.
    """
    FOLDER.parent.mkdir(exist_ok=True)
    made_of = f"{sys.version}\n{_REQUIREMENTS.read_text()}"
    digest = hashlib.sha256(made_of.encode()).hexdigest()
    with FOLDER.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (_STAMP.is_file() and _STAMP.read_text() == digest):
            print(f"making {FOLDER} for the Snowflake stand-in", flush=True)
            _run(sys.executable, "-m", "venv", "--clear", str(FOLDER))
            pip = (str(PYTHON), "-m", "pip", "--disable-pip-version-check")
            _run(*pip, "install", "--quiet", "-r", str(_REQUIREMENTS))
            _STAMP.write_text(digest)
    return PYTHON


def _run(*command: str) -> None:
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise PartError(f"no end within {_TIMEOUT_SECONDS} s: {command}") from None
    if done.returncode:
        raise PartError(f"status {done.returncode} of {command}:\n{done.stderr[-2000:]}")


if __name__ == "__main__":
    make()
