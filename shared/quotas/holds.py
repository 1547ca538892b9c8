"""What one attempt at a ticket counts for while it is open, pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.errors import Invalid, PermanentFailure
from shared.models import AppSettings, QuotaKind, StoredTicket, rfc3339
from shared.quotas.counts import Amounts, Count
from shared.quotas.decision import Decision
from shared.quotas.scopes import QuotaScope

TOKENS = (QuotaKind.TOKENS_DAY, QuotaKind.TOKENS_MONTH)
_PARTS = 10
"""Of the least limit: what a process is given at once for its calls of the model."""
_MIN_TOKENS = 2_000


def check_max_tokens(
    ticket: StoredTicket, scopes: Sequence[QuotaScope], settings: AppSettings
) -> None:
    """A ticket may ask for less than its limits, not for more. Raises Invalid."""
    limits = [scope.limits(settings).of(quantity) for scope in scopes for quantity in TOKENS]
    least = min((limit for limit in limits if limit is not None), default=None)
    if least is None or ticket.max_tokens is None or ticket.max_tokens <= least:
        return
    text = f"Input should be less than or equal to {least}, which is the limit"
    fault = {"loc": ["max_tokens"], "msg": text, "type": "less_than_equal"}
    raise Invalid(f"max_tokens: {text}.", [fault])


def new_hold(key: str, scopes: Sequence[QuotaScope], moment: datetime) -> Count:
    counted = {QuotaKind.TICKETS: 1, QuotaKind.RUNNING: 1}
    names = tuple(map(str, scopes))
    hold = Count(key, used=counted, scopes=names, since=rfc3339(moment))
    return replace(hold.at(moment), used=counted)


def find_tokens(
    decision: Decision, hold: Count, scopes: Sequence[QuotaScope], max_tokens: int | None, need: int
) -> int:
    """How many more tokens a process is given for an attempt: a block, or what is left of that, but
    at least `need`. Raises PermanentFailure, QuotaExceeded."""
    rooms = [decision.room(scope, quantity) for scope in scopes for quantity in TOKENS]
    limits = [
        scope.limits(decision.settings).of(quantity) for scope in scopes for quantity in TOKENS
    ]
    if max_tokens is not None:
        rooms, limits = [*rooms, max_tokens - hold.total], [*limits, max_tokens]
        if max_tokens - hold.total < need:
            raise PermanentFailure(
                f"The {max_tokens} tokens that this ticket may use are used up; please give it "
                "more (max_tokens), or less to do."
            )
    for scope in scopes:
        for quantity in TOKENS:
            decision.require(scope, quantity, need)
    block = max(_MIN_TOKENS, min(_drop_unlimited(limits), default=0) // _PARTS, need)
    return min([block, *_drop_unlimited(rooms)])


def give_back(hold: Count, tokens: int | None, *, was_opened: bool) -> Amounts:
    """How counts change when an attempt has ended with so many tokens, None for all that it was
    given; one that was never opened is no ticket of the day."""
    spare = 0 if tokens is None else hold.total - tokens
    changes = {
        quantity: -min(spare, hold.used.get(quantity, 0)) if spare > 0 else -spare
        for quantity in TOKENS
    }
    changes[QuotaKind.RUNNING] = -hold.used.get(QuotaKind.RUNNING, 0)
    if not was_opened:
        changes[QuotaKind.TICKETS] = -hold.used.get(QuotaKind.TICKETS, 0)
    return changes


def _drop_unlimited(numbers: Sequence[int | None]) -> list[int]:
    return [number for number in numbers if number is not None]
