"""A service that is away for a while costs a ticket time and nothing else, wherever on its way."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.models import NewTicket, Status, StoredTicket, StoredUser, validate_model
from shared.tickets.attempts import Attempt
from tests.support.git.history import History
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.product.engine import RunningWorkflows, running_workflows
from tests.support.product.workflow import ANSWER
from tests.support.servers.github import GitHubServer
from tests.support.servers.model import Body
from tests.support.servers.storage_proxy import Call, StorageProxy
from tests.support.tasks.reviewer import BASE, HEAD, proposed
from tests.support.tasks.reviews import Reviews

OUTAGES = (4.0, 24.0, 120.0)
TOO_LONG = 2_000.0
STEPS = {"STEP_SECONDS": "480"}
TOKENS = 15


@pytest.fixture
async def workflows(app: AppUnderTest, tmp_path: Path) -> AsyncIterator[RunningWorkflows]:
    async with running_workflows(app.another(**STEPS), tmp_path) as running:
        running.app.model.reset(lambda *_: ANSWER)
        yield running


class Outage:
    """A service is away for so many seconds of the app's clock, once it `begins`."""

    def __init__(self, app: AppUnderTest, seconds: float) -> None:
        self._clock = app.clock
        self._seconds = seconds
        self._until: float | None = None
        self.refused = 0

    def begin(self) -> None:
        if self._until is None:
            self._until = self._clock.monotonic() + self._seconds

    def refuse(self) -> Response | None:
        """Its answer while it is away."""
        if self._until is None or self._clock.monotonic() >= self._until:
            return None
        self.refused += 1
        return Response(status_code=503)

    def of(self, storage: StorageProxy) -> "Outage":
        async def before(_: Call) -> Response | None:
            return self.refuse()

        storage.reset(before=before)
        return self


async def opened(app: AppUnderTest, owner: StoredUser) -> StoredTicket:
    body = {"title": "T", "task_type": "custom", "task_data": {"task_description": "Do it."}}
    return (await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))).ticket


async def booked(app: AppUnderTest, ticket: StoredTicket) -> int:
    """The tokens in its ledger."""
    return (await Attempt(app.container, ticket.id, 1).ledger()).usage.tokens


async def check(app: AppUnderTest, ended: StoredTicket) -> None:
    """It is completed at the cost of one answer, which its ledger has."""
    assert ended.status is Status.COMPLETED, ended.error_message
    assert len(app.model.bodies) == 1
    assert await booked(app, ended) == ended.tokens_used == TOKENS


@pytest.mark.parametrize("seconds", OUTAGES)
@pytest.mark.parametrize("stage", ["custom_plan", "custom_work", "custom_combine", "finish_ticket"])
async def test_storage_away_when_a_stage_begins(
    workflows: RunningWorkflows,
    owner: StoredUser,
    storage: StorageProxy,
    stage: str,
    seconds: float,
) -> None:
    app = workflows.app
    ticket = await opened(app, owner)
    outage = Outage(app, seconds).of(storage)
    workflows.chains = False
    workflows.before = lambda name: outage.begin() if name == stage else None
    began = app.clock.monotonic()
    await check(app, await workflows.run(ticket))
    assert outage.refused
    assert app.clock.monotonic() - began >= seconds


@pytest.mark.parametrize("seconds", OUTAGES)
async def test_storage_away_when_the_model_has_answered(
    workflows: RunningWorkflows, owner: StoredUser, storage: StorageProxy, seconds: float
) -> None:
    app = workflows.app
    ticket = await opened(app, owner)
    outage = Outage(app, seconds).of(storage)

    def answer(*_: Any) -> Response:
        outage.begin()
        return ANSWER

    app.model.reset(answer)
    ended = await workflows.run(ticket)
    await check(app, ended)
    assert outage.refused
    assert "Storage was away: waited for it for " in ended.processing_logs
    told = await app.ticket_queries.timeline(by(owner), ticket.id)
    shares = {str(one.waits_for or one.kind): one.seconds for one in told.shares}
    assert shares["storage"] >= 0.8 * seconds
    assert shares["storage"] > shares["step"]
    assert sum(shares.values()) == pytest.approx(told.seconds, abs=0.1)


async def test_storage_away_at_each_call_of_a_ticket(
    workflows: RunningWorkflows, owner: StoredUser, storage: StorageProxy
) -> None:
    app, number, refused = workflows.app, 0, True
    while refused:
        app.model.reset(lambda *_: ANSWER)
        ticket = await opened(app, owner)
        outage = Outage(app, OUTAGES[number % len(OUTAGES)])
        storage.reset(before=_beginning(outage, number))
        await workflows.end(ticket)
        storage.reset()
        await check(app, await app.ticket_queries.complete(await app.tickets.read(ticket.id)))
        number, refused = number + 1, outage.refused > 0
    assert number > 10


def _beginning(outage: Outage, number: int) -> Any:
    """With the call of this number."""
    left = [number]

    async def before(_: Call) -> Response | None:
        left[0] -= 1
        if left[0] < 0:
            outage.begin()
        return outage.refuse()

    return before


@pytest.mark.parametrize("seconds", OUTAGES)
async def test_the_model_away(
    workflows: RunningWorkflows, owner: StoredUser, seconds: float
) -> None:
    app = workflows.app
    outage = Outage(app, seconds)
    outage.begin()
    app.model.reset(lambda *_: outage.refuse() or ANSWER)
    ended = await workflows.run(await opened(app, owner))
    assert ended.status is Status.COMPLETED, ended.error_message
    assert await booked(app, ended) == TOKENS
    assert outage.refused


Reviewed = tuple[RunningWorkflows, Reviews, StoredTicket]


@pytest.fixture
async def reviewed(
    app: AppUnderTest, github: GitHubServer, tmp_path: Path
) -> AsyncIterator[Reviewed]:
    """A ticket for a pull request, whose review is to be posted."""
    reviews = Reviews(app.another(**STEPS), github, History(tmp_path / "app"))
    (tmp_path / "state").mkdir()
    async with running_workflows(reviews.app, tmp_path / "state") as running:
        reviews.reviewer.findings = lambda _: [proposed("    start = page * 20")]
        url = reviews.change({"shop/orders.py": BASE}, {"shop/orders.py": HEAD})
        order = await reviews.open(url, post_review=True)
        yield running, reviews, await reviews.app.tickets.read(order["ticket_id"])


@pytest.mark.parametrize("seconds", OUTAGES)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_github_away(reviewed: Reviewed, method: str, seconds: float) -> None:
    workflows, reviews, ticket = reviewed
    outage = Outage(workflows.app, seconds)
    reviews.github.script = _away(outage, method)
    ended = await workflows.run(ticket)
    assert ended.status is Status.COMPLETED, ended.error_message
    assert outage.refused
    assert [review["id"] for review in reviews.posted()] == [1]


async def test_a_review_that_cannot_be_posted_in_time_is_not_lost(reviewed: Reviewed) -> None:
    workflows, reviews, ticket = reviewed
    reviews.github.script = _away(Outage(workflows.app, TOO_LONG), "POST")
    ended = await workflows.run(ticket)
    assert ended.status is Status.COMPLETED, ended.error_message
    assert "out of order" in ended.result_data["posted"]["reason"]


def _away(outage: Outage, method: str) -> Callable[[int, Request], Response | None]:
    def script(_: int, request: Request) -> Response | None:
        if request.method != method:
            return None
        outage.begin()
        return outage.refuse()

    return script


async def test_github_away_for_too_long(reviewed: Reviewed) -> None:
    workflows, reviews, ticket = reviewed
    reviews.github.script = _away(Outage(workflows.app, TOO_LONG), "GET")
    ended = await workflows.run(ticket)
    assert ended.status is Status.FAILED
    assert ended.error_message == (
        "GitHub is out of order (HTTP 503). "
        "It did not get better in time (GITHUB_MAX_WAIT_SECONDS)."
    )


@pytest.mark.parametrize("stage", ["plan", "work", "combine"])
async def test_storage_away_for_too_long(
    workflows: RunningWorkflows, owner: StoredUser, storage: StorageProxy, stage: str
) -> None:
    """The end is written once it is back."""
    app = workflows.app
    ticket = await opened(app, owner)
    outage = Outage(app, TOO_LONG).of(storage)
    name = f"custom_{stage}"
    workflows.chains = False
    workflows.before = lambda begun: outage.begin() if begun == name else None
    ended = await workflows.run(ticket)
    assert ended.status is Status.FAILED
    assert ended.error_message == (
        "Storage is away. It did not get better in time (STORAGE_MAX_WAIT_SECONDS)."
    )
    assert await booked(app, ended) == ended.tokens_used == TOKENS * len(app.model.bodies)


async def test_the_model_away_for_too_long(workflows: RunningWorkflows, owner: StoredUser) -> None:
    workflows.app.model.reset(lambda *_: Response(status_code=503))
    began = workflows.app.clock.monotonic()
    ended = await workflows.run(await opened(workflows.app, owner))
    assert ended.status is Status.FAILED
    assert "(MODEL_MAX_WAIT_SECONDS)" in str(ended.error_message)
    assert workflows.app.clock.monotonic() - began >= 900


async def test_snowflake_away_for_too_long(
    app: AppUnderTest, owner: StoredUser, tmp_path: Path
) -> None:
    nowhere = {"SNOWFLAKE_MCP_URL": "http://127.0.0.1:9/mcp", "SNOWFLAKE_ALLOWED": "user"}
    here = app.another(**nowhere, SNOWFLAKE_DATABASES="SALES", SNOWFLAKE_MAX_WAIT_SECONDS="60")
    async with running_workflows(here, tmp_path) as running:
        data = {"query_request": "How many customers are there?"}
        body = {"title": "T", "task_type": "snowflake_query", "task_data": data}
        new = validate_model(NewTicket, body)
        ticket = (await here.ticket_opening.open_ticket(by(owner), new)).ticket
        ended = await running.run(ticket)
    assert ended.status is Status.FAILED
    assert "(SNOWFLAKE_MAX_WAIT_SECONDS)" in str(ended.error_message)


@pytest.mark.parametrize("seconds", [120.0, TOO_LONG])
async def test_what_was_paid_is_booked_when_storage_is_away_longer_than_a_step(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy, tmp_path: Path, seconds: float
) -> None:
    """The answer is lost, and asked for again; what it has cost is not."""
    async with running_workflows(app, tmp_path) as workflows:
        ticket = await opened(app, owner)
        outage = Outage(app, seconds).of(storage)

        def answer(number: int, _: Body) -> Response:
            outage.begin()
            return ANSWER

        app.model.reset(answer)
        ended = await workflows.run(ticket)
    assert ended.status is (Status.COMPLETED if seconds == OUTAGES[-1] else Status.FAILED)
    assert await booked(app, ended) == ended.tokens_used == TOKENS * len(app.model.bodies) > 0
