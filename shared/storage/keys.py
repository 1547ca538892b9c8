"""Public ids: opaque to clients, but they carry the storage keys: any read is one point read.

A user id is 16 hex digits. A ticket id is `{owner}-{inverted microseconds}{random}`: within an
owner's partition ascending order is newest first.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta

from shared.errors import NotFound

USERS = "users"
"""The partition of everything that belongs to users."""
EVERYBODY = "index"
"""The partition that lists the tickets of all owners."""

_LAST_MICROSECOND = 16**14 - 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_USER_ID = re.compile(r"[0-9a-f]{16}")
_TICKET_ID = re.compile(r"([0-9a-f]{16})-([0-9a-f]{22})")


def prefix_range(prefix: str) -> tuple[str, str]:
    """Of the keys that begin with `prefix`: where they start, and their end, not included."""
    return prefix, prefix_end(prefix)


def prefix_end(prefix: str) -> str:
    """The least key above all that begin with `prefix`: its last character's successor in Unicode
    stands in for that one, as in "log`" for "log_"."""
    return f"{prefix[:-1]}{chr(ord(prefix[-1]) + 1)}"


def new_user_id() -> str:
    return secrets.token_hex(8)


def is_user_id(text: str) -> bool:
    """Whether `text` can be the id of a user, and so is safe in storage keys."""
    return _USER_ID.fullmatch(text) is not None


def new_ticket_id(owner: str, now: datetime) -> str:
    return f"{owner}-{invert_moment(now):014x}{secrets.token_hex(4)}"


def older_than(moment: datetime) -> str:
    """What the second half of a ticket's id, sorted, begins with at the earliest when the ticket is
    older than `moment`; without a zone it is UTC."""
    number = invert_moment(moment) + 1
    # "g" lies behind all hex digits: nothing is older than the beginning of time.
    return f"{number:014x}" if number <= _LAST_MICROSECOND else "g"


def invert_moment(moment: datetime) -> int:
    """A number that falls as time goes on; 14 hex digits hold it. Without a zone it is UTC."""
    since = moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH
    return min(max(_LAST_MICROSECOND - since // timedelta(microseconds=1), 0), _LAST_MICROSECOND)


def moment_of(number: int) -> datetime:
    """The time that `inverted` made a number of."""
    return _EPOCH + timedelta(microseconds=_LAST_MICROSECOND - number)


def split_ticket_id(ticket_id: str) -> tuple[str, str]:
    """Owner and sort key of a ticket that is only named, safe in storage keys; a ticket that is at
    hand knows its own.

    Raises NotFound for what cannot be the id of a ticket.
    """
    match = _TICKET_ID.fullmatch(ticket_id)
    if match is None:
        raise NotFound("There is no such ticket.")
    return match[1], match[2]
