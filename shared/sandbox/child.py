"""The side of the child: its request, its limits, and its end when nobody waits for it any more.

It is asked on standard input, by a line of JSON (Request) and then the data; it answers on standard
output.
"""

import json
import resource
import signal
import sys
from io import FileIO
from threading import Thread
from typing import TypedDict


class Request(TypedDict):
    """`size` is that of the data in bytes; `seconds` of processor time and `megabytes` of memory
    are the most that working on it may take."""

    kind: str
    name: str
    size: int
    seconds: int
    megabytes: int


def read_request() -> Request:
    """What this process is asked, whose limits hold from now on."""
    asked: Request = json.loads(sys.stdin.buffer.readline())
    _limit(asked)
    return asked


def read_data(asked: Request) -> bytes:
    """The data of a request; from now on this process ends when nobody waits for it."""
    data = sys.stdin.buffer.read(asked["size"])
    if len(data) < asked["size"]:
        sys.exit("nobody waits for the answer")
    Thread(target=_end_with_parent, daemon=True).start()
    return data


def _limit(asked: Request) -> None:
    """Some systems know fewer limits than Linux; the time limit of the other side always holds."""
    limits = {
        resource.RLIMIT_CORE: 0,  # it would hold the data
        resource.RLIMIT_CPU: asked["seconds"],
        resource.RLIMIT_DATA: asked["megabytes"] * 1024 * 1024,
    }
    for what, most in limits.items():
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):
            continue


def _end_with_parent() -> None:
    """Nothing more is sent, so that reading ends when the other side does."""
    FileIO(sys.stdin.fileno(), closefd=False).read(1)
    signal.raise_signal(signal.SIGKILL)
