"""What task types raise, as it is told and stored, whatever they have put there."""

import math
from typing import Any

import pytest

from shared.errors import PermanentFailure, RetryLater
from shared.tasks.calling import NoExceptionError
from shared.workflow.faults import (
    RaisedAloneError,
    name_fault,
    tell_reason,
    tell_seconds,
    tell_service,
)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("It is closed.", "It is closed."),
        ("a\r\nb\t c\n", "a b c"),
        ("x" * 300_000, "x" * 2_000),
        ("half \ud800", "half ?"),
        ("", "No reason was given."),
        (None, "No reason was given."),
        (ValueError("content"), "No reason was given."),
    ],
)
def test_a_reason_is_a_line_that_can_be_stored(given: Any, told: str) -> None:
    assert tell_reason(PermanentFailure(given)) == told


@pytest.mark.parametrize(
    ("given", "told"),
    [(7, 7), (0.5, 0.5), (None, None), (math.nan, None), (math.inf, None), (-1, None), ("5", None)],
)
def test_a_wait_is_a_time_or_is_not_told(given: Any, told: float | None) -> None:
    assert tell_seconds(RetryLater("Later.", given)) == told


@pytest.mark.parametrize(("given", "told"), [("model", "model"), ({"a": 1}, ""), (None, "")])
def test_a_service_is_a_name(given: Any, told: str) -> None:
    assert tell_service(RetryLater("Later.", 1, given)) == told


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (KeyError("content"), "KeyError"),
        (RaisedAloneError("MemoryError"), "MemoryError"),
        (NoExceptionError("PanicException"), "PanicException"),
        (ExceptionGroup("content", [KeyError("k"), ValueError()]), "ExceptionGroup: KeyError"),
    ],
)
def test_a_fault_is_told_by_its_class(error: Exception, name: str) -> None:
    assert name_fault(error) == name
