"""Steps leave their course, and say in the ticket's log what holds it up."""

from typing import Any

import pytest

from shared.errors import RetryLater
from shared.models import StoredUser
from shared.tickets.attempts import Attempt
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.messages import AttemptRef, OutcomeStored, RoundFacts, StartInput
from shared.workflow.step_runs import StepRuns, run_step
from shared.workflow.step_starts import StepStarts
from tests.support.product.app import AppUnderTest
from tests.support.product.workflow import opened

FACTS = RoundFacts(number=0, stage="reading", total=2, starts_at=5, ends_at=90)


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
        self.fault: Exception | None = None

    @run_step
    async def work(
        self, ref: AttemptRef, facts: RoundFacts, index: int, item: Any
    ) -> OutcomeStored:
        if self.fault:
            raise self.fault
        return OutcomeStored(kind="outcome")


async def course(app: AppUnderTest, order: StartInput) -> list[tuple[str, int | None, str]]:
    steps, _ = await Attempt(app.clients.container, order["ticket_id"], 1).course()
    return [(step.name, step.index, step.result) for step in steps]


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
    assert told.count("A step failed because of an internal fault and is tried again.") == 1
    assert told.count("Waiting: The model is busy.") == 1
    assert "secret" not in told
    assert await course(app, order) == [
        ("work", 1, "error"),
        ("work", 1, "error"),
        ("work", 1, "wait"),
    ]


async def test_lines_are_written_together_and_at_the_latest_with_one_that_waits(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order, worker = await opened(app, owner), Worker(app)
    await app.activities.plan(order)
    for index in range(3):
        await worker.work(order, FACTS, index, {})
    assert await course(app, order) == []
    worker.fault = RetryLater("The model is busy.")
    await worker.work(order, FACTS, 3, {})
    assert [index for _, index, _ in await course(app, order)] == [0, 1, 2, 3]
