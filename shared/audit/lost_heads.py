"""Finds the heads that a process wrote down for the next digest and did not live to put into it: by
the copies of events by time."""

from datetime import datetime

from shared.audit.activity_hours import Activity
from shared.audit.chain import is_authentic
from shared.audit.digests import Heads
from shared.audit.keys import AuditKeys, is_signed
from shared.audit.rows import read_event
from shared.clients.side_by_side import gather_within
from shared.clients.tables import Row, Table
from shared.models import AuditEvent
from shared.storage.columns import log_key
from shared.storage.keys import USERS

_AT_ONCE = 16


class LostHeads:
    """Reads the tables `tickets` and `users`."""

    def __init__(self, *, ticket_table: Table, user_table: Table, keys: AuditKeys) -> None:
        self._ticket_table = ticket_table
        self._user_table = user_table
        self._activity = Activity(ticket_table)
        self._keys = keys

    async def find(self, newest: datetime, oldest: datetime) -> Heads:
        """The heads of the chains with events between these times: a storage call for each owner
        who was active, and two."""
        start, end = log_key(newest), log_key(oldest)
        owners: set[str] = set()
        async for _, active in self._activity.hours(newest, oldest):
            owners.update(active)

        async def read(owner: str) -> list[AuditEvent]:
            rows = self._ticket_table.query(owner, start, end)
            return [event async for row in rows if (event := read_event(row, _ticket_id(row)))]

        events = [event for found in await gather_within(_AT_ONCE, read, owners) for event in found]
        of_users = self._user_table.query(USERS, start, end)
        events += [event async for row in of_users if (event := read_event(row))]
        return self._newest_of_chains(events)

    def _newest_of_chains(self, events: list[AuditEvent]) -> Heads:
        """Only of what this app has signed: a head that somebody put there would stay for ever."""
        heads: Heads = {}
        for event in events:
            chain, _, number = event.id.partition(".")
            is_ours = is_signed(event.hash) and is_authentic(event, self._keys)
            if is_ours and heads.get(chain, [(0, "")])[0][0] < int(number):
                heads[chain] = [(int(number), event.hash)]
        return heads


def _ticket_id(row: Row) -> str:
    return row.key.split("_")[-1].partition(".")[0]
