"""Replaces the process, as Azure's host replaces a worker: all that runs ends, the state stays."""

import logging
import os
import socket
import sys
from collections.abc import Callable

log = logging.getLogger("host")

LISTENING = "LOCAL_LISTENING_SOCKET"
"""In the environment: the number of the socket that the process before listened on."""


def inherited_socket() -> socket.socket | None:
    """The socket of the process that this one replaces, None when it replaces none."""
    number = os.environ.pop(LISTENING, None)
    return socket.socket(fileno=int(number)) if number else None


def replacement(listening: socket.socket) -> Callable[[str], None]:
    """What replaces this process by a fresh one that listens on the same socket.

    To be made before the app changes the environment and the working folder.
    """
    folder, environment = os.getcwd(), {**os.environ, LISTENING: str(listening.fileno())}  # noqa: PTH109

    def replace(reason: str) -> None:
        log.critical("everything that runs is ended and the host starts anew: %s", reason)
        sys.stdout.flush()
        os.chdir(folder)
        listening.set_inheritable(True)
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606

    return replace
