"""How long a ticket is made to wait, and for whom."""

import pytest

from shared.workflow.messages import MustWait
from shared.workflow.wait_budget import WaitBudget


def wait(service: str = "model", seconds: float | None = None, insisted: float = 0.0) -> MustWait:
    return MustWait(
        kind="wait", seconds=seconds, reason="Busy.", service=service, insisted=insisted
    )


def budget(first: float = 5, others: float = 1000, key: str = "t-1", **limits: float) -> WaitBudget:
    return WaitBudget(first=first, others=others, limits=limits, key=key)


def about(seconds: float) -> object:
    """With the part that is added so that tickets do not come back together."""
    return pytest.approx(seconds * (1 + WaitBudget.JITTER / 2), rel=WaitBudget.JITTER / 2)


def test_pauses_double_up_to_a_limit() -> None:
    patience = budget(others=10_000)
    pauses = [patience.pause(row, [wait("web")]) for row in range(7)]
    assert pauses == [about(seconds) for seconds in (5, 10, 20, 40, 80, 120, 120)]


def test_a_pause_is_never_shorter_than_the_other_side_asks() -> None:
    patience = budget(others=1000)
    assert patience.pause(0, [wait(), wait(seconds=20.0), wait(seconds=3.0)]) == about(20)
    assert patience.pause(0, [wait(seconds=0.0)]) == about(5)


def test_tickets_do_not_come_back_together_and_a_replay_waits_the_same() -> None:
    pauses = {key: budget(key=key).pause(0, [wait()]) for key in map(str, range(50))}
    assert len(set(pauses.values())) > 40
    assert pauses == {key: budget(key=key).pause(0, [wait()]) for key in pauses}


def test_each_service_has_its_own_patience() -> None:
    patience = budget(model=60, storage=100)
    assert patience.pause(0, [wait("model", 50)]) == pytest.approx(55, abs=5)
    assert patience.pause(0, [wait("model", 50)]) == wait("model", 50)
    assert patience.pause(0, [wait("storage", 50)]) == about(50)
    both = [wait("storage", 5), wait("model", 55)]
    assert patience.pause(0, both) == both[1]
    assert set(patience.spent) == {"model", "storage"}


def test_an_outage_as_long_as_the_limit_is_outlasted() -> None:
    """The last pause is what is left, and the try after it is the last."""
    patience, waited, row = budget(storage=900), 0.0, 0
    while isinstance(pause := patience.pause(row, [wait("storage")]), float):
        waited, row = waited + pause, row + 1
    assert waited == pytest.approx(900)
    assert pause == wait("storage")


def test_what_a_step_itself_has_waited_counts_once() -> None:
    patience = budget(storage=100)
    insisted = [wait("storage", insisted=60), wait("storage", insisted=90)]
    assert patience.pause(0, insisted) == about(5)
    assert patience.spent["storage"] == pytest.approx(95.5, abs=0.5)


def test_what_has_no_limit_of_its_own_shares_one() -> None:
    """So do workflows that an older version started, for all services."""
    patience = budget(others=30)
    assert patience.pause(0, [wait("web", 20)]) == pytest.approx(22, abs=2)
    assert patience.pause(0, [wait("", 20)]) == wait("", 20)


def test_a_limit_of_nothing_waits_for_nothing() -> None:
    assert budget(model=0).pause(0, [wait()]) == wait()


def test_the_number_of_pauses_is_bounded() -> None:
    patience = budget(first=0.001)
    pauses = [patience.pause(0, [wait()]) for _ in range(WaitBudget.MAX_WAITS + 20)]
    assert pauses.count(wait()) == 20
