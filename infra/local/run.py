"""`make run`: everything the app runs on without Azure, started together and stopped together.

Each part is a child process on a port of its own, counted from the host's. A stand-in is left out
when its setting in the environment points elsewhere. What is written to `ready.json` is what a
program needs to use the running app.
"""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx2
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient

from infra.local.azurite import Azurite, Ports
from infra.local.github import API
from infra.local.host.server import lock_state
from infra.local.serving import HOST, PARENT_PIPE, PartError, take_port
from infra.local.webpubsub import connection_string

ROOT = Path(__file__).parents[2]
ADMIN_EMAIL = "admin@example.com"
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02

Printer = Callable[[str], None]


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
    admin_email: str
    admin_password: str
    pid: int


@dataclass(frozen=True)
class Secrets:
    """What is made up for a state folder and kept there, so that a restart knows its users."""

    secret_key: str
    admin_password: str
    webpubsub_key: str

    @classmethod
    def of(cls, state: Path) -> "Secrets":
        """Those of the folder, made at its first use, readable by its owner only."""
        path = state / "secrets.json"
        if not path.exists():
            made = cls(secrets.token_hex(32), secrets.token_urlsafe(12), secrets.token_hex(32))
            partial = path.with_suffix(".new")
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                json.dump(asdict(made), file)
            partial.replace(path)
        return cls(**json.loads(path.read_text()))


class Part:
    """A child process whose output is printed line by line under its name."""

    def __init__(self, name: str, arguments: list[str], env: dict[str, str], say: Printer) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **env, PARENT_PIPE: "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,  # Ctrl-C reaches only us, and we stop the parts in order
        )
        self._say = say
        self._last: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  it was asked for
        for line in self.process.stdout:
            self._last = [*self._last[-9:], line.rstrip()]
            self._say(f"{self.name:<10} {line.rstrip()}")

    def until_answering(self, url: str) -> None:
        """Return when `url` answers with success. Raises PartError."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self._reader.join(STOP_SECONDS)
                raise PartError(f"the {self.name} did not start:\n" + "\n".join(self._last))
            with suppress(httpx2.HTTPError):
                if httpx2.get(url, timeout=START_SECONDS).is_success:
                    return
            time.sleep(POLL_SECONDS)
        raise PartError(f"the {self.name} did not answer at {url} within {START_SECONDS:.0f} s")

    def stop(self) -> None:
        """End it in order, or by force if it does not."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


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
        partial = ready_file.with_suffix(".new")
        partial.write_text(json.dumps(asdict(ready), indent=2))
        partial.replace(ready_file)
        yield ready, parts


def _start_all(port: int, state: Path, say: Printer, stack: ExitStack) -> tuple[Ready, list[Part]]:
    own = Secrets.of(state)
    given = _given()
    take_port(port, "the app").close()
    parts: list[Part] = []

    def start(name: str, arguments: list[str], url: str, env: dict[str, str]) -> None:
        part = Part(name, arguments, env, say)
        stack.callback(part.stop)
        parts.append(part)
        part.until_answering(url)

    def stand_in(name: str, offset: int, path: str, *more: str) -> None:
        """Start the stand-in `infra.local.{name}` on a port of its own."""
        take_port(port + offset, f"the stand-in {name}").close()
        arguments = [f"infra.local.{name}", "--port", str(port + offset), *more]
        start(name, arguments, f"http://{HOST}:{port + offset}{path}", {})

    model = given.get("MODEL_BASE_URL") or given.get("AZURE_OPENAI_ENDPOINT")
    if not model:
        model = f"http://{HOST}:{port + 1}/v1"
        stand_in("model", 1, "/v1/models")
    realtime = given.get("WEBPUBSUB_CONNECTION_STRING") or given.get("WEBPUBSUB_ENDPOINT")
    if not realtime:
        realtime = connection_string(port + 2, own.webpubsub_key)
        stand_in("webpubsub", 2, "/api/health", "--key", own.webpubsub_key)
    storage = given.get("STORAGE_CONNECTION")
    if not storage:
        azurite = Azurite(state / "azurite", Ports(port + 3, port + 4, port + 5))
        stack.enter_context(azurite)
        storage = azurite.connection_string
        _make_container(storage)
    github = given.get("GITHUB_API_URL")
    if not github:
        github = f"http://{HOST}:{port + 6}{API}"
        stand_in("github", 6, f"{API}/meta", "--state", str(state / "reviews.json"))
    ready = _ready(
        port, given, own, storage=storage, webpubsub=realtime, model=model, github=github
    )
    values = _sample() | _made(ready, own) | given
    host = ["infra.local", "host", "--app", str(ROOT), "--port", str(port)]
    arguments = [*host, "--state", str(state / "host"), "--cors", values["ALLOWED_ORIGINS"]]
    start("app", arguments, f"{ready.api_url}/health", values)
    return ready, parts


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
        "BOOTSTRAP_ADMIN_EMAIL": ready.admin_email,
        "BOOTSTRAP_ADMIN_PASSWORD": ready.admin_password,
        "STORAGE_CONNECTION": ready.storage,
        "AzureWebJobsStorage": ready.storage,
        "MODEL_BASE_URL": ready.model,
        "GITHUB_API_URL": ready.github,
        # The stand-in takes any token for posting, but wants one, as GitHub does.
        "GITHUB_TOKEN": "local" if HOST in ready.github else "",
        f"WEBPUBSUB_{realtime}": ready.webpubsub,
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
  admin      {ready.admin_email}   password {ready.admin_password}

  All of this is also in {state / "ready.json"}. Ctrl-C stops everything.
"""
