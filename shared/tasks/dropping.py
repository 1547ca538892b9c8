"""What the model said and the program could not find, as metrics: why it is dropped, how often."""

from enum import StrEnum

from shared.telemetry.metrics import record
from shared.telemetry.names import Attribute, Metric


class DropReason(StrEnum):
    """Why a claim or a finding is not shown."""

    QUOTE_NOT_FOUND = "quote_not_found"
    NO_CLAIM = "no_claim"
    NUMBER_NOT_PROVED = "number_not_proved"
    SENTENCE_NOT_PROVED = "sentence_not_proved"
    REFUTED = "refuted"
    SUGGESTION_DOES_NOT_APPLY = "suggestion_does_not_apply"


def count_dropped(reason: DropReason, count: int) -> None:
    if count:
        record(Metric.DROPPED_CLAIMS, count, {Attribute.REASON: reason.value})
