"""The deliveries of blobs to functions that are owed, in SQLite, and what the polling has seen.

As in Azure, where they are messages of a queue: each is tried up to five times, a try counts when
it begins, and what has failed goes to a queue of its own.
"""

import sqlite3
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from pathlib import Path

SCHEMA = """
create table if not exists seen (
    function text not null, container text not null, blob text not null, etag text not null,
    primary key (function, container, blob)
) without rowid;
create table if not exists deliveries (
    serial integer primary key, function text not null, container text not null,
    blob text not null, etag text not null, type text not null, polled integer not null,
    tries integer not null default 0
);
"""


@dataclass(frozen=True)
class BlobMessage:
    """That a blob is there. `polled` ones are of the version `etag` only."""

    function: str
    container: str
    blob: str
    etag: str
    type: str
    polled: bool

    @property
    def path(self) -> str:
        """Container and name."""
        return f"{self.container}/{self.blob}"


@dataclass(frozen=True)
class Delivery:
    """A message, under a number of its own, and how often it was tried."""

    serial: int
    message: BlobMessage
    tries: int


class BlobQueue:
    """The messages in the file at `path`; all raises sqlite3.Error when that cannot be used."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = normal")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def add(self, messages: Iterable[BlobMessage]) -> None:
        """Owe their deliveries, all of them or none."""
        with self._db:
            self._db.execute("begin")
            for message in messages:
                self._insert(message)

    def add_unseen(self, message: BlobMessage) -> bool:
        """Owe it, unless its version was seen before; whether it is new."""
        key = (message.function, message.container, message.blob)
        if self._seen(key) == message.etag:
            return False
        with self._db:
            self._db.execute("begin")
            self._db.execute(
                "insert or replace into seen values (?, ?, ?, ?)", (*key, message.etag)
            )
            self._insert(message)
        return True

    def owed(self) -> list[Delivery]:
        """All that are owed, in the order in which they came."""
        rows = self._db.execute(
            "select serial, tries, function, container, blob, etag, type, polled"
            " from deliveries order by serial"
        )
        return [
            Delivery(
                serial, BlobMessage(function, container, blob, etag, kind, bool(polled)), tries
            )
            for serial, tries, function, container, blob, etag, kind, polled in rows
        ]

    def count_try(self, delivery: Delivery) -> None:
        """Note that it is tried once more."""
        self._db.execute(
            "update deliveries set tries = tries + 1 where serial = ?", (delivery.serial,)
        )

    def remove(self, delivery: Delivery) -> None:
        """It is done with."""
        self._db.execute("delete from deliveries where serial = ?", (delivery.serial,))

    def _seen(self, key: tuple[str, str, str]) -> str | None:
        row = self._db.execute(
            "select etag from seen where function = ? and container = ? and blob = ?", key
        ).fetchone()
        return row[0] if row else None

    def _insert(self, message: BlobMessage) -> None:
        self._db.execute(
            "insert into deliveries (function, container, blob, etag, type, polled)"
            " values (?, ?, ?, ?, ?, ?)",
            astuple(message),
        )
