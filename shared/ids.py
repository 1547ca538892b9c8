"""Public ids: opaque to clients, but they carry the storage keys: any read is one point read.

A user id is 16 hex digits. A ticket id is `{owner}-{inverted microseconds}{random}`: within an
owner's partition ascending order is newest first.
"""

import re
import secrets
from datetime import UTC, datetime

from shared.errors import NotFound

_LAST_MICROSECOND = 16**14 - 1
_TICKET_ID = re.compile(r"([0-9a-f]{16})-([0-9a-f]{22})")


def new_user_id() -> str:
    return secrets.token_hex(8)


def new_ticket_id(owner: str, now: datetime) -> str:
    inverted = _LAST_MICROSECOND - int(now.astimezone(UTC).timestamp() * 1_000_000)
    return f"{owner}-{inverted:014x}{secrets.token_hex(4)}"


def split_ticket_id(ticket_id: str) -> tuple[str, str]:
    """Owner and the rest, which are safe in storage keys.

    Raises NotFound for what cannot be the id of a ticket.
    """
    match = _TICKET_ID.fullmatch(ticket_id)
    if match is None:
        raise NotFound("There is no such ticket.")
    return match[1], match[2]
