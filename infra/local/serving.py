"""What the stand-ins share: taking a loopback port and serving an application on it.

A stand-in prints one line once it accepts connections, ends with status 0 on SIGINT or SIGTERM, and
ends with status 2 and one line on stderr when its port is taken.
"""

import argparse
import errno
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from infra.local.errors import StartError

HOST = "127.0.0.1"
MAX_PORT = 65535
PARENT_PIPE = "LOCAL_PARENT_PIPE"


class PartError(StartError):
    """A part of the running app did not start, or ended; the text says which and why."""


class PortTakenError(StartError):
    """Somebody already listens on a port that was asked for; `port` is its number."""

    def __init__(self, port: int, service: str, host: str = HOST) -> None:
        super().__init__(f"{service}: port {port} on {host} is already in use")
        self.port = port


def parse_port(text: str) -> int | None:
    """The port that is written there, None where there is none."""
    port = int(text) if re.fullmatch("[0-9]{1,5}", text) else MAX_PORT + 1
    return port if port <= MAX_PORT else None


def take_port(port: int, service: str, host: str = HOST) -> socket.socket:
    """A socket listening on `port` of `host`; 0 takes a free one.

    Raises PortTakenError, and PartError for one that cannot be used at all, whose messages name
    `service` and the port.
    """
    if not 0 <= port <= MAX_PORT:
        raise PartError(f"{service}: {port} is no port; it must be at most {MAX_PORT}")
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # asyncio sets this for its own sockets only; without it an answer in two parts waits 40 ms.
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        taken.bind((host, port))
        taken.listen()
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(port, service, host) from error
        reason = error.strerror or "it is no address of this machine"
        raise PartError(f"{service}: port {port} on {host} cannot be used: {reason}") from error
    return taken


def parser(program: str, summary: str, port: int) -> argparse.ArgumentParser:
    """An argument parser that already knows `--port`, with `port` as the default."""
    arguments = argparse.ArgumentParser(prog=f"python -m {program}", description=summary)
    arguments.add_argument(
        "--port",
        type=int,
        default=port,
        help="loopback port, 0 for any free one (default %(default)s)",
    )
    return arguments


def main(service: str, port: int, build: Callable[[int], ASGIApp]) -> None:
    """Take `port` and serve what `build` makes of it until SIGINT or SIGTERM.

    `build` is given the number of the port that was taken, which matters when `port` is 0.
    """
    try:
        taken = take_port(port, service)
    except StartError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has shut down; that must not look like a failure.
        signal.signal(number, lambda *_: sys.exit(0))
    end_with_parent()
    port = taken.getsockname()[1]
    line = f"{service} listening on http://{HOST}:{port}"
    _Announced(config(build(port)), line).run(sockets=[taken])


class _Announced(uvicorn.Server):
    """Prints `line` when it serves, and hence ends in order on a signal from then on."""

    def __init__(self, settings: uvicorn.Config, line: str) -> None:
        super().__init__(settings)
        self._line = line

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._line, flush=True)


def end_with_parent() -> None:
    """End this process in order when its parent, which holds the other end of stdin, is gone.

    Only where the parent asked for it with PARENT_PIPE in the environment: so no child outlives a
    parent that was killed.
    """
    if os.environ.get(PARENT_PIPE):

        def watch() -> None:
            # Not sys.stdin: its lock, held by a daemon thread, aborts the interpreter at its end.
            while os.read(0, 1024):
                pass
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=watch, daemon=True).start()


def config(app: ASGIApp) -> uvicorn.Config:
    """How every stand-in is served: quiet, and ending within a second of being told to."""
    return uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)
