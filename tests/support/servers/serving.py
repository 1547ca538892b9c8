"""Serves ASGI apps from a thread of the test: real HTTP, under the test's control."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from infra.local.serving import HOST, take_port

START_SECONDS = 30.0


@contextmanager
def served(*apps: ASGIApp, port: int = 0, certificate: Path | None = None) -> Iterator[list[int]]:
    """The ports of `apps`, each on one of its own, or a single one on `port`; all on one event loop
    in one thread. With a `certificate`, a file that has its key too, they speak TLS."""
    sockets = [take_port(port, f"{HOST} for a test") for _ in apps]
    servers = [
        uvicorn.Server(
            uvicorn.Config(
                app, log_level="error", timeout_graceful_shutdown=1, ssl_certfile=certificate
            )
        )
        for app in apps
    ]

    async def serve() -> None:
        pairs = zip(servers, sockets, strict=True)
        await asyncio.gather(*(server.serve(sockets=[taken]) for server, taken in pairs))

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    try:
        yield [taken.getsockname()[1] for taken in sockets]
    finally:
        for server in servers:
            server.should_exit = True
        thread.join(START_SECONDS)
        for taken in sockets:
            taken.close()
