"""A batch that the model has no proper answer to is asked about in halves, the bad half again in
halves: what is wrong is found in few calls, and the rest is reviewed."""

from collections.abc import Sequence

from shared.tasks.pr_review.artifacts import Outcome, Unread
from shared.tasks.pr_review.reviewing import BatchItem

MAX_HALVINGS = 6
"""Of a batch; of one about which nothing is ever answered, `_MAX_IN_VAIN`."""

_MAX_IN_VAIN = 2
_MAX_ITEMS = 100


def find_halves(outcomes: Sequence[Outcome]) -> list[BatchItem]:
    """What of the last round is to be asked about again, of all that came of the rounds so far."""
    depth = max((len(one.half) for one in outcomes), default=0)
    answered = {one.batch for one in outcomes if one.fault is None}
    return [
        BatchItem(batch=one.batch, half=f"{one.half}{which}")
        for one in outcomes
        if one.fault is not None and one.divisible and len(one.half) == depth
        if depth < (MAX_HALVINGS if one.batch in answered else _MAX_IN_VAIN)
        for which in (0, 1)
    ][:_MAX_ITEMS]


def find_unread(outcomes: Sequence[Outcome]) -> list[Unread]:
    """The files about which there is no answer in the end, or not to their end."""
    asked = {(one.batch, one.half) for one in outcomes}
    read = {path for one in outcomes if one.fault is None for path in one.paths}
    reasons: dict[str, str] = {}
    for one in outcomes:
        if one.fault is not None and (one.batch, f"{one.half}0") not in asked:
            reasons |= {path: one.fault for path in one.paths if path not in reasons}
    return [
        Unread(path=path, reason=reason.removesuffix("."), whole=path not in read)
        for path, reason in reasons.items()
    ]
