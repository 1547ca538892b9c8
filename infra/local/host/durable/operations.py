"""What a client may do to instances: start, raise events, terminate, suspend, rewind, purge …

Each operation is one transaction. RefusedError carries the HTTP status the extension answers.
"""

import uuid
from dataclasses import dataclass, replace

from infra.local.host.durable import events
from infra.local.host.durable.engine import Engine
from infra.local.host.durable.events import Event
from infra.local.host.durable.records import Filter, Instance, Status
from infra.local.host.durable.rewind import without_failures
from infra.local.host.durable.settling import finish

FORBIDDEN_IN_ID = set("/\\#?")
LONGEST_ID = 256


@dataclass
class RefusedError(Exception):
    """The operation is not possible; without a message the answer has no body."""

    status: int
    message: str = ""


class Operations:
    """The client operations on the engine's instances."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._store = engine.store

    def get(self, instance_id: str) -> Instance:
        """The instance. Raises RefusedError 404."""
        instance = self._store.instance(instance_id)
        if instance is None:
            raise RefusedError(404)
        return instance

    def query(self, wanted: Filter, after: int, top: int) -> list[Instance]:
        """Instances by filter, oldest first; `after` is the serial of the page before's last."""
        return self._store.instances(wanted, after, top)

    def start(
        self, name: str, instance_id: str | None, input_json: str | None, version: str | None
    ) -> str:
        """Start an instance, over a finished one of that id too; returns its id.

        Raises RefusedError 400 for an unknown orchestrator or an impossible id, 409 while one of
        that id has not finished.
        """
        function = self._engine.orchestrators.get(name.casefold())
        if function is None:
            known = ", ".join(sorted(f.name for f in self._engine.orchestrators.values())) or "none"
            raise RefusedError(
                400,
                f"The function '{name}' doesn't exist, is disabled, or is not an orchestrator "
                f"function. Additional info: the orchestrators are: {known}.",
            )
        new_id = _checked_id(instance_id or uuid.uuid4().hex)
        with self._store.transaction():
            there = self._store.instance(new_id)
            if there is not None and not there.status.finished:
                raise RefusedError(
                    409,
                    f"An Orchestration instance with the status {there.status} already exists.",
                )
            start = events.execution_started(function.name, input_json, version)
            self._store.create(new_id, uuid.uuid4().hex, start, input_json, version)
        self._engine.wake(new_id)
        return new_id

    def raise_event(self, instance_id: str, name: str, input_json: str) -> None:
        """Send an external event. Raises RefusedError 404, or 410 when it has finished."""
        self._unfinished(instance_id)
        with self._store.transaction():
            self._store.send(instance_id, None, events.event_raised(name, input_json))
        self._engine.wake(instance_id)

    def terminate(self, instance_id: str, reason: str) -> None:
        """End an instance now; what it runs goes on unheard, and so do its children."""
        instance = self._unfinished(instance_id)
        with self._store.transaction():
            if self._store.history(instance_id):
                self._store.append(instance_id, [events.execution_terminated(reason)])
            finish(self._store, instance, Status.TERMINATED, events.encoded(reason))
        self._engine.announce(instance)

    def suspend(self, instance_id: str, reason: str) -> None:
        """Keep an instance from progress; events wait in order. RefusedError 500 if suspended."""
        instance = self._unfinished(instance_id)
        if instance.status is Status.SUSPENDED:
            raise RefusedError(500, f"The instance {instance_id} is suspended already.")
        self._set_status(instance, Status.SUSPENDED, events.execution_suspended(reason))

    def resume(self, instance_id: str, reason: str) -> None:
        """Let a suspended instance go on. RefusedError 500 if it is not suspended."""
        instance = self._unfinished(instance_id)
        if instance.status is not Status.SUSPENDED:
            raise RefusedError(500, f"The instance {instance_id} is not suspended.")
        self._set_status(instance, Status.RUNNING, events.execution_resumed(reason))
        self._engine.wake(instance_id)

    def restart(self, instance_id: str, with_new_id: bool) -> str:
        """Start the same orchestrator with the same input; returns the id it runs under.

        Raises RefusedError 400 for an unknown instance, 409 for the same id while it runs.
        """
        old = self._store.instance(instance_id)
        if old is None:
            raise RefusedError(
                400, f"An orchestrator with the instance id {instance_id} was not found."
            )
        return self.start(old.name, None if with_new_id else old.id, old.input, old.version)

    def rewind(self, instance_id: str, reason: str) -> None:
        """Run a failed instance again from before its failures. Raises RefusedError 404 or 412."""
        instance = self.get(instance_id)
        if instance.status is not Status.FAILED:
            raise RefusedError(412, "Only a failed orchestration instance can be rewound.")
        with self._store.transaction():
            woken = self._rewind(instance, reason)
        for each in woken:
            self._engine.wake(each)

    def purge(self, instance_id: str) -> None:
        """Remove a finished instance. Raises RefusedError 404, or 412 when it has not finished."""
        if not self.get(instance_id).status.finished:
            raise RefusedError(412, "Only a finished orchestration instance can be purged.")
        with self._store.transaction():
            self._store.forget(instance_id)

    def purge_all(self, wanted: Filter) -> int:
        """Remove the finished instances that `wanted` means; returns how many."""
        statuses = tuple(s for s in Status if s.finished and s in (wanted.statuses or Status))
        if not statuses:
            return 0
        with self._store.transaction():
            found = self._store.instances(replace(wanted, statuses=statuses))
            for instance in found:
                self._store.forget(instance.id)
        return len(found)

    def _unfinished(self, instance_id: str) -> Instance:
        instance = self.get(instance_id)
        if instance.status.finished:
            raise RefusedError(410)
        return instance

    def _set_status(self, instance: Instance, status: Status, event: Event) -> None:
        with self._store.transaction():
            begun = bool(self._store.history(instance.id))
            if begun:  # not as a turn of its own: one may be under way, with an earlier clock
                self._store.append(instance.id, [event])
            pending = status is Status.RUNNING and not begun
            self._store.update(instance.id, status=Status.PENDING if pending else status)

    def _rewind(self, instance: Instance, reason: str) -> list[str]:
        history, children = without_failures(self._store.history(instance.id))
        self._store.replace_history(instance.id, history)
        self._store.update(instance.id, status=Status.RUNNING, output=None)
        self._store.send(instance.id, instance.execution, events.generic(f"Rewound: {reason}"))
        woken = [instance.id]
        for child_id in children:
            child = self._store.instance(child_id)
            if child is not None and child.status is Status.FAILED:
                woken += self._rewind(child, reason)
        return woken


def _checked_id(instance_id: str) -> str:
    bad = FORBIDDEN_IN_ID & set(instance_id) or any(not c.isprintable() for c in instance_id)
    if bad or instance_id.startswith("@") or len(instance_id) > LONGEST_ID:
        raise RefusedError(
            400,
            "An instance id has at most 256 characters, does not begin with @ and holds no "
            "control characters and none of / \\ # ?.",
        )
    return instance_id
