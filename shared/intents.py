"""Intents: a row for each ticket that has been asked for and whose workflow has not yet begun.

Written before the ticket, removed by the workflow's first step, so that a crash between storing and
starting leaves a trace in a place that costs one read to look at.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from shared.clients.tables import Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import rfc3339

_PARTITION = "intake"


@dataclass(frozen=True, slots=True)
class Intent:
    ticket_id: str
    created_at: datetime


class Intents:
    """The partition `intake` of the table `tickets`; owners' partitions have other names."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def add(self, ticket_id: str, moment: datetime) -> None:
        row = {"PartitionKey": _PARTITION, "RowKey": ticket_id, "created_at": rfc3339(moment)}
        with suppress(WriteConflict):  # The id is ours alone: an earlier try took effect.
            await self._table.write([Write(Verb.INSERT, row)])

    async def drop(self, ticket_id: str) -> None:
        await self._table.delete(_PARTITION, ticket_id)

    async def all(self) -> list[Intent]:
        """One storage call while there are few, which is nearly always."""
        rows = self._table.query(_PARTITION, "0", "g")
        return [
            Intent(row.key, datetime.fromisoformat(row.values["created_at"])) async for row in rows
        ]
