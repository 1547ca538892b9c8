"""Puts the host together and serves it until it is told to stop."""

import contextlib
import fcntl
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from infra.local.host import event_grid
from infra.local.host.blobs import BlobFunctions
from infra.local.host.bodies import MAX_BODY_BYTES, MAX_MANAGEMENT_BYTES, Bodies
from infra.local.host.callers import is_foreign, is_management
from infra.local.host.durable.api import DurableApi, lower_path_words
from infra.local.host.durable.clock import EngineClock
from infra.local.host.durable.engine import Engine
from infra.local.host.durable.store import Store
from infra.local.host.functions import FunctionApp, HostError, load
from infra.local.host.http import HttpFunctions
from infra.local.host.invocation import Invoker, thread_count
from infra.local.host.precedence import Precedence
from infra.local.host.protocol import KestrelProtocol
from infra.local.host.replacement import inherited_socket, replacement
from infra.local.host.timeouts import Watchdog, function_timeout
from infra.local.host.timers import TimerFunctions
from infra.local.host.urls import resolve_dots
from infra.local.serving import end_with_parent, take_port

log = logging.getLogger("host")

_ALLOWED_HEADERS = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
)

_REFUSAL = PlainTextResponse(
    "This is for programs on this machine: no pages of other origins, no names but localhost.", 403
)


@dataclass
class Host:
    """A loaded app with everything that serves it."""

    app: FunctionApp
    engine: Engine
    api: DurableApi
    http: HttpFunctions
    blobs: BlobFunctions
    timers: TimerFunctions
    invoker: Invoker
    address: str

    def asgi(self) -> ASGIApp:
        """The HTTP side: the Durable API, then the app's functions."""

        @contextlib.asynccontextmanager
        async def running(_: Starlette) -> AsyncIterator[None]:
            self.engine.start()
            self.timers.start()
            self.blobs.start()
            yield
            await self.blobs.stop()
            await self.timers.stop()
            await self.engine.stop()
            self.engine.store.close()
            self.invoker.close()

        served = Starlette(
            routes=[*self.api.routes(), event_grid.event_grid_route(self.blobs.accept)],
            middleware=_cors(self.app),
            exception_handlers={404: _not_found, 405: _not_found},
            lifespan=running,
        )

        # No Mount: its pattern leaves out paths with an encoded line break.
        served.router.default = self.http
        served.router.redirect_slashes = False

        bodies = Bodies()

        async def enter(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await served(scope, receive, send)
                return
            path = resolve_dots(scope["raw_path"].decode("ascii"))
            scope["raw_path"] = path.encode("ascii")
            scope["path"] = _folded(unquote(path))
            is_own = is_management(scope["path"])
            answering = _REFUSAL if is_own and is_foreign(scope, self.address) else served
            max_bytes = MAX_MANAGEMENT_BYTES if is_own else MAX_BODY_BYTES
            with bodies.bound(scope, receive, max_bytes) as bounded:
                await answering(scope, bounded, send)

        return enter


def build(
    folder: Path, state: Path, origin: str, cors: list[str], replace: Callable[[str], None]
) -> Host:
    """Load the app in `folder` and prepare to serve it at `origin` with its state in `state`.

    `cors` are origins beside those of the app's local.settings.json; `replace` is called with a
    reason when all that runs must be ended.

    Raises HostError for what the local host cannot serve.
    """
    app = load(folder)
    app.cors.extend(cors)
    turns = _limit(app, "maxConcurrentOrchestratorFunctions")
    activities = _limit(app, "maxConcurrentActivityFunctions")
    invoker = Invoker(
        str(folder),
        lambda function: api.client_binding(function.client_hub),
        thread_count(),
        Watchdog(function_timeout(app.host), replace),
    )
    precedence = Precedence()
    engine = Engine(
        Store(state / "durable.sqlite"),
        app.of_kind("orchestrationTrigger"),
        app.of_kind("activityTrigger"),
        invoker,
        turns,
        activities,
        EngineClock(),
        precedence,
    )
    api = DurableApi(engine, app.hub, origin, app.default_version)
    blobs = BlobFunctions(app.of_kind("blobTrigger"), invoker, state / "blobs.sqlite")
    timers = TimerFunctions(app.of_kind("timerTrigger"), invoker)
    http = HttpFunctions(app, invoker, replace, precedence)
    address = urlsplit(origin).hostname or ""
    return Host(app, engine, api, http, blobs, timers, invoker, address)


def lock_state(state: Path) -> IO[str]:
    """Hold the state folder for this process; the lock ends with it.

    Raises HostError when another host holds it: two engines on one history would run things twice.
    """
    state.mkdir(parents=True, exist_ok=True)
    lock = (state / "host.lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise HostError(f"The state folder {state} is in use by another host.") from error
    return lock


def serve(folder: Path, address: str, port: int, state: Path, cors: list[str]) -> None:
    """Serve the app until SIGINT or SIGTERM. Raises HostError or PortTakenError at start."""
    end_with_parent()
    held = lock_state(state)
    # before the slow import of the app
    taken = inherited_socket() or take_port(port, "host", address)
    try:
        origin = f"http://{address}:{taken.getsockname()[1]}"
        host = build(folder, state, origin, cors, replacement(taken))
        for line in host.http.describe():
            log.info("%s", line)
        log.info("serving %s at %s", folder, origin)
        config = uvicorn.Config(
            host.asgi(),
            http=KestrelProtocol,
            ws="none",
            log_config=None,
            access_log=False,
            lifespan="on",
            proxy_headers=False,  # The address is the connection's, not what a client wrote.
            timeout_graceful_shutdown=1,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises the signal again once it has shut down: end then, well, and without
            # waiting for the threads of activities that are blocked.
            signal.signal(number, lambda *_: os._exit(0))
        uvicorn.Server(config).run(sockets=[taken])
    finally:
        taken.close()
        held.close()


def _folded(path: str) -> str:
    """The path with the host's own words in lower case."""
    own = path.rstrip("/").lower()
    return own if own == event_grid.PATH else lower_path_words(path)


def _limit(app: FunctionApp, name: str) -> int:
    return int(app.durable.get(name, 10 * (os.cpu_count() or 1)))


def _cors(app: FunctionApp) -> list[Middleware]:
    if not app.cors:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=app.cors,
            allow_methods=["*"],
            allow_headers=list(_ALLOWED_HEADERS),
            allow_credentials=app.cors_credentials,
            expose_headers=["ETag", "Location", "Retry-After"],
        )
    ]


async def _not_found(_: Request, __: Exception) -> Response:
    return Response(status_code=404)
