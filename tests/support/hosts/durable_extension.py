"""Microsoft's Durable extension, on which the app runs in Azure, as a host for tests.

`DURABLE_HOST` names its folder; else it is unpacked once from the archive beside the repository.
"""

import fcntl
import os
import tarfile
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]
ARCHIVE = ROOT.parent / "shared/tools/durable_host/host.tar.xz"
_BUILD = ROOT / ".build/durable_host"


@cache
def find_durable_host() -> Path | None:
    """The host's program, None where neither the setting nor the archive is there."""
    if given := os.environ.get("DURABLE_HOST"):
        return Path(given) / "realdurable"
    program = _BUILD / "host/realdurable"
    if not program.exists() and ARCHIVE.exists():
        _unpack()
    return program if program.exists() else None


def _unpack() -> None:
    """Of several processes one unpacks; the program appears when all of it is there."""
    _BUILD.mkdir(parents=True, exist_ok=True)
    with (_BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (_BUILD / "host").exists():
            return
        with tarfile.open(ARCHIVE) as archive:
            archive.extractall(_BUILD / "partial", filter="data")
        (_BUILD / "partial/host").rename(_BUILD / "host")
