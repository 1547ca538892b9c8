"""The Durable Functions HTTP API of a host, as the tests use it."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx2

from tests.support.hosts.process import HostKind, HostProcess, wait_for

BASE = "/runtime/webhooks/durabletask"
KEY = {"code": "local"}
"""What both kinds of host take for the key of the API, as parameters of a query."""
PATIENCE_SECONDS = {HostKind.LOCAL: 30.0, HostKind.REAL: 150.0}
"""How long a test waits for an instance: after a crash a real host gets its messages back late."""
FINISHED = ("Completed", "Failed", "Terminated")
JsonObject = dict[str, Any]


class Durable:
    """Starts instances on a host, looks at them and waits for them."""

    def __init__(self, host: HostProcess) -> None:
        self.host = host

    def get(self, path: str, **query: Any) -> httpx2.Response:
        """GET a path of the API."""
        return self.host.client.get(BASE + path, params=KEY | query)

    def post(self, path: str, body: Any = None, **query: Any) -> httpx2.Response:
        """POST to a path of the API; a `body` other than None goes as JSON."""
        return self.host.client.post(BASE + path, params=KEY | query, json=body)

    def delete(self, path: str, **query: Any) -> httpx2.Response:
        """DELETE a path of the API."""
        return self.host.client.delete(BASE + path, params=KEY | query)

    def start(self, name: str, input: Any = None, instance_id: str | None = None) -> str:  # noqa: A002
        """Start an instance as the SDK's client does and return its id; fails unless accepted."""
        body = None if input is None else json.dumps(input)
        answer = self.post(f"/orchestrators/{name}/{instance_id or new_id()}", body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def run(self, name: str, input: Any = None) -> JsonObject:  # noqa: A002
        """Start an instance and return its status once it has finished."""
        return self.wait(self.start(name, input))

    def status(self, instance_id: str, **query: Any) -> JsonObject:
        """The instance's status; fails when it is unknown."""
        answer = self.get(f"/instances/{instance_id}", **query)
        assert answer.status_code in (200, 202), f"{answer.status_code} {answer.text}"
        found: JsonObject = answer.json()
        return found

    def history(self, instance_id: str) -> list[JsonObject]:
        """All that the API shows of the instance's history."""
        status = self.status(instance_id, showHistory="true", showHistoryOutput="true")
        events: list[JsonObject] = status["historyEvents"]
        return events

    def wait(self, instance_id: str, *statuses: str, seconds: float | None = None) -> JsonObject:
        """The status once it is one of `statuses`, or finished when none are given."""
        wanted = statuses or FINISHED
        return self.wait_until(
            instance_id, lambda status: status["runtimeStatus"] in wanted, seconds=seconds
        )

    def wait_until(
        self,
        instance_id: str,
        fits: Callable[[JsonObject], bool],
        seconds: float | None = None,
    ) -> JsonObject:
        """The status once it fits; fails after `seconds`, showing the status as it is then."""
        last: JsonObject = {}

        def look() -> JsonObject | None:
            last.update(self.status(instance_id))
            return last if fits(last) else None

        try:
            patience = seconds or PATIENCE_SECONDS[self.host.kind]
            return wait_for(look, f"instance {instance_id}", patience)
        except AssertionError as error:
            raise AssertionError(f"{error}: {last}\n{self.host.log[-2000:]}") from None

    def start_waiting(self, name: str = "listener") -> str:
        """A new instance that has come to where it waits."""
        instance = self.start(name)
        self.wait_for_step(instance, "waiting")
        return instance

    def wait_for_step(self, instance_id: str, step: Any) -> JsonObject:
        """The status once `step` is the custom status."""
        return self.wait_until(instance_id, lambda status: bool(status["customStatus"] == step))

    def raise_event(self, instance_id: str, name: str, data: Any = None) -> None:
        """Raise an external event by a plain POST of its JSON; fails unless it is accepted."""
        answer = self.host.client.post(
            f"{BASE}/instances/{instance_id}/raiseEvent/{name}",
            params=KEY,
            content=json.dumps(data),
            headers={"content-type": "application/json"},
        )
        assert answer.status_code == 202, f"{answer.status_code} {answer.text}"

    def turns(self, instance_id: str) -> int:
        """How many turns of the instance the host has logged."""
        return sum(
            f"instance={instance_id} " in line and " task=" not in line
            for line in self.host.log.splitlines()
        )


def new_id() -> str:
    """An instance id nobody has."""
    return uuid.uuid4().hex
