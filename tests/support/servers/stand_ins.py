"""Stand-ins as their users start them: as processes, each on a free port."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from infra.local.serving import HOST, config, take_port

STOP_SECONDS = 60


@contextmanager
def stand_in(module: str, *arguments: str) -> Iterator[str]:
    """The address of a stand-in for as long as the context lasts; it must then end cleanly."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            line = process.stdout.readline()
            assert " listening on http://127.0.0.1:" in line
            yield line.split()[-1]
        finally:
            process.terminate()
            status = process.wait(STOP_SECONDS)
        assert status == 0


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The address of `app`, served by this process for as long as the context lasts."""
    with take_port(0, "application under test") as taken:
        server = uvicorn.Server(config(app))
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        try:
            yield f"http://{HOST}:{taken.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving
