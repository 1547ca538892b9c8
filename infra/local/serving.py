"""What the stand-ins share: taking a loopback port and serving an application on it.

A stand-in prints one line once it accepts connections, ends with status 0 on SIGINT or SIGTERM, and
ends with status 2 and one line on stderr when its port is taken.
"""

import argparse
import errno
import signal
import socket
import sys

import uvicorn
from starlette.types import ASGIApp

HOST = "127.0.0.1"


class PortTakenError(Exception):
    """Somebody already listens on a port that was asked for; `port` is its number."""

    def __init__(self, port: int, service: str) -> None:
        super().__init__(f"{service}: port {port} on {HOST} is already in use")
        self.port = port


def take_port(port: int, service: str) -> socket.socket:
    """A socket listening on the loopback `port`; 0 takes a free one.

    Raises PortTakenError, whose message names `service` and the port.
    """
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((HOST, port))
        taken.listen()
    except OSError as error:
        taken.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(port, service) from error
        raise
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


def serve(app: ASGIApp, service: str, taken: socket.socket) -> None:
    """Serve `app` on the socket `taken` until SIGINT or SIGTERM, which end the process cleanly."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises the signal again once it has shut down; that must not look like a failure.
        signal.signal(number, lambda *_: sys.exit(0))
    print(f"{service} listening on http://{HOST}:{taken.getsockname()[1]}", flush=True)
    uvicorn.Server(config(app)).run(sockets=[taken])


def config(app: ASGIApp) -> uvicorn.Config:
    """How every stand-in is served: quiet, and not kept alive by an open connection."""
    return uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1)


def exit_for_taken_port(error: PortTakenError) -> None:
    """End the process with status 2 and the one line that names the port."""
    print(error, file=sys.stderr)
    raise SystemExit(2)
