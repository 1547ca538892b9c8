"""Steps leave their course, and say in the ticket's log what holds it up."""

import asyncio
import re
from typing import Any

import pytest
from pydantic import ValidationError

from shared.errors import PermanentFailure, RetryLater
from shared.models import Status, StepRun, StoredUser
from shared.tasks.base import Round
from shared.text.strict_json import NoJsonError
from shared.tickets.attempts import Attempt
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.messages import AttemptRef, OutcomeStored, RoundFacts, StartInput, Waited
from shared.workflow.progress import ProgressWriter
from shared.workflow.step_runs import StepRuns, run_step
from shared.workflow.step_starts import StepStarts
from tests.support.product.app import AppUnderTest
from tests.support.product.workflow import opened

FACTS = RoundFacts(number=0, stage="reading", total=2, starts_at=5, ends_at=90)
BUSY = Waited(seconds=5, service="model")


class OddFailure(PermanentFailure):
    kind = "odd"  # type: ignore[assignment]


class Worker:
    """Does a piece of work, or fails with `fault`."""

    def __init__(self, app: AppUnderTest) -> None:
        self.step_runs = StepRuns(
            tickets=app.tickets,
            books=Bookkeeping(app.clients.container, app.clock),
            starts=StepStarts(
                container=app.clients.container, module="", environment={}, step_seconds=30
            ),
            step_seconds=30,
            clock=app.clock,
        )
        self.fault: BaseException | None = None

    @run_step
    async def work(
        self, ref: AttemptRef, facts: RoundFacts, index: int, item: Any
    ) -> OutcomeStored:
        if self.fault:
            raise self.fault
        return OutcomeStored(kind="outcome")


async def lines(app: AppUnderTest, order: StartInput) -> list[StepRun]:
    steps, _ = await Attempt(app.clients.container, order["ticket_id"], 1).course()
    return steps


async def log(app: AppUnderTest, order: StartInput) -> str:
    return (await app.tickets.read(order["ticket_id"])).processing_logs


async def test_faults_and_waits_are_told(app: AppUnderTest, owner: StoredUser) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    worker.fault = ValueError("a secret")
    for _ in range(2):
        with pytest.raises(ValueError, match="a secret"):
            await worker.work(order, FACTS, 1, {})
    worker.fault = RetryLater("The model is busy.", 7, "model")
    waits = await worker.work(order, FACTS, 1, {})
    busy = {"seconds": 7, "reason": "The model is busy.", "service": "model"}
    assert waits == {"kind": "wait", **busy}
    told = await log(app, order)
    assert told.count("The step work (reading) failed because of an internal fault") == 1
    assert told.count("Waiting: The model is busy.") == 1
    assert "secret" not in told
    runs = await lines(app, order)
    assert [(run.result, run.fault, run.service) for run in runs] == [
        ("error", "ValueError", ""),
        ("error", "ValueError", ""),
        ("wait", "RetryLater", "model"),
    ]
    assert {(run.name, run.index) for run in runs} == {("work", 1)}
    assert "secret" not in str(runs)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (NoJsonError("no JSON: TypeError"), "What a step has made cannot be written as JSON"),
        (PermanentFailure("x\ud800" * 100_000), "x?x?"),
        (OddFailure(ValueError("a secret")), "No reason was given."),  # type: ignore[arg-type]
    ],
)
async def test_a_ticket_fails_whatever_its_task_type_gives_for_a_reason(
    app: AppUnderTest, owner: StoredUser, fault: Exception, told: str
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    worker.fault = fault
    end: Any = await worker.work(order, FACTS, 1, {})
    assert (end["kind"], end["reason"].startswith(told)) == ("failure", True)
    await app.activities.fail(order, end["reason"], end["cause"])
    ticket = await app.tickets.read(order["ticket_id"])
    assert (ticket.status, ticket.error_message) == (Status.FAILED, end["reason"])
    assert "secret" not in ticket.model_dump_json()


async def test_a_piece_is_shown_whatever_its_task_type_calls_it(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order = await opened(app, owner)
    await app.activities.plan(order)
    progress = ProgressWriter(app.tickets, app.clients.container, app.clock)
    await Attempt(app.clients.container, order["ticket_id"], 1).store_outcome(0, 0, {})
    progress.note_piece(order, FACTS, "x\n\ud800" * 100_000)
    await progress.settle(order["ticket_id"])
    shown = (await app.tickets.read(order["ticket_id"])).progress
    assert shown.stage.startswith("reading: x ?x ?")
    assert (len(shown.stage) < 210, shown.done) == (True, 1)


def test_the_name_of_a_stage_is_short() -> None:
    """It is told in lines of the log, events and messages of a ticket."""
    with pytest.raises(ValidationError):
        Round(stage="x" * 101, items=[])


async def test_what_holds_a_ticket_up_again_and_again_is_one_line_with_a_count(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    worker.fault = RetryLater("The model is busy.", 7, "model")
    for index in range(3):
        app.clock.advance(7)
        await worker.work(order, FACTS, index, {})
    _, told = (await log(app, order)).splitlines()
    first, last = re.findall(r"\d{4}-\S+:(\d\d)Z", told)
    assert "Waiting: The model is busy. (3 times, the last at 20" in told
    assert (int(last) - int(first)) % 60 in (14, 15)
    worker.fault = ValueError("another")
    with pytest.raises(ValueError, match="another"):
        await worker.work(order, FACTS, 0, {})
    assert len((await log(app, order)).splitlines()) == 3


async def test_what_is_begun_again_without_an_end_is_told(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    await worker.work(order, FACTS, 1, {})
    worker.fault = RetryLater("The model is busy.")
    await worker.work(order, FACTS, 1, {})
    again = "The step work (reading) is begun again: nothing was heard of an earlier start."
    assert again in await log(app, order)
    assert [run.is_resumed for run in await lines(app, order)] == [False, True]


async def test_a_step_that_is_stopped_with_its_process_says_so(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    worker.fault = asyncio.CancelledError()
    with pytest.raises(asyncio.CancelledError):
        await worker.work(order, FACTS, 1, {})
    assert "was stopped with its process, and is begun again." in await log(app, order)
    assert [run.result for run in await lines(app, order)] == ["interrupted"]
    worker.fault = None
    await worker.work(order, FACTS, 1, {})
    assert "nothing was heard" not in await log(app, order)


async def test_an_outage_of_storage_is_told_when_it_is_over(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    for index, waited in enumerate([Waited(seconds=12.3, service="storage"), BUSY]):
        later: Any = {**order, "waited": waited}
        await worker.work(later, FACTS, index, {})
    told = (await log(app, order)).splitlines()
    assert told[1].endswith("Storage was away: waited for it for 12 s.")
    assert len(told) == 2


async def test_lines_are_written_together_and_at_the_latest_with_one_that_waits(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    for index in range(3):
        await worker.work(order, FACTS, index, {})
    assert await lines(app, order) == []
    worker.fault = RetryLater("The model is busy.")
    await worker.work(order, FACTS, 3, {})
    assert [run.index for run in await lines(app, order)] == [0, 1, 2, 3]
