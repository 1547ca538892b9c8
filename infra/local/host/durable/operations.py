"""What a client may do to instances: start, raise events, terminate, suspend, rewind, purge …

Each operation is one transaction. RefusedError carries the HTTP status the extension answers.
"""

import json
import uuid
from dataclasses import dataclass, replace
from typing import Any

from infra.local.host.durable import events
from infra.local.host.durable.engine import Engine
from infra.local.host.durable.events import Event, EventType
from infra.local.host.durable.records import Filter, Instance, Status
from infra.local.host.durable.rewind import without_failures

MAX_ID_LENGTH = 512
"""Of an instance id: the key of a row in Azure's tables has at most 1 KB of UTF-16."""


@dataclass
class RefusedError(Exception):
    """The operation is not possible: the HTTP status and the JSON of the body, None for no body."""

    status: int
    body: Any = None


def refused(status: int, message: str) -> RefusedError:
    """A refusal as the extension words most of them."""
    return RefusedError(status, {"Message": message})


def refused_with(status: int, message: str, why: str) -> RefusedError:
    """A refusal as the extension makes it of one of its exceptions."""
    return RefusedError(status, {"Message": message, "ExceptionMessage": why})


class Operations:
    """The client operations on the engine's instances."""

    def __init__(self, engine: Engine, default_version: str | None) -> None:
        self._engine = engine
        self._store = engine.store
        self._default_version = default_version

    def get(self, instance_id: str) -> Instance:
        """The instance. Raises RefusedError 404."""
        instance = self._store.instance(instance_id)
        if instance is None:
            raise RefusedError(404)
        return instance

    def query(self, wanted: Filter, first: str, top: int) -> list[Instance]:
        """Instances by filter, ordered by id, from the id `first` on."""
        return self._store.instances(wanted, first, top)

    def start(
        self, name: str, instance_id: str | None, input_json: str | None, version: str | None
    ) -> str:
        """Start an instance, over a finished one of that id too; returns its id.

        An unknown orchestrator is accepted, and its instance fails. Raises RefusedError 400 for an
        impossible id, 409 while one of that id has not finished.
        """
        new_id = _checked_id(instance_id or uuid.uuid4().hex)
        version = version or self._default_version
        with self._store.transaction():
            there = self._store.instance(new_id)
            if there is not None and not there.status.finished:
                raise refused(409, _already_exists(there))
            start = events.execution_started(name, input_json, version, self._generation(there))
            self._store.create(new_id, str(uuid.uuid4()), start, input_json, version)
        self._engine.begin(new_id)
        return new_id

    def raise_event(self, instance_id: str, name: str, input_json: str) -> None:
        """Send an external event. Raises RefusedError 404, or 410 when it has finished."""
        self._unfinished(instance_id)
        with self._store.transaction():
            self._store.send(instance_id, None, events.event_raised(name, input_json))
        self._engine.wake(instance_id)

    def terminate(self, instance_id: str, reason: str | None) -> None:
        """Tell an instance to end, which it does in a turn of its own a little later.

        What it runs goes on unheard, and so do its children.
        """
        self._unfinished(instance_id)
        with self._store.transaction():
            self._store.send(instance_id, None, events.execution_terminated(reason))
        self._engine.wake_to_terminate(instance_id)

    def suspend(self, instance_id: str, reason: str | None) -> None:
        """Keep an instance from progress; events wait in order. RefusedError 500 if suspended."""
        instance = self._unfinished(instance_id)
        if instance.status is Status.SUSPENDED:
            raise _not_now("suspend", instance)
        self._set_status(instance, Status.SUSPENDED, events.execution_suspended(reason), reason)

    def resume(self, instance_id: str, reason: str | None) -> None:
        """Let a suspended instance go on. RefusedError 500 if it is not suspended."""
        instance = self._unfinished(instance_id)
        if instance.status is not Status.SUSPENDED:
            raise _not_now("resume", instance)
        self._set_status(instance, Status.RUNNING, events.execution_resumed(reason), reason)
        self._engine.wake(instance_id)

    def restart(self, instance_id: str, with_new_id: bool) -> str:
        """Start the same orchestrator with the same input; returns the id it runs under.

        Raises RefusedError 400 for an unknown instance, 409 for the same id while it runs.
        """
        old = self._store.instance(instance_id)
        if old is None:
            raise refused_with(
                400,
                "InstanceId does not match a valid orchestration instance.",
                f"No instance with ID '{instance_id}' was found. (Parameter 'instanceId')",
            )
        if not with_new_id and not old.status.finished:
            text = "A non-terminal instance with this instance ID already exists."
            raise refused_with(409, text, _already_exists(old))
        return self.start(old.name, None if with_new_id else old.id, old.input, old.version)

    def rewind(self, instance_id: str, reason: str | None) -> None:
        """Run a failed instance again from before its failures. Raises RefusedError 404 or 412."""
        instance = self._store.instance(instance_id)
        if instance is None:
            raise RefusedError(404, f'No orchestration with instance ID "${instance_id}" found.')
        if instance.status is not Status.FAILED:
            raise RefusedError(
                412,
                f"This orchestration has status {instance.status}, but only orchestrations in the "
                '"Failed" state can be rewound.',
            )
        with self._store.transaction():
            woken = self._rewind(instance, reason)
        for each in woken:
            self._engine.wake(each)

    def purge(self, instance_id: str) -> None:
        """Remove a finished instance. Raises RefusedError 404, or 412 when it has not finished."""
        status = self.get(instance_id).status
        if not status.finished:
            raise RefusedError(
                412,
                "Only orchestrations in a terminal state can be purged, but the orchestration with "
                f"instance ID {instance_id} has status {status}",
            )
        with self._store.transaction():
            self._store.forget(instance_id)

    def purge_all(self, wanted: Filter) -> int:
        """Remove the instances that `wanted` means; returns how many.

        As in Azure: of its statuses only those of finished instances count, and where it names
        none of them it means every instance of the span, one that runs too.
        """
        statuses = tuple(status for status in wanted.statuses if status.finished)
        with self._store.transaction():
            found = self._store.instances(replace(wanted, statuses=statuses))
            for instance in found:
                self._store.forget(instance.id)
        return len(found)

    def _generation(self, former: Instance | None) -> int:
        """How many instances clients have started under the id of `former` before."""
        if former is None:
            return 0
        history = self._store.history(former.id)
        started = next(e for e in history if e.type is EventType.EXECUTION_STARTED)
        return int(json.loads(started.text)["Generation"] or 0) + 1

    def _unfinished(self, instance_id: str) -> Instance:
        instance = self.get(instance_id)
        if instance.status.finished:
            raise RefusedError(410)
        return instance

    def _set_status(
        self, instance: Instance, status: Status, event: Event, reason: str | None
    ) -> None:
        output = instance.output if reason is None else events.output_of(reason)
        with self._store.transaction():
            begun = bool(self._store.history(instance.id))
            if begun:  # not as a turn of its own: one may be under way, with an earlier clock
                self._store.append(instance.id, [event])
            pending = status is Status.RUNNING and not begun
            new = Status.PENDING if pending else status
            self._store.update(instance.id, status=new, output=output)

    def _rewind(self, instance: Instance, reason: str | None) -> list[str]:
        history, children = without_failures(self._store.history(instance.id))
        self._store.replace_history(instance.id, history)
        self._store.update(instance.id, status=Status.RUNNING, output=None)
        self._store.send(instance.id, instance.execution, events.generic(reason))
        woken = [instance.id]
        for child_id in children:
            child = self._store.instance(child_id)
            if child is not None and child.status is Status.FAILED:
                woken += self._rewind(child, reason)
        return woken


def _already_exists(instance: Instance) -> str:
    return f"An Orchestration instance with the status {instance.status} already exists."


def _not_now(what: str, instance: Instance) -> RefusedError:
    return refused_with(
        500,
        "Something went wrong while processing your request",
        f"Cannot {what} the orchestration instance {instance.id} because instance is in the "
        f"{instance.status} state.",
    )


def _checked_id(instance_id: str) -> str:
    if instance_id.isspace():
        raise refused(
            400,
            "The instance id is blank. In Azure it would be accepted, and nearly all other "
            "instances would stand still.",
        )
    if len(instance_id.encode("utf-16-le", "surrogatepass")) > 2 * MAX_ID_LENGTH:
        raise refused(
            400,
            f"The instance id has more than {MAX_ID_LENGTH} characters, which do not fit into the "
            "key of a row in Azure's tables.",
        )
    return instance_id
