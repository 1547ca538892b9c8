"""How users, their names, sessions and audit events look as rows; all lie in one partition, so that
whatever belongs to one change is one transaction.

`user_{id}` the user · `name_{hash}` who has an email or username · `member_{department}_{id}` ·
`gone_{id}` that a user was deleted · `session_{family}` · `settings` what administrators set ·
`address_{hash}` failures to sign in from there, and accounts opened from there with
`_registrations` behind it · `closing_{id}` that the user's realtime connections are yet to be
closed · `event_{id}_{number}` a user's audit trail, and `log_{time}_{event}` a copy of each event,
the newest first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import floor
from typing import Any

from shared.clients.tables import Row, Verb, Write
from shared.models import StoredUser
from shared.storage.columns import from_columns, to_column
from shared.storage.keys import USERS

NEVER = "never"
"""Sorts behind every time: what `expires_at` says of a row that stays."""

_OPTIONAL = {
    *("full_name", "department", "given_department", "job_title", "last_login"),
}


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A user as read; `etag` guards the next write."""

    user: StoredUser
    etag: str


def row(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the partition of users, or a part of one."""
    columns = {name: to_column(value) for name, value in values.items()}
    return {"PartitionKey": USERS, "RowKey": key, **columns}


def user_key(user_id: str) -> str:
    return f"user_{user_id}"


def members_key(department: str) -> str:
    """What the keys of the members of a department begin with."""
    return f"member_{hash_text(department)}_"


def address_key(address: str) -> str:
    """The key that all addresses of one connection share: of IPv6 the first 64 bits are given out,
    and whoever has them chooses the rest."""
    return f"address_{hash_text(_network(address))}"


def _network(address: str) -> str:
    try:
        known = ip_address(address.partition("%")[0])
    except ValueError:  # It is none; then it is what it is.
        return address
    if isinstance(known, IPv4Address):
        return address
    if known.ipv4_mapped:
        return str(known.ipv4_mapped)
    return str(IPv6Network((known, 64), strict=False))


def gone_key(user_id: str) -> str:
    return f"gone_{user_id}"


def session_key(family: str) -> str:
    return f"session_{family}"


def closing_key(user_id: str) -> str:
    return f"closing_{user_id}"


def hash_text(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()


def user_row(user_id: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The row of a user, or the part of it that `fields` change."""
    return row(user_key(user_id), {name: fields[name] for name in fields if name != "id"})


def as_user(found: Row) -> KnownUser:
    fields = from_columns(found.values, _OPTIONAL) | {"id": found.key.removeprefix("user_")}
    return KnownUser(StoredUser.model_validate(fields), found.etag)


def end_tokens(user: StoredUser, moment: datetime) -> dict[str, Any]:
    """The values of a user all of whose tokens end at `moment`, one to set a password too."""
    return {**end_access(user, moment.timestamp()), "reset_hash": ""}


def end_access(user: StoredUser, at: float) -> dict[str, Any]:
    """The values of a user all of whose access tokens end at this Unix time. A token tells its
    begin in whole seconds: the next ones begin a second later than any that there is."""
    return {"tokens_from": float(floor(max(at, user.tokens_from)) + 1), "revoked": {}}


def member_writes(before: StoredUser | None, after: StoredUser | None) -> list[Write]:
    """What a change means for the department; None is no such user."""
    old, new = _member_keys(before), _member_keys(after)
    return [
        *(Write(Verb.DELETE, row(key, {})) for key in old if key not in new),
        *(Write(Verb.INSERT, row(key, {})) for key in new if key not in old),
    ]


def _member_keys(user: StoredUser | None) -> list[str]:
    if user is None or not user.department:
        return []
    return [f"{members_key(user.department)}{user.id}"]
