"""`make run`: everything the app runs on without Azure, started together and stopped together.

Each part is a child process on a port of its own, counted from the host's. A stand-in is left out
when its setting in the environment points elsewhere. What is written to `ready.json` is what a
program needs to use the running app.
"""

import json
import os
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from infra.local.azurite import Azurite, Ports
from infra.local.github import API, SAMPLE
from infra.local.host.server import lock_state
from infra.local.part import ROOT, Part, Parts, Printer
from infra.local.serving import HOST, PartError, take_port
from infra.local.snowflake import DATABASE, FINANCE_TOKEN, PATH, SALES_TOKEN, SEMANTIC_LAYER
from infra.local.snowflake.environment import make
from infra.local.webpubsub import connection_string

ADMIN_EMAIL = "admin@example.com"


@dataclass(frozen=True)
class Ready:
    """Where a running app is, as `ready.json` has it."""

    base_url: str
    api_url: str
    docs: str
    storage: str
    webpubsub: str
    model: str
    github: str
    snowflake: str
    admin_email: str
    admin_password: str
    pid: int


@dataclass(frozen=True)
class Secrets:
    """What is made up for a state folder and kept there, so that a restart knows its users."""

    secret_key: str
    admin_password: str
    webpubsub_key: str
    audit_key: str

    @classmethod
    def of(cls, state: Path) -> "Secrets":
        """Those of the folder, each made when it is first needed, readable by its owner only."""
        path = state / "secrets.json"
        kept = json.loads(path.read_text()) if path.exists() else {}
        made = {
            "secret_key": secrets.token_hex(32),
            "admin_password": secrets.token_urlsafe(12),
            "webpubsub_key": secrets.token_hex(32),
            "audit_key": secrets.token_hex(32),
        }
        own = cls(**made | kept)
        if asdict(own) != kept:
            _write_private(path, json.dumps(asdict(own)))
        return own


def _write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, at no time anybody else."""
    partial = path.with_suffix(".new")
    partial.unlink(missing_ok=True)  # One that a crash left has the mode that it was made with.
    opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(opened, "w") as file:
        file.write(text)
    partial.replace(path)


@contextmanager
def running(port: int, state: Path, say: Printer) -> Iterator[tuple[Ready, list[Part]]]:
    """Start the app and its stand-ins on `port` and those after it; stop them at the end.

    Raises PartError, PortTakenError, or HostError when another copy holds the state folder.
    """
    state.mkdir(parents=True, exist_ok=True)
    ready_file = state / "ready.json"
    with ExitStack() as stack:
        stack.enter_context(lock_state(state))
        ready_file.unlink(missing_ok=True)
        stack.callback(ready_file.unlink, missing_ok=True)
        ready, parts = _start_all(port, state, say, stack)
        _write_private(ready_file, json.dumps(asdict(ready), indent=2))
        yield ready, parts


def _start_all(port: int, state: Path, say: Printer, stack: ExitStack) -> tuple[Ready, list[Part]]:
    own = Secrets.of(state)
    given = _given()
    take_port(port, "the app").close()
    parts = Parts(port, say, stack)
    snowflake, until_warehouse = _start_warehouse(given, parts)
    model = given.get("MODEL_BASE_URL") or given.get("AZURE_OPENAI_ENDPOINT")
    if not model:
        model = f"http://{HOST}:{port + 1}/v1"
        parts.stand_in("model", 1).until_answering(f"{model}/models")
    realtime = given.get("WEBPUBSUB_CONNECTION_STRING") or given.get("WEBPUBSUB_ENDPOINT")
    if not realtime:
        realtime = connection_string(port + 2, own.webpubsub_key)
        events = f"http://{HOST}:{port}/api/v1/ws/events"
        key = ("--key", own.webpubsub_key)
        standing = parts.stand_in("webpubsub", 2, *key, "--event-handler", events)
        standing.until_answering(f"http://{HOST}:{port + 2}/api/health")
    storage = given.get("STORAGE_CONNECTION")
    if not storage:
        azurite = Azurite(state / "azurite", Ports(port + 3, port + 4, port + 5))
        stack.enter_context(azurite)
        storage = azurite.connection_string
        _make_container(storage)
    github = given.get("GITHUB_API_URL")
    if not github:
        github = f"http://{HOST}:{port + 6}{API}"
        standing = parts.stand_in("github", 6, "--state", str(state / "reviews.json"))
        standing.until_answering(f"{github}/meta")
    until_warehouse()
    services = {"storage": storage, "webpubsub": realtime, "model": model, "github": github}
    ready = _ready(port, given, own, snowflake=snowflake, **services)
    values = _sample() | _made(ready, own) | given
    host = ["infra.local", "host", "--app", str(ROOT), "--port", str(port)]
    arguments = [*host, "--state", str(state / "host"), "--cors", values["ALLOWED_ORIGINS"]]
    parts.start("app", arguments, values).until_answering(f"{ready.api_url}/health")
    return ready, parts.started


def _start_warehouse(given: dict[str, str], parts: Parts) -> tuple[str, Callable[[], None]]:
    """Where Snowflake is, and a wait until it answers: the stand-in takes seconds to start, which
    the others use."""
    names = ("SNOWFLAKE_MCP_URL", "SNOWFLAKE_MCP_COMMAND", "SNOWFLAKE_CONNECTIONS")
    elsewhere = next((given[name] for name in names if name in given), "")
    if elsewhere:
        return elsewhere, lambda: None
    origin = f"http://{HOST}:{parts.port + 7}"
    standing = parts.stand_in("snowflake", 7, python=str(make()))
    return f"{origin}{PATH}", lambda: standing.until_answering(f"{origin}/health")


def _make_container(storage: str) -> None:
    """What people drop files into, as a deployment makes it, too."""
    with (
        BlobServiceClient.from_connection_string(storage) as service,
        suppress(ResourceExistsError),
    ):
        service.create_container("uploads")


def _ready(port: int, given: dict[str, str], own: Secrets, **services: str) -> Ready:
    base_url = f"http://{HOST}:{port}"
    return Ready(
        base_url=base_url,
        api_url=f"{base_url}/api/v1",
        docs=f"{base_url}/api/v1/docs",
        admin_email=given.get("BOOTSTRAP_ADMIN_EMAIL", ADMIN_EMAIL),
        admin_password=given.get("BOOTSTRAP_ADMIN_PASSWORD", own.admin_password),
        pid=os.getpid(),
        **services,
    )


def _sample() -> dict[str, str]:
    """Every setting's default."""
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())
    return dict(sample["Values"])


def _given() -> dict[str, str]:
    """What the user has set: local.settings.json, and over it the environment."""
    path = ROOT / "local.settings.json"
    values = json.loads(path.read_text())["Values"] if path.exists() else {}
    return {name: value for name, value in {**values, **os.environ}.items() if value}


def _made(ready: Ready, own: Secrets) -> dict[str, str]:
    """The settings that point at what was started."""
    realtime = "CONNECTION_STRING" if ready.webpubsub.startswith("Endpoint=") else "ENDPOINT"
    return {
        "SECRET_KEY": own.secret_key,
        "AUDIT_KEY": own.audit_key,
        "BOOTSTRAP_ADMIN_EMAIL": ready.admin_email,
        "BOOTSTRAP_ADMIN_PASSWORD": ready.admin_password,
        "STORAGE_CONNECTION": ready.storage,
        "AzureWebJobsStorage": ready.storage,
        "MODEL_BASE_URL": ready.model,
        "GITHUB_API_URL": ready.github,
        # The stand-in takes any token for posting, but wants one, as GitHub does.
        "GITHUB_TOKEN": "local" if HOST in ready.github else "",
        "REVIEW_POSTING_REPOSITORIES": _posting_to_sample() if HOST in ready.github else "",
        f"WEBPUBSUB_{realtime}": ready.webpubsub,
        **(_made_snowflake(ready.snowflake) if HOST in ready.snowflake else {}),
    }


def _posting_to_sample() -> str:
    """Everybody may post reviews there."""
    return json.dumps({role: [SAMPLE] for role in ("user", "manager", "admin")})


def _made_snowflake(address: str) -> dict[str, str]:
    """Everybody may ask; the department Finance with a role of its own."""
    finance = {"address": address, "token": "SNOWFLAKE_TOKEN_FINANCE"}
    return {
        "SNOWFLAKE_MCP_URL": address,
        "SNOWFLAKE_MCP_TOKEN": SALES_TOKEN,
        "SNOWFLAKE_CONNECTIONS": json.dumps({"Finance": finance}),
        "SNOWFLAKE_TOKEN_FINANCE": FINANCE_TOKEN,
        "SNOWFLAKE_ALLOWED": "user,manager,admin",
        "SNOWFLAKE_DATABASES": DATABASE,
        "SNOWFLAKE_MODEL": str(SEMANTIC_LAYER),
    }


def run(port: int, state: Path) -> None:
    """Run until SIGINT or SIGTERM. Raises as `running`, and PartError when a part ends."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    print(f"starting in {state}; this takes a few seconds", flush=True)
    with running(port, state, lambda line: print(line, flush=True)) as (ready, parts):
        print(_welcome(ready, state), flush=True)
        while not stop.wait(0.2):
            for part in parts:
                if part.process.poll() is not None:
                    raise PartError(f"the {part.name} ended with {part.process.returncode}")
        print("stopping", flush=True)


def _welcome(ready: Ready, state: Path) -> str:
    return f"""
  Amida AI Ticket Orchestrator is running.

  API        {ready.api_url}
  model      {ready.model}
  realtime   {ready.webpubsub.partition(";")[0].removeprefix("Endpoint=")}
  storage    {ready.storage}
  GitHub     {ready.github}
  Snowflake  {ready.snowflake}
  admin      {ready.admin_email}   password {ready.admin_password}

  All of this is also in {state / "ready.json"}. Ctrl-C stops everything.
"""
