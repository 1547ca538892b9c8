"""Ports for what is started later, or never.

A port that the system gave, once it is left, may be given to anybody, and is the source of
somebody's connection soon. These lie below those that Linux gives (from 32,768 on), and each worker
of a run has its own.
"""

import os
import re
import socket
from itertools import count

from infra.local.serving import HOST

_FIRST, _WIDTH, _WORKERS = 10_000, 2_500, 9
_SPREAD = 20
"""Ports between two runs that begin at the same time, as their process ids tell them apart."""
_numbers = count(os.getpid() * _SPREAD)


def find_free_port() -> int:
    """A port on which nobody listens, and which is not found again soon."""
    return find_free_ports(1)


def find_free_ports(length: int) -> int:
    """The first of so many in a row."""
    for _ in range(_WIDTH):
        first = _first_of_worker() + next(_numbers) % (_WIDTH - length)
        if all(map(_is_free, range(first, first + length))):
            for _ in range(length - 1):
                next(_numbers)
            return first
    raise AssertionError("no free ports")


def _first_of_worker() -> int:
    [number] = re.findall(r"\d+", os.environ.get("PYTEST_XDIST_WORKER", "gw0"))
    return _FIRST + int(number) % _WORKERS * _WIDTH


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex((HOST, port)) != 0
