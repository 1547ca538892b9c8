"""The whole app on its local host, with storage and model under the test's control."""

import json
import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.process import POLL_SECONDS, ROOT, HostKind, HostProcess, wait_for
from tests.support.servers.model import ModelServer, model_server
from tests.support.servers.storage_proxy import StorageProxy, storage_proxy

SETTINGS = {
    "SECRET_KEY": "0123456789abcdef" * 4,
    "AUDIT_KEY": "audit" * 8,
    "AUDIT_DIGEST_SECONDS": "3600",
    "MODEL_TIMEOUT_SECONDS": "30",
    "MODEL_RETRY_SECONDS": "0.05",
    "MODEL_MAX_WAIT_SECONDS": "3",
    "SWEEP_SCHEDULE": "* * * * * *",
    "SWEEP_AFTER_SECONDS": "5",  # Storage has so long for a call, on a busy machine, too.
    "REGISTRATIONS_PER_ADDRESS": "0",
    "HTTPS_PROXY": "http://127.0.0.1:9",  # Nobody: what is not on this machine is not reached.
}
_APPS = {HostKind.LOCAL: ROOT, HostKind.REAL: ROOT / "tests/hosts/app"}
PASSWORD = "correct horse battery"
ENDED = ("completed", "failed", "cancelled")
JsonObject = dict[str, Any]


@dataclass
class RunningApp:
    """A running app; `api` is a client of it that carries Ada's token."""

    host: HostProcess
    storage: StorageProxy
    model: ModelServer
    api: httpx2.Client

    @property
    def _address(self) -> str:
        return f"{self.host.base_url}/api/v1"

    @property
    def durable(self) -> Durable:
        """The management API of the app's host."""
        return Durable(self.host)

    def log_in(self, username: str) -> httpx2.Client:
        """A client with the token of a user, who is registered where that is due."""
        new = {"email": f"{username}@example.com", "username": username, "password": PASSWORD}
        answer = httpx2.post(f"{self._address}/auth/register", json=new, timeout=60)
        assert answer.status_code in (201, 409), answer.text
        return self.sign_in(username)

    def sign_in(self, username: str) -> httpx2.Client:
        """A client with the token of a user who is there."""
        client = httpx2.Client(base_url=self._address, timeout=60)
        login = client.post("/auth/login", data={"username": username, "password": PASSWORD})
        assert login.status_code == 200, login.text
        client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        return client

    def open(self, **task_data: Any) -> JsonObject:
        """Post a custom ticket; fails unless it is created."""
        answer = self.api.post("/tickets", json=custom(**task_data))
        assert answer.status_code == 201, answer.text
        ticket: JsonObject = answer.json()
        return ticket

    def read(self, ticket_id: str) -> JsonObject:
        """The ticket as it is now."""
        answer = self.api.get(f"/tickets/{ticket_id}")
        assert answer.status_code == 200, answer.text
        ticket: JsonObject = answer.json()
        return ticket

    def with_client(self, api: httpx2.Client) -> "RunningApp":
        """The same app, asked by somebody else."""
        return replace(self, api=api)

    def until_ended(self, ticket_id: str, seconds: float = 60.0) -> JsonObject:
        """The ticket once it has ended; fails after `seconds`, showing it and the host's log."""
        last: JsonObject = {}

        def look() -> JsonObject | None:
            last.update(self.read(ticket_id))
            return last if last["status"] in ENDED else None

        try:
            return wait_for(look, f"ticket {ticket_id} to end", seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}\n{self.host.log[-4000:]}") from None

    def run(self, **task_data: Any) -> JsonObject:
        """Post a custom ticket and return it once it has ended."""
        return self.until_ended(self.open(**task_data)["id"])

    def storage_calls(self, act: Callable[[int], object]) -> int:
        """How many storage calls `act` takes: the least of a few, as a sweep may fall into one."""
        counts = []
        for number in range(6):
            self._wait_for_quiet()
            self.storage.reset()
            act(number)
            counts.append(len(self.storage.calls))
        return min(counts)

    def _wait_for_quiet(self) -> None:
        """Return when storage was not called for a moment, or is called all the time."""
        for _ in range(20):
            calls = len(self.storage.calls)
            time.sleep(POLL_SECONDS)
            if len(self.storage.calls) == calls:
                return

    def restart(self) -> None:
        """Start a killed host again, on another port."""
        self.host.restart()
        self.api.base_url = httpx2.URL(f"{self.host.base_url}/api/v1/")


def custom(**task_data: Any) -> JsonObject:
    """The body of a custom ticket."""
    data = {"task_description": "Say what the text is about.", **task_data}
    return {"title": "A test", "task_type": "custom", "task_data": data}


@contextmanager
def run_app(
    connection_string: str,
    folder: Path,
    kind: HostKind = HostKind.LOCAL,
    app: Path | None = None,
    /,
    **settings: str,
) -> Iterator[RunningApp]:
    """A running app over the storage of `connection_string`, its state below `folder`.

    The real host keeps its own state out of the proxy's reach: what a test does to storage is done
    to the app alone.
    """
    with storage_proxy(connection_string) as storage, model_server() as model:
        env = {
            **json.loads((ROOT / "local.settings.sample.json").read_text())["Values"],
            **SETTINGS,
            "STORAGE_CONNECTION": storage.connection_string,
            "AzureWebJobsStorage": connection_string,
            "MODEL_BASE_URL": model.base_url,
            **settings,
        }
        host = HostProcess(app or _APPS[kind], folder, env, kind)
        try:
            host.start()
            running_app = RunningApp(host, storage, model, httpx2.Client())
            # Several apps may run over one storage.
            running_app.api = running_app.log_in(f"ada-{uuid.uuid4().hex[:8]}")
            yield running_app
        finally:
            host.close()


def kill_now(pid: int) -> None:
    """kill -9, and return only when the process can do nothing any more."""
    os.kill(pid, signal.SIGKILL)
    stat = Path(f"/proc/{pid}/stat")
    deadline = time.monotonic() + 60
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < deadline, f"process {pid} survived SIGKILL"
