"""What the engine must not forget, in SQLite: instances, history, inbox, tasks and timers.

Every change is one transaction, committed before anything acts on it. The file is in WAL mode with
`synchronous=NORMAL`: a killed process loses nothing; a power cut may lose the last moments, never
the file's consistency.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from infra.local.host.durable.events import Event, EventType, timestamp, utc_now
from infra.local.host.durable.records import Filter, Instance, Status, Task, Timer
from infra.local.host.functions import HostError

RETRY_SECONDS = 1.0
"""How long to wait after a write was refused, for example because the disk is full."""

SCHEMA = """
create table if not exists instances (
    serial integer primary key autoincrement, id text not null unique, execution text not null,
    name text not null, version text, input text, status text not null, custom_status text,
    output text, created text not null, updated text not null,
    parent text, parent_execution text, parent_number integer
);
create index if not exists unfinished on instances (status);
create table if not exists history (
    instance text not null, position integer not null, type integer not null,
    number integer not null, ref integer, name text, event text not null,
    primary key (instance, position)
) without rowid;
create table if not exists inbox (
    serial integer primary key autoincrement, instance text not null, execution text,
    type integer not null, number integer not null, ref integer, name text, event text not null
);
create index if not exists inbox_of on inbox (instance);
create table if not exists tasks (
    instance text not null, execution text not null, number integer not null,
    name text not null, input text not null, primary key (instance, execution, number)
) without rowid;
create table if not exists timers (
    instance text not null, execution text not null, number integer not null,
    fire_at text not null, due text not null, primary key (instance, execution, number)
) without rowid;
"""
SCHEMA_VERSION = 2


class Store:
    """The tables. Used from one thread; open a `transaction` around every change."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._check_version(path)
        self._db.executescript(f"{SCHEMA} pragma user_version = {SCHEMA_VERSION};")

    def _check_version(self, path: Path) -> None:
        (version,) = self._db.execute("pragma user_version").fetchone()
        (tables,) = self._db.execute("select count(*) from sqlite_master").fetchone()
        if tables and version != SCHEMA_VERSION:
            raise HostError(f"{path} was written by another version of the host: remove it.")

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: rolled back if the block raises, committed when it ends."""
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise

    # instances

    def instance(self, instance_id: str) -> Instance | None:
        """The instance, or None."""
        row = self._db.execute("select * from instances where id = ?", (instance_id,)).fetchone()
        return _instance(row) if row else None

    def instances(self, wanted: Filter, first: str = "", top: int = -1) -> list[Instance]:
        """Those that `wanted` means with ids from `first` on, by id, at most `top`."""
        where, values = wanted.sql()
        rows = self._db.execute(
            f"select * from instances where id >= ? and {where} order by id limit ?",  # noqa: S608
            (first, *values, top),
        )
        return [_instance(row) for row in rows]

    def create(
        self,
        instance_id: str,
        execution: str,
        start: Event,
        input_json: str | None,
        version: str | None = None,
        parent: tuple[str, str, int] | None = None,
    ) -> None:
        """A new instance with `start` in its inbox, in place of a finished one of that id."""
        self.forget(instance_id)
        now = timestamp(utc_now())
        self._db.execute(
            "insert into instances (id, execution, name, version, input, status, created, updated,"
            " parent, parent_execution, parent_number) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(instance_id, execution, start.name, version, input_json, Status.PENDING),
                *(now, now, *(parent or (None, None, None))),
            ),
        )
        self.send(instance_id, execution, start)

    def update(self, instance_id: str, **columns: str | None) -> None:
        """Set columns of an instance, and its `updated`."""
        names = ", ".join(f"{name} = ?" for name in columns)
        self._db.execute(
            f"update instances set {names}, updated = ? where id = ?",  # noqa: S608
            (*columns.values(), timestamp(utc_now()), instance_id),
        )

    def forget(self, instance_id: str) -> None:
        """Remove an instance and all that belongs to it."""
        self._db.execute("delete from instances where id = ?", (instance_id,))
        self.drop_inbox(instance_id)
        self.drop_generation(instance_id)

    def drop_inbox(self, instance_id: str) -> None:
        """Remove what an instance has not read."""
        self._db.execute("delete from inbox where instance = ?", (instance_id,))

    def drop_generation(self, instance_id: str) -> None:
        """Remove the history of the present generation, and what it still waits for."""
        self._db.execute("delete from history where instance = ?", (instance_id,))
        self.drop_outstanding(instance_id)

    def drop_outstanding(self, instance_id: str) -> None:
        """Remove the owed activity runs and timers of an instance."""
        self._db.execute("delete from tasks where instance = ?", (instance_id,))
        self._db.execute("delete from timers where instance = ?", (instance_id,))

    # history and inbox

    def history(self, instance_id: str) -> list[Event]:
        """All events of the present generation, in order."""
        rows = self._db.execute(
            "select type, number, ref, name, event from history where instance = ?"
            " order by position",
            (instance_id,),
        )
        return [Event(EventType(kind), *rest) for kind, *rest in rows]

    def append(self, instance_id: str, events: Iterable[Event]) -> None:
        """Add events to the end of a history."""
        (end,) = self._db.execute(
            "select coalesce(max(position), -1) + 1 from history where instance = ?",
            (instance_id,),
        ).fetchone()
        self._db.executemany(
            "insert into history values (?, ?, ?, ?, ?, ?, ?)",
            ((instance_id, end + i, *event) for i, event in enumerate(events)),
        )

    def replace_history(self, instance_id: str, events: Iterable[Event]) -> None:
        """Put `events` in place of the history."""
        self._db.execute("delete from history where instance = ?", (instance_id,))
        self.append(instance_id, events)

    def send(self, instance_id: str, execution: str | None, event: Event) -> None:
        """Put an event into an inbox; `execution` None reaches any generation."""
        self._db.execute(
            "insert into inbox (instance, execution, type, number, ref, name, event)"
            " values (?, ?, ?, ?, ?, ?, ?)",
            (instance_id, execution, *event),
        )

    def send_before_others(self, instance_id: str, execution: str, events: list[Event]) -> None:
        """Put events of a new generation into an inbox, before what is in there."""
        others = self._db.execute(
            "delete from inbox where instance = ? returning serial, execution, type, number, ref,"
            " name, event",
            (instance_id,),
        ).fetchall()
        for event in events:
            self.send(instance_id, execution, event)
        for _, meant_for, kind, *rest in sorted(others):
            self.send(instance_id, meant_for, Event(EventType(kind), *rest))

    def inbox(self, instance: Instance, after: int = 0) -> tuple[int, list[Event]]:
        """The inbox's last serial, and the events above `after` meant for this generation."""
        rows = self._db.execute(
            "select serial, execution, type, number, ref, name, event from inbox"
            " where instance = ? and serial > ? order by serial",
            (instance.id, after),
        ).fetchall()
        events = [
            Event(EventType(kind), *rest)
            for _, execution, kind, *rest in rows
            if execution in (None, instance.execution)
        ]
        return (rows[-1][0] if rows else after), events

    def consume(self, instance_id: str, last: int) -> None:
        """Remove what `inbox` gave out."""
        self._db.execute(
            "delete from inbox where instance = ? and serial <= ?", (instance_id, last)
        )

    def awaiting_turn(self) -> list[str]:
        """Ids of unfinished instances with something in the inbox."""
        rows = self._db.execute(
            "select distinct instance from inbox join instances on instances.id = inbox.instance"
            " where status in (?, ?, ?)",
            (Status.PENDING, Status.RUNNING, Status.SUSPENDED),
        )
        return [instance for (instance,) in rows]

    # activities and timers

    def add_task(self, task: Task) -> None:
        """Note an activity run that is owed."""
        self._db.execute(
            "insert into tasks values (?, ?, ?, ?, ?)",
            (task.instance, task.execution, task.number, task.name, task.input),
        )

    def tasks(self) -> list[Task]:
        """Every owed activity run."""
        return [Task(*row) for row in self._db.execute("select * from tasks")]

    def complete_task(self, task: Task, answer: Event) -> bool:
        """Answer an activity run; False if nobody waits for it any more."""
        return self._settle("tasks", task, answer)

    def add_timer(self, timer: Timer) -> None:
        """Note a timer."""
        self._db.execute(
            "insert into timers values (?, ?, ?, ?, ?)",
            (timer.instance, timer.execution, timer.number, timer.fire_at, timer.due),
        )

    def timers(self) -> list[Timer]:
        """Every timer that has not fired."""
        return [Timer(*row) for row in self._db.execute("select * from timers")]

    def cancel_timer(self, instance_id: str, number: int) -> None:
        """Forget a timer the orchestrator gave up."""
        self._db.execute(
            "delete from timers where instance = ? and number = ?", (instance_id, number)
        )

    def fire_timer(self, timer: Timer, fired: Event) -> bool:
        """Let a timer fire; False if it was cancelled or fired before."""
        return self._settle("timers", timer, fired)

    def _settle(self, table: str, owed: Task | Timer, answer: Event) -> bool:
        gone = self._db.execute(
            f"delete from {table} where instance = ? and execution = ? and number = ?",  # noqa: S608
            (owed.instance, owed.execution, owed.number),
        )
        if gone.rowcount:
            self.send(owed.instance, owed.execution, answer)
        return bool(gone.rowcount)


_COLUMNS = [column.name for column in fields(Instance)]


def _instance(row: tuple[Any, ...]) -> Instance:
    columns = dict(zip(_COLUMNS, row, strict=True))
    return Instance(**columns | {"status": Status(columns["status"])})
