"""How the whole app's share is divided among hosts, pure.

A host is granted a block of it, which it uses by writes to a row of its own; the row `app` has what
all hosts are granted together. What is used is never more than what is granted, and that never
more than the limit. What a host has left over can be taken back at any time, because each use is a
write under the ETag of the host's row.
"""

from dataclasses import replace
from datetime import datetime

from shared.models import QuotaKind, QuotaLimits
from shared.quotas.counts import Amounts, Count, plus

APP, HOSTS = "app", "app_host_"
GONE = f"{HOSTS}0"
"""What hosts used that are gone, or were relieved of what they had left over."""
_PARTS = 20
"""Of a limit: a block is the part of it that a host is granted at once."""
_BLOCKS = {
    QuotaKind.TICKETS: 100,
    QuotaKind.RUNNING: 100,
    QuotaKind.TOKENS_DAY: 1_000_000,
    QuotaKind.TOKENS_MONTH: 1_000_000,
    QuotaKind.BYTES: 1_000_000_000,
}
"""Where there is no limit."""


def room(host: Count, app: Count, limits: QuotaLimits, quantity: QuotaKind) -> int | None:
    """How much a host may still use, or be granted; None without a limit."""
    limit = limits.of(quantity)
    if limit is None:
        return None
    free = host.granted.get(quantity, 0) - host.used.get(quantity, 0)
    return free + limit - app.used.get(quantity, 0)


def use(host: Count, app: Count, limits: QuotaLimits, changes: Amounts) -> tuple[Count, Count]:
    """Both rows once `host` has used so much more, or less; the caller has looked whether there is
    room."""
    host = host.add(changes)
    granted: dict[QuotaKind, int] = {}
    for quantity, change in changes.items():
        free = host.granted.get(quantity, 0) - host.used.get(quantity, 0)
        limit = limits.of(quantity)
        block = _BLOCKS[quantity] if limit is None else max(1, limit // _PARTS)
        if free < 0:
            left = block if limit is None else limit - app.used.get(quantity, 0)
            granted[quantity] = max(-free, min(block, left))
        elif change < 0 and free > 2 * block:
            granted[quantity] = block - free
    return replace(host, granted=plus(host.granted, granted)), app.add(granted)


def has_left(host: Count) -> bool:
    """Whether a host was granted more than it has used."""
    return any(number > host.used.get(what, 0) for what, number in host.granted.items())


def take_back(host: Count, gone: Count, app: Count, at: datetime) -> tuple[Count, Count]:
    """The rows of what is gone and of the app, once the row of `host` is no more."""
    host, gone, app = host.at(at), gone.at(at), app.at(at)
    unused = plus(host.used, {quantity: -number for quantity, number in host.granted.items()})
    return (
        replace(gone.add(host.used), granted=plus(gone.granted, host.used)),
        app.add(unused),
    )
