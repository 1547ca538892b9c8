"""How long a ticket is made to wait."""

from shared.workflow.messages import WaitBudget


def test_pauses_double_up_to_a_limit() -> None:
    patience = WaitBudget(first=5, limit=10_000)
    assert [patience.pause(row, [None]) for row in range(7)] == [5, 10, 20, 40, 80, 120, 120]


def test_a_pause_is_as_long_as_the_other_side_asks() -> None:
    patience = WaitBudget(first=5, limit=1000)
    assert patience.pause(0, [None, 20.0, 3.0]) == 20.0
    assert patience.pause(0, [0.0]) == 5.0


def test_patience_ends_with_the_seconds() -> None:
    patience = WaitBudget(first=4, limit=10)
    assert patience.pause(0, [None]) == 4
    assert patience.pause(0, [300.0]) is None
    assert patience.pause(0, [None]) == 4
    assert patience.pause(0, [None]) is None


def test_patience_ends_with_the_number_of_pauses() -> None:
    patience = WaitBudget(first=0.001, limit=1000)
    pauses = [patience.pause(0, [None]) for _ in range(100)]
    assert pauses.count(None) == 100 - WaitBudget.MAX_WAITS
