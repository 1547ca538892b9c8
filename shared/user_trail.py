"""The audit trail of what concerns no ticket, for its readers: users and logins."""

from collections.abc import AsyncIterator
from datetime import datetime

from shared.clients.tables import MOST_ROWS, Table
from shared.columns import log_key
from shared.models import AuditEvent
from shared.user_rows import PARTITION, as_event

_FIRST, _BEYOND = "log_", "log`"


class UserTrail:
    """Reads events in the table `users`, where `Users` writes them."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def of_user(self, user_id: str) -> list[AuditEvent]:
        """The whole chain of a user, deleted or not, oldest first."""
        rows = self._table.query(PARTITION, f"event_{user_id}_", f"event_{user_id}`")
        return [as_event(row) async for row in rows]

    async def newest(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        equal: dict[str, str] | None = None,
        page: int = MOST_ROWS,
    ) -> AsyncIterator[AuditEvent]:
        """The events of all users with `since` <= time < `until`, newest first; `equal` filters
        by columns (`user_id`, `action`, `entity_id`) where they are stored."""
        first = f"{log_key(until)}~" if until else _FIRST
        beyond = f"{log_key(since)}~" if since else _BEYOND
        rows = self._table.query(PARTITION, first, beyond, equal=equal, page=page)
        async for row in rows:
            yield as_event(row)
