"""What the store keeps: instances, owed activity runs, timers; and how instances are picked."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from infra.local.host.durable.events import timestamp


class Status(StrEnum):
    """runtimeStatus of an instance, as the management API spells it."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    COMPLETED = "Completed"
    FAILED = "Failed"
    TERMINATED = "Terminated"

    @property
    def finished(self) -> bool:
        """Whether nothing more will happen to the instance by itself."""
        return self in FINISHED


FINISHED = (Status.COMPLETED, Status.FAILED, Status.TERMINATED)


@dataclass(frozen=True)
class Instance:
    """One orchestration instance; `input`, `custom_status` and `output` are JSON text."""

    serial: int
    id: str
    execution: str
    name: str
    version: str | None
    input: str | None
    status: Status
    custom_status: str | None
    output: str | None
    created: str
    updated: str
    parent: str | None
    parent_execution: str | None
    parent_number: int | None


@dataclass(frozen=True)
class Task:
    """An activity run that is owed: `input` is JSON text."""

    instance: str
    execution: str
    number: int
    name: str
    input: str


@dataclass(frozen=True)
class Timer:
    """A timer that has not fired: `fire_at` is a timestamp as the SDK wrote it, `due` the time at
    which it fires."""

    instance: str
    execution: str
    number: int
    fire_at: str
    due: str


@dataclass(frozen=True)
class Filter:
    """Which instances a query or purge means; times are timestamps, `None` no bound."""

    prefix: str = ""
    created_from: datetime | None = None
    created_to: datetime | None = None
    statuses: tuple[Status, ...] = ()

    def sql(self) -> tuple[str, list[Any]]:
        """The where clause and its parameters."""
        terms, values = ["substr(id, 1, ?) = ?"], [len(self.prefix), self.prefix]
        if self.created_from:
            terms.append("created >= ?")
            values.append(timestamp(self.created_from))
        if self.created_to:
            terms.append("created <= ?")
            values.append(timestamp(self.created_to))
        if self.statuses:
            terms.append(f"status in ({','.join('?' * len(self.statuses))})")
            values.extend(self.statuses)
        return " and ".join(terms), values
