"""How often signing in has failed lately from an address, and who has to wait there.

A row for each address holds its failures with whose they were: nobody can keep the owner of a name
out at another address. They lie in tables, so they outlive a restart and are the same for all
processes. Each is written under the ETag of its row, and of the user's row; a success under that of
the user's row, which was read before: however many guesses arrive at once, no more than the limit
get an answer.
"""

import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.accounts.rows import address_key, row
from shared.clients.tables import Row, Table, Verb, Write
from shared.errors import TooMany
from shared.models import rfc3339
from shared.storage.keys import USERS

WINDOW = timedelta(minutes=15)
MAX_BY_NAME = 10
MAX_BY_ADDRESS = 100
MAX_WAIT = timedelta(hours=4)
"""The first wait for a name lasts as long as the window, each further one twice the last."""
FORGET_AFTER = timedelta(hours=4)
"""Who has not had to wait for so long begins anew. As an address gets so many answers, no more than
some hundred waits are known of it, which fit into a column."""

_NOWHERE = ""
"""Where the platform does not say from where a request comes, all come from one place."""


@dataclass(frozen=True, slots=True)
class Failures:
    """What is known of an address: the failures with whose they were, and of whom had to wait there
    until when, in Unix seconds, and how often in a row."""

    key: str
    found: Row | None

    def check(self, whose: str, moment: datetime) -> None:
        """Raises TooMany."""
        until = max(self._waits(moment).get(whose, (0.0, 0))[0], self._end_for_all(moment))
        wait = math.ceil(until - moment.timestamp())
        if wait > 0:
            raise TooMany("Signing in has failed too often; please try again later.", wait)

    def of(self, whose: str, moment: datetime) -> int:
        """How often it has failed for somebody within the window."""
        return sum(one == whose for _, one in self._recent(moment))

    def count(self, whose: str, moment: datetime) -> Write:
        """The write that counts one failure more."""
        now = round(moment.timestamp(), 3)
        recent, waits = [*self._recent(moment), (now, whose)], self._waits(moment)
        if self.of(whose, moment) + 1 >= MAX_BY_NAME:
            times = waits[whose][1] + 1 if whose in waits else 1
            wait = min(WINDOW * 2 ** (times - 1), MAX_WAIT)
            waits[whose] = (now + wait.total_seconds(), times)
        ends = [now + WINDOW.total_seconds()]
        ends += [until + FORGET_AFTER.total_seconds() for until, _ in waits.values()]
        values = {
            "guesses": json.dumps(recent[-MAX_BY_ADDRESS:]),
            "waits": json.dumps(waits),
            "expires_at": rfc3339(datetime.fromtimestamp(max(ends), moment.tzinfo)),
        }
        if self.found is None:
            return Write(Verb.INSERT, row(self.key, values))
        return Write(Verb.MERGE, row(self.key, values), self.found.etag)

    def _end_for_all(self, moment: datetime) -> float:
        """Until when nobody is heard here."""
        recent = self._recent(moment)
        if len(recent) < MAX_BY_ADDRESS:
            return 0.0
        return recent[-MAX_BY_ADDRESS][0] + WINDOW.total_seconds()

    def _recent(self, moment: datetime) -> list[tuple[float, str]]:
        since = (moment - WINDOW).timestamp()
        return [(at, whose) for at, whose in self._load("guesses", "[]") if at > since]

    def _waits(self, moment: datetime) -> dict[str, tuple[float, int]]:
        since = (moment - FORGET_AFTER).timestamp()
        known = self._load("waits", "{}").items()
        return {whose: (until, times) for whose, (until, times) in known if until > since}

    def _load(self, column: str, nothing: str) -> Any:
        """Older versions counted in other columns of the row."""
        return json.loads(self.found.values.get(column) or nothing if self.found else nothing)


async def read_failures(table: Table, address: str | None) -> Failures:
    """What is known of an address: one point read."""
    key = address_key(address or _NOWHERE)
    return Failures(key, await table.read(USERS, key))
