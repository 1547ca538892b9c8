"""How often signing in has failed lately, by name and by address, and who has to wait.

The failures lie in tables, so they outlive a restart and are the same for all processes. Each is
written under the ETag of the name's row, and so is a success: however many guesses arrive at
once, no more than the limit get an answer.
"""

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.accounts.rows import NEVER, address_key, name_key, row
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import TooMany
from shared.models import rfc3339
from shared.storage.keys import USERS

WINDOW = timedelta(minutes=15)
MAX_BY_NAME = 10
MAX_BY_ADDRESS = 100


@dataclass(frozen=True, slots=True)
class Record:
    """The failures of one name or address, in Unix seconds, and the row that holds them."""

    key: str
    limit: int
    found: Row | None

    @property
    def user_id(self) -> str:
        """Whose name it is, "" for nobody's."""
        return str(self.found.values.get("user_id", "")) if self.found else ""

    def failures(self, moment: datetime) -> list[float]:
        """Those within the window."""
        known = json.loads(self.found.values.get("failures") or "[]") if self.found else []
        since = (moment - WINDOW).timestamp()
        return [one for one in known if one > since][-self.limit :]

    def wait(self, moment: datetime) -> int:
        """For how many seconds no further try is answered."""
        failures = self.failures(moment)
        if len(failures) < self.limit:
            return 0
        return max(1, math.ceil(failures[0] + WINDOW.total_seconds() - moment.timestamp()))

    def count_failure(self, moment: datetime) -> Write:
        """One failure more."""
        failures = [*self.failures(moment), round(moment.timestamp(), 3)][-self.limit :]
        values = {"failures": json.dumps(failures)}
        if not self.user_id:
            values |= {"user_id": "", "expires_at": rfc3339(moment + WINDOW)}
        if self.found is None:
            return Write(Verb.INSERT, row(self.key, values))
        return Write(Verb.MERGE, row(self.key, values), self.found.etag)

    def require_unchanged(self) -> tuple[Write, ...]:
        """A write that succeeds only if nobody has failed meanwhile."""
        if self.found is None:
            return ()
        return (Write(Verb.MERGE, row(self.key, {"expires_at": NEVER}), self.found.etag),)


@dataclass(frozen=True, slots=True)
class Door:
    """Somebody who wants in: the failures of the name, and of the address where it is known."""

    name: Record
    address: Record | None

    def check(self, moment: datetime) -> None:
        """Raises TooMany."""
        records = (self.name, self.address) if self.address else (self.name,)
        wait = max(record.wait(moment) for record in records)
        if wait:
            raise TooMany("Signing in has failed too often; please try again later.", wait)

    def count_failure(self, moment: datetime) -> Sequence[Write]:
        """The writes that count a failure."""
        writes = [self.name.count_failure(moment)]
        return [*writes, self.address.count_failure(moment)] if self.address else writes


async def read_door(table: Table, name: str, address: str | None) -> Door:
    """What is known about a name and an address: a point read each, side by side."""

    async def read(key: str, limit: int) -> Record:
        return Record(key, limit, await table.read(USERS, key))

    by_name = read(name_key(name), MAX_BY_NAME)
    if address is None:
        return Door(await by_name, None)
    return Door(*await asyncio.gather(by_name, read(address_key(address), MAX_BY_ADDRESS)))
