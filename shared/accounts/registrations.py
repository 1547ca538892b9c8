"""How many accounts have been opened from an address lately. Tries count before they are answered,
whatever becomes of them: each costs a password's hash."""

import json
import math
from datetime import timedelta

from shared.accounts.rows import address_key, row
from shared.clients.tables import Table, Verb, Write
from shared.errors import TooMany
from shared.models import rfc3339
from shared.models.clock import Clock
from shared.storage.conflicts import retry_on_conflict
from shared.storage.keys import USERS

WINDOW = timedelta(hours=1)


class Registrations:
    """At most `limit` from an address within an hour, 0 for as many as there are."""

    def __init__(self, table: Table, limit: int, clock: Clock) -> None:
        self._table = table
        self._limit = limit
        self._clock = clock

    async def count(self, address: str | None) -> None:
        """Count one: two storage calls, none where the address is not known. Raises TooMany."""
        if address and self._limit:
            key = f"{address_key(address)}_registrations"
            await retry_on_conflict(lambda: self._count(key))

    async def _count(self, key: str) -> None:
        moment = self._clock.now()
        found = await self._table.read(USERS, key)
        known = json.loads(found.values["registrations"]) if found else []
        recent = [one for one in known if one > (moment - WINDOW).timestamp()]
        if len(recent) >= self._limit:
            wait = recent[-self._limit] + WINDOW.total_seconds() - moment.timestamp()
            raise TooMany(
                "Too many accounts have been opened from here; please try again later.",
                max(1, math.ceil(wait)),
            )
        values = {
            "registrations": json.dumps([*recent, round(moment.timestamp(), 3)]),
            "expires_at": rfc3339(moment + WINDOW),
        }
        verb = Verb.MERGE if found else Verb.INSERT
        await self._table.write([Write(verb, row(key, values), found.etag if found else "")])
