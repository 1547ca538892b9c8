"""`make run`: everything the app runs on without Azure, started together and stopped together.

Each part is a child process on a port of its own, counted from the app's; which services have
stand-ins is said by `services`. What is written to `ready.json` is what a program needs to use the
running app.
"""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from infra.local import ROOT
from infra.local.admin import admin_may_sign_in
from infra.local.azurite import Azurite, Ports
from infra.local.github import API
from infra.local.host.server import lock_state
from infra.local.part import Part, Parts, Printer
from infra.local.services import PORTS, Plan, Service, plan_services
from infra.local.serving import HOST, MAX_PORT, PartError, take_port
from infra.local.settings_file import read_json_object, read_local_settings
from infra.local.snowflake.environment import make
from infra.local.state import Secrets, write_private
from shared.errors import SettingsError
from shared.settings.certificates import check_certificates
from shared.settings.proxies import settle_proxies

_AZURITE = "azurite"
"""Its folder in the state."""
_AWAITED = {
    Service.SNOWFLAKE: "/health",
    Service.MODEL: "/v1/models",
    Service.REALTIME: "/api/health",
    Service.GITHUB: f"{API}/meta",
}
"""What a stand-in answers once it is there."""


@dataclass(frozen=True)
class Ready:
    """Where a running app is, as `ready.json` has it; `admin_password` is empty where the admin of
    the storage has another. `stand_ins` are the services that are none of yours."""

    base_url: str
    api_url: str
    docs: str
    storage: str
    webpubsub: str
    model: str
    github: str
    snowflake: str
    stand_ins: list[str]
    admin_email: str
    admin_password: str
    pid: int


@dataclass(frozen=True)
class Running:
    """A running copy of the app."""

    plan: Plan
    ready: Ready
    parts: list[Part]


@contextmanager
def running(port: int, state: Path, say: Printer) -> Iterator[Running]:
    """Start the app and its stand-ins on `port` and those after it; stop them at the end.

    Raises StartError.
    """
    last = MAX_PORT + 1 - PORTS
    if not 0 < port <= last:
        more = f"the app and its stand-ins have {PORTS} ports, from this one on"
        raise PartError(f"The port must be 1 to {last}, not {port}: {more}.")
    ready_file = state / "ready.json"
    with ExitStack() as stack:
        stack.enter_context(lock_state(state))
        ready_file.unlink(missing_ok=True)
        stack.callback(ready_file.unlink, missing_ok=True)
        plan = _plan(port, state)
        is_new = Service.STORAGE in plan.stand_ins and not (state / _AZURITE).exists()
        take_port(port, "the app").close()
        say(f"starting in {state}; this takes a few seconds")
        parts = Parts(say, stack)
        _start_stand_ins(plan, state, parts, stack)
        _start_app(plan, state, parts)
        ready = _describe(plan, knows_admin=is_new or admin_may_sign_in(plan.settings))
        write_private(ready_file, json.dumps(asdict(ready), indent=2))
        yield Running(plan, ready, parts.started)


def _plan(port: int, state: Path) -> Plan:
    """Raises StartError for settings that are missing or bad."""
    defaults = read_json_object(ROOT / "local.settings.sample.json").get("Values", {})
    try:
        settle_proxies(os.environ)
        check_certificates(os.environ)
        given = {**read_local_settings(ROOT).values, **os.environ}
        return plan_services(port, defaults, Secrets.of(state), given)
    except SettingsError as error:
        raise PartError(str(error)) from error


def _start_stand_ins(plan: Plan, state: Path, parts: Parts, stack: ExitStack) -> None:
    """All are started before any is waited for: the slowest takes seconds."""
    started = [
        (_start_stand_in(service, plan, state, parts), _AWAITED[service])
        for service in (Service.SNOWFLAKE, Service.MODEL, Service.REALTIME, Service.GITHUB)
        if service in plan.stand_ins
    ]
    if Service.STORAGE in plan.stand_ins:
        first = plan.port_of(Service.STORAGE)
        stack.enter_context(Azurite(state / _AZURITE, Ports(first, first + 1, first + 2)))
        _make_container(plan.values["STORAGE_CONNECTION"])
    for (part, origin), path in started:
        part.until_answering(f"{origin}{path}")


def _start_stand_in(service: Service, plan: Plan, state: Path, parts: Parts) -> tuple[Part, str]:
    """The part, and where it is."""
    port = plan.port_of(service)
    match service:
        case Service.SNOWFLAKE:
            part = parts.stand_in("snowflake", port, python=str(make()))
        case Service.REALTIME:
            events = f"http://{HOST}:{plan.port}/api/v1/ws/events"
            key = plan.own.webpubsub_key
            part = parts.stand_in("webpubsub", port, "--key", key, "--event-handler", events)
        case Service.GITHUB:
            part = parts.stand_in("github", port, "--state", str(state / "reviews.json"))
        case _:
            part = parts.stand_in(str(service), port)
    return part, f"http://{HOST}:{port}"


def _start_app(plan: Plan, state: Path, parts: Parts) -> None:
    host = ["infra.local", "host", "--app", str(ROOT), "--port", str(plan.port)]
    arguments = [
        *host,
        "--state",
        str(state / "host"),
        "--cors",
        plan.values.get("ALLOWED_ORIGINS", ""),
    ]
    app = parts.start("app", arguments, plan.values)
    app.until_answering(f"http://{HOST}:{plan.port}/api/v1/health")


def _make_container(storage: str) -> None:
    """What people drop files into, as a deployment makes it, too."""
    with (
        BlobServiceClient.from_connection_string(storage) as service,
        suppress(ResourceExistsError),
    ):
        service.create_container("uploads")


def _describe(plan: Plan, *, knows_admin: bool) -> Ready:
    base_url, values = f"http://{HOST}:{plan.port}", plan.values
    admin = plan.settings.accounts.bootstrap
    return Ready(
        base_url=base_url,
        api_url=f"{base_url}/api/v1",
        docs=f"{base_url}/api/v1/docs",
        storage=values.get("STORAGE_CONNECTION", plan.settings.storage.blob_uri),
        webpubsub=values.get("WEBPUBSUB_CONNECTION_STRING", plan.settings.realtime.endpoint),
        model=plan.settings.model.base_url,
        github=plan.settings.github.api_url,
        snowflake=values.get("SNOWFLAKE_MCP_URL", plan.find_address(Service.SNOWFLAKE)),
        stand_ins=sorted(plan.stand_ins),
        admin_email=admin.email,
        admin_password=admin.password if knows_admin else "",
        pid=os.getpid(),
    )


def run(port: int, state: Path) -> None:
    """Run until SIGINT or SIGTERM. Raises as `running`, and PartError when a part ends."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with running(port, state, lambda line: print(line, flush=True)) as copy:
        print(_welcome(copy, state), flush=True)
        while not stop.wait(0.2):
            for part in copy.parts:
                if part.process.poll() is not None:
                    raise PartError(f"the {part.name} ended with {part.process.returncode}")
        print("stopping", flush=True)


def _welcome(copy: Running, state: Path) -> str:
    ready = copy.ready
    services = "\n  ".join(copy.plan.describe())
    return f"""
  Amida AI Ticket Orchestrator is running.

  console    {ready.api_url}/console
  docs       {ready.docs}
  API        {ready.api_url}
  admin      {ready.admin_email}   {_hint_password(copy)}

  {services}

  All of this is also in {state / "ready.json"}. Ctrl-C stops everything.
"""


def _hint_password(copy: Running) -> str:
    password = copy.ready.admin_password
    if not password:
        return "with the password that this storage knows"
    if password != copy.plan.own.admin_password:
        return "with BOOTSTRAP_ADMIN_PASSWORD"
    return f"password {password}"
