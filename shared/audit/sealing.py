"""Seals what was written without a key: how many events of each chain that were, and the hash of
the last, go into digests. What has no signature and lies behind the seal does not count.

The tables are gone through once, and once more a day later, when no host of an older version writes
without a key any more; where the first pass finds nothing, as in a new installation, no other
follows.
"""

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.audit.digests import Head, Heads, SealingState
from shared.audit.horizon import Checkpoint, Horizons
from shared.audit.keys import is_signed
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import WriteConflict
from shared.storage.keys import USERS

_MAX_PAGES = 50
_BETWEEN = timedelta(days=1)
_EVENT = re.compile(r"event_([0-9a-f]+)_([0-9]{6,9})")


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a step has found, and where the next goes on."""

    state: SealingState
    seals: Heads


class Sealing:
    """Goes through the tables that hold events, a bounded part at each step."""

    def __init__(self, tables: Sequence[Table], horizons: Horizons) -> None:
        self._tables = tables
        self._horizons = horizons

    def is_due(self, state: SealingState, moment: datetime) -> bool:
        if state.is_closed:
            return False
        is_between = state.sealed_at is not None and (state.table, state.token) == (0, "")
        return not is_between or moment >= state.sealed_at + _BETWEEN  # type: ignore[operator]

    async def take_step(self, state: SealingState, moment: datetime) -> Sealed:
        """A storage call for each thousand rows, at most 50 of them, and one for each horizon that
        has no signature yet."""
        seals: Heads = {}
        table, token = state.table, state.token
        for _ in range(_MAX_PAGES):
            rows, token = await self._tables[table].page(token)
            await self._look_at(rows, self._tables[table], seals)
            table += not token
            if table == len(self._tables):
                return Sealed(_end_pass(state, moment, has_found=bool(seals)), seals)
        found = state.has_found or bool(seals)
        place = {"table": table, "token": token, "has_found": found}
        return Sealed(state.model_copy(update=place), seals)

    async def _look_at(self, rows: Sequence[Row], table: Table, seals: Heads) -> None:
        """Add what has to be sealed to `seals`."""
        for row in rows:
            if place := _place(row):
                chain, head = place
                seals[chain] = [max([head, *seals.get(chain, ())])]
            elif row.key.startswith("horizon_"):
                await self._sign_horizon(table, row)

    async def _sign_horizon(self, table: Table, row: Row) -> None:
        """Sign a horizon that counts as it was found."""
        chain = row.key.removeprefix("horizon_")
        found = Checkpoint.of(row)
        partition = str(row.values["PartitionKey"])
        counts = self._horizons.accept(found, partition, chain, is_sealed=False)
        if is_signed(found.signature) or not counts.events:
            return
        values = self._horizons.write(partition, chain, found).values
        with suppress(WriteConflict):  # Retention was faster, and signs by itself.
            await table.write([Write(Verb.MERGE, values, row.etag)])


def _end_pass(state: SealingState, moment: datetime, *, has_found: bool) -> SealingState:
    """The state after a pass. One that found nothing, or the second, is the last."""
    found = state.has_found or has_found
    return SealingState(
        has_found=found,
        sealed_at=moment if found else None,
        is_closed=not found or state.sealed_at is not None,
    )


def _place(row: Row) -> tuple[str, Head] | None:
    """The chain of an event without a signature, and its number and hash; None for other rows."""
    found, event_hash = _EVENT.fullmatch(row.key), row.values.get("hash")
    if found is None or not isinstance(event_hash, str) or is_signed(event_hash):
        return None
    partition = str(row.values["PartitionKey"])
    chain = found[1] if partition == USERS else f"{partition}-{found[1]}"
    return chain, (int(found[2]), event_hash)
