"""The orchestrator, driven step by step: what it calls, how it waits, and how it ends."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions import orchestrator
from shared.workflow.messages import (
    ActivityResult,
    AttemptRef,
    MustWait,
    OutcomeStored,
    ResultStored,
    RoundBegins,
    RoundFacts,
    StartInput,
    Superseded,
    fail_with,
)

ORDER = StartInput(
    ticket_id="t",
    attempt=1,
    task_type="custom",
    parallel=3,
    first_wait=5,
    most_wait=60,
    max_waits={"model": 60, "storage": 60},
    waiting=None,
)
REF = AttemptRef(ticket_id="t", attempt=1, task_type="custom")
BEGUN = 1893456000.0
"""Of 2030, where these workflows run."""
Answers = dict[str, Callable[[int, list[Any]], ActivityResult]]


@dataclass
class Scripted:
    """The durable context, as far as the orchestrator uses it, and what it was used for."""

    answers: Answers
    now: datetime = datetime(2030, 1, 1, tzinfo=UTC)
    calls: list[tuple[str, list[Any]]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    version: str = "3"
    chains: bool = False
    raised: BaseException | None = None

    @property
    def current_utc_datetime(self) -> datetime:
        return self.now

    def get_input(self) -> StartInput:
        return {**ORDER, "chains": self.chains}

    def set_custom_status(self, status: dict[str, Any]) -> None:
        self.statuses.append(status)

    def call_activity_with_retry(self, name: str, options: Any, given: list[Any]) -> Any:
        return lambda: self.run(name, given)

    def task_all(self, tasks: Sequence[Callable[[], ActivityResult]]) -> Any:
        self.widths.append(len(tasks))
        return lambda: [task() for task in tasks]

    def create_timer(self, at: datetime) -> Any:
        def fire() -> None:
            """As early as the platform's queue may."""
            early = at - timedelta(seconds=1)
            self.pauses.append((early - self.now) / timedelta(seconds=1))
            self.now = early

        return fire

    def run(self, name: str, given: list[Any]) -> ActivityResult | None:
        self.calls.append((name, given))
        answer = self.answers.get(name)
        number = sum(called == name for called, _ in self.calls)
        return answer(number, given) if answer else None

    def named(self, name: str) -> list[list[Any]]:
        return [given for called, given in self.calls if called == name]


def driven(answers: Answers, *, chains: bool = False) -> Scripted:
    """Run the orchestrator to its end."""
    context = Scripted({**PLAIN, **answers}, chains=chains)
    run = orchestrator.process_ticket._function._func.orchestrator_function(context)
    try:
        task = next(run)
        while True:
            try:
                result = task()
            except RuntimeError as error:
                task = run.throw(error)
            else:
                task = run.send(result)
    except (StopIteration, orchestrator.TicketFailedError) as end:
        context.raised = None if isinstance(end, StopIteration) else end
        return context


def round_of(total: int, number: int = 0) -> ActivityResult:
    facts = RoundFacts(number=number, stage="working", total=total, starts_at=10, ends_at=90)
    return RoundBegins(kind="round", facts=facts, items=[{"n": n} for n in range(total)])


def done(_: int, __: list[Any]) -> ActivityResult:
    return ResultStored(kind="done", model="m", tokens=3)


def wait(seconds: float | None = None, service: str = "model") -> MustWait:
    return MustWait(kind="wait", seconds=seconds, reason="The model is busy.", service=service)


def crash(_: int, __: list[Any]) -> ActivityResult:
    raise RuntimeError("confidential")


PLAIN: Answers = {
    "custom_plan": lambda *_: round_of(1),
    "custom_work": lambda *_: OutcomeStored(kind="outcome"),
    "custom_combine": done,
}


def test_a_short_ticket_takes_one_activity() -> None:
    finished: ActivityResult = ResultStored(kind="done", model="m", tokens=3, finished=True)
    context = driven({"custom_plan": lambda *_: finished}, chains=True)
    assert context.calls == [("custom_plan", [{**REF, "chains": True, "called_at": BEGUN}])]
    assert context.statuses == [
        {"stage": "planning", "done": 0, "total": 0, "percent": 0},
        {"stage": "completed", "done": 1, "total": 1, "percent": 100},
    ]


def test_what_a_chain_has_not_done_is_done_step_by_step() -> None:
    context = driven({"custom_plan": lambda *_: round_of(7)}, chains=True)
    assert context.widths == [1, 3, 3, 1, 1]
    assert [name for name, _ in context.calls[-2:]] == ["custom_combine", "finish_ticket"]


def test_a_wait_that_a_chain_met_is_waited_for_before_the_same_is_tried_again() -> None:
    left: Any = {**round_of(1), "wait": {**wait(20), "unbooked": [CALL]}}
    context = driven({"custom_plan": lambda *_: left}, chains=True)
    assert context.pauses == [pytest.approx(22, abs=2)]
    [[ref, *_]] = context.named("custom_work")
    assert ref["unbooked"] == [CALL]
    assert ref["waited"]["service"] == "model"
    assert ref["spent"] == {"model": pytest.approx(context.pauses[0], abs=0.01)}
    assert len(context.named("custom_combine")) == 1


def test_what_follows_a_lone_piece_may_have_to_wait_as_well() -> None:
    left: Any = {**round_of(1), "items": [], "wait": wait(20)}
    context = driven({"custom_plan": lambda *_: left}, chains=True)
    assert len(context.pauses) == 1
    assert context.named("custom_work") == []
    assert len(context.named("custom_combine")) == 1


def test_a_ticket_of_one_piece_took_four_activities_in_version_1() -> None:
    context = driven({})
    assert [name for name, _ in context.calls] == [
        "custom_plan",
        "custom_work",
        "custom_combine",
        "finish_ticket",
    ]
    assert context.named("finish_ticket") == [[REF, done(0, [])]]
    assert context.statuses[-2] == {"stage": "working", "done": 1, "total": 1, "percent": 90}
    assert context.statuses[-1] == {"stage": "completed", "done": 1, "total": 1, "percent": 100}


def test_work_fans_out_in_bounded_windows_in_order() -> None:
    context = driven({"custom_plan": lambda *_: round_of(7)})
    assert context.widths == [1, 3, 3, 1, 1]
    assert [given[2:] for given in context.named("custom_work")] == [
        [n, {"n": n}] for n in range(7)
    ]
    assert [status["done"] for status in context.statuses] == [0, 0, 3, 6, 7, 1]


def test_rounds_follow_until_there_is_a_result() -> None:
    def combine(number: int, given: list[Any]) -> ActivityResult:
        return done(0, []) if number == 3 else round_of(2, number)

    context = driven({"custom_combine": combine})
    assert [given[1]["number"] for given in context.named("custom_combine")] == [0, 1, 2]
    assert len(context.named("finish_ticket")) == 1


def test_a_round_without_items_goes_straight_to_combine() -> None:
    context = driven({"custom_plan": lambda *_: round_of(0)})
    assert context.named("custom_work") == []
    assert len(context.named("finish_ticket")) == 1


def test_rounds_without_end_fail() -> None:
    context = driven({"custom_combine": lambda number, _: round_of(1, number)})
    [[_, reason, _]] = context.named("fail_ticket")
    assert "did not come to an end" in reason
    assert context.named("finish_ticket") == []


def test_only_those_who_asked_to_wait_are_called_again() -> None:
    def work(number: int, given: list[Any]) -> ActivityResult:
        busy = given[2] == 1 and number <= 3
        return wait(20) if busy else OutcomeStored(kind="outcome")

    context = driven({"custom_plan": lambda *_: round_of(3), "custom_work": work})
    assert context.pauses == [pytest.approx(22, abs=2)]
    assert [given[2] for given in context.named("custom_work")][:4] == [0, 1, 2, 1]


def test_pauses_double_and_end_with_the_reason() -> None:
    context = driven({"custom_work": lambda *_: wait()})
    assert context.pauses[:3] == [pytest.approx(n * 1.1, rel=0.1) for n in (5, 10, 20)]
    assert sum(context.pauses) == pytest.approx(60, abs=0.01)
    [[_, reason, cause]] = context.named("fail_ticket")
    assert reason == ("The model is busy. It did not get better in time (MODEL_MAX_WAIT_SECONDS).")
    assert cause == "timeout"
    assert context.named("finish_ticket") == []


def test_steps_are_told_how_long_was_waited_for_whom() -> None:
    def work(number: int, _: list[Any]) -> ActivityResult:
        return OutcomeStored(kind="outcome") if number > 2 else wait(None, "storage")

    context = driven({"custom_work": work})
    [combined] = context.named("custom_combine")
    assert combined[0]["spent"] == {"storage": pytest.approx(sum(context.pauses), abs=0.01)}
    assert "spent" not in context.named("custom_work")[0][0]


CALL = {"id": "c", "prompt_tokens": 10}


def test_what_a_step_could_not_book_goes_to_the_step_that_follows() -> None:
    def work(number: int, _: list[Any]) -> ActivityResult:
        return OutcomeStored(kind="outcome") if number > 1 else {**wait(), "unbooked": [CALL]}

    context = driven({"custom_work": work})
    assert context.named("custom_work")[1][0]["unbooked"] == [CALL]
    assert context.named("finish_ticket") == [[REF, done(0, [])]]


@pytest.mark.parametrize("other", [wait(), fail_with("No.")], ids=["impatient", "failed"])
def test_what_nobody_could_book_goes_to_the_end(other: ActivityResult) -> None:
    def work(_: int, given: list[Any]) -> ActivityResult:
        return {**wait(), "unbooked": [CALL]} if given[2] == 0 else other

    context = driven({"custom_plan": lambda *_: round_of(2), "custom_work": work})
    [[ref, _, _]] = context.named("fail_ticket")
    assert CALL in ref["unbooked"]


def test_a_wait_that_is_too_long_is_not_begun() -> None:
    context = driven({"custom_work": lambda *_: wait(300)})
    assert context.pauses == []
    assert len(context.named("fail_ticket")) == 1


def left_by_a_chain(_: int, __: list[Any]) -> ActivityResult:
    """A round whose piece of work had to wait, and in vain."""
    return {**round_of(1), "wait": wait(300)}  # type: ignore[return-value]


NO = fail_with("It cannot be done. Ask for less.")
WAYS: dict[str, tuple[Answers, str]] = {
    "of a plan": ({"custom_plan": lambda *_: NO}, "It cannot be done."),
    "of a piece": ({"custom_work": lambda *_: NO}, "It cannot be done."),
    "of what follows": ({"custom_combine": lambda *_: NO}, "It cannot be done."),
    "of a chain": ({"custom_plan": left_by_a_chain}, "The model is busy."),
    "a plan raises in every try": ({"custom_plan": crash}, "Processing stopped"),
    "a piece raises in every try": ({"custom_work": crash}, "Processing stopped"),
    "what follows raises in every try": ({"custom_combine": crash}, "Processing stopped"),
    "a wait without end": ({"custom_work": lambda *_: wait()}, "The model is busy."),
    "a wait that is too long": ({"custom_work": lambda *_: wait(300)}, "The model is busy."),
    "rounds without end": ({"custom_combine": lambda n, _: round_of(1, n)}, "This ticket did not"),
}


@pytest.mark.parametrize("chains", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_the_instance_of_a_ticket_fails_with_it_whatever_it_failed_of(
    way: str, *, chains: bool
) -> None:
    answers, reason = WAYS[way]
    context = driven(answers, chains=chains)
    assert len(context.named("fail_ticket")) == 1
    assert isinstance(context.raised, orchestrator.TicketFailedError)
    assert str(context.raised).startswith(reason)
    assert "confidential" not in str(context.raised)
    assert context.statuses[-1]["stage"] == "failed"


def test_the_status_of_an_instance_is_whole_and_never_goes_back() -> None:
    def combine(number: int, _: list[Any]) -> ActivityResult:
        return NO if number == 2 else round_of(4, number)

    context = driven({"custom_plan": lambda *_: round_of(7), "custom_combine": combine})
    assert all({*status} == {"stage", "done", "total", "percent"} for status in context.statuses)
    percents = [status["percent"] for status in context.statuses]
    assert percents == sorted(percents)
    assert context.statuses[-1] == {"stage": "failed", "done": 4, "total": 4, "percent": 90}


@pytest.mark.parametrize("where", ["custom_plan", "custom_work", "custom_combine"])
def test_a_failure_anywhere_fails_the_ticket_with_its_reason(where: str) -> None:
    context = driven({where: lambda *_: fail_with("It cannot be done.")})
    assert context.named("fail_ticket") == [[REF, "It cannot be done.", "internal"]]
    assert context.named("finish_ticket") == []


def test_after_a_failure_no_further_window_is_begun() -> None:
    context = driven(
        {"custom_plan": lambda *_: round_of(9), "custom_work": lambda *_: fail_with("No.")}
    )
    assert len(context.named("custom_work")) == 3


@pytest.mark.parametrize("where", ["custom_plan", "custom_work", "custom_combine"])
def test_an_activity_that_fails_for_good_fails_the_ticket_without_its_words(where: str) -> None:
    context = driven({where: crash})
    [[_, reason, _]] = context.named("fail_ticket")
    assert "internal fault" in reason
    assert "confidential" not in reason


@pytest.mark.parametrize("where", ["custom_plan", "custom_work", "custom_combine"])
def test_a_stopped_ticket_is_left_alone(where: str) -> None:
    context = driven({where: lambda *_: Superseded(kind="stopped")})
    assert context.named("finish_ticket") == context.named("fail_ticket") == []
    assert context.raised is None
    assert context.statuses[-1]["stage"] == "cancelled"


def test_the_end_of_a_ticket_is_written_however_often_that_fails() -> None:
    def away(number: int, given: list[Any]) -> ActivityResult:
        if number <= 3:
            raise RuntimeError("storage")
        return done(number, given)

    context = driven({"finish_ticket": away})
    assert len(context.named("finish_ticket")) == 4
    assert context.pauses == [10, 20, 40]
    assert context.named("fail_ticket") == []
