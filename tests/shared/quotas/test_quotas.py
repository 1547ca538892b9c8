"""What users, departments and the whole app may use: never more, and counted once."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.errors import Conflict, Forbidden, Invalid, PreconditionFailed, QuotaExceeded, TooLarge
from shared.models import (
    AppSettings,
    AppSettingsChanges,
    NewTicket,
    QuotaUsage,
    Status,
    StoredTicket,
    StoredUser,
    TicketChanges,
    validate_model,
)
from shared.quotas.counts import next_day, next_month
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import AppUnderTest
from tests.support.product.workflow import ANSWER, answering, order_of, run, shown
from tests.support.servers.model import ModelServer, completion
from tests.support.servers.storage_proxy import StorageProxy, lose_answers

_AT_ONCE = 10
DONE = '{"summary": "Done.", "task_result": "# Done"}'
CUSTOM = {"task_description": "Do it."}


def anything(_: str) -> None:
    """What a client without If-Match expects."""


class QuotasUnderTest:
    """Short ways to set limits, and to open tickets under them."""

    def __init__(self, app: AppUnderTest) -> None:
        self.app = app
        self.accounts = AccountsUnderTest(app)

    async def limit(self, **limits: Any) -> AppSettings:
        """Set the limits of the app, of departments, of users; all others are gone."""
        boss = by(await self.accounts.boss())
        changes = validate_model(AppSettingsChanges, {"limits": limits})
        return (await self.app.app_settings.change(boss, changes, anything)).settings

    async def open(self, user: StoredUser, app: AppUnderTest | None = None, **more: Any) -> Any:
        new = {"title": "T", "task_type": "custom", "task_data": CUSTOM, **more}
        opening = (app or self.app).ticket_opening
        return (await opening.open_ticket(by(user), validate_model(NewTicket, new))).ticket

    async def open_all(self, user: StoredUser, count: int, *apps: AppUnderTest) -> list[Any]:
        """Tickets, or why they were refused, opened a few at once and by turns on the processes."""
        answers: list[Any] = []
        for begin in range(0, count, _AT_ONCE):
            wave = range(begin, min(begin + _AT_ONCE, count))
            opened = (self.open(user, apps[n % len(apps)]) for n in wave)
            answers += await asyncio.gather(*opened, return_exceptions=True)
        return answers

    async def run(self, ticket: StoredTicket, app: AppUnderTest | None = None) -> StoredTicket:
        """Work on a ticket to its end."""
        used, order = app or self.app, order_of(ticket)
        step = await run(used.activities, order)
        if step["kind"] == "failure":
            await used.activities.fail(order, step["reason"], step["cause"])
        return await shown(used, order)

    async def cancel(self, user: StoredUser, ticket: StoredTicket) -> None:
        await self.app.ticket_service.cancel(by(user), ticket.id)

    async def usage(self, user: StoredUser, app: AppUnderTest | None = None) -> QuotaUsage:
        return await (app or self.app).usage_report.of_user(user)

    def until(self, moment: datetime) -> None:
        """Let it be that time, and a minute more."""
        self.app.clock.advance((moment - self.app.clock.now()).total_seconds() + 60)


@pytest.fixture
def quotas(app: AppUnderTest, model: ModelServer) -> QuotasUnderTest:
    """At noon, so that no day ends during a test."""
    model.reset(answering(ANSWER))
    made = QuotasUnderTest(app)
    made.until(next_day(app.clock.now()) + timedelta(hours=12))
    return made


@pytest.fixture
async def ann(quotas: QuotasUnderTest) -> StoredUser:
    return await quotas.accounts.hire("ann", department="Ships")


@pytest.fixture
async def bob(quotas: QuotasUnderTest) -> StoredUser:
    return await quotas.accounts.hire("bob", department="Ships")


def count_calls(storage: StorageProxy) -> int:
    """Of tables: lines about steps are appended to a blob when it is time for that."""
    return sum(call.service == "table" for call in storage.calls)


def refused(answers: list[Any]) -> int:
    """How many were refused; all others are tickets."""
    kinds = [type(answer) for answer in answers]
    assert set(kinds) <= {StoredTicket, QuotaExceeded}, answers
    return kinds.count(QuotaExceeded)


async def test_large_inputs_are_stored_bytes(quotas: QuotasUnderTest, ann: StoredUser) -> None:
    async def used() -> int | None:
        return (await quotas.usage(ann)).used.user.stored_bytes

    async def edit(size: int) -> None:
        changes = validate_model(TicketChanges, {"description": "x" * size})
        await quotas.app.ticket_service.edit(by(ann), ticket.id, changes, lambda _: None)

    await quotas.limit(users={ann.id: {"stored_bytes": 100_000}})
    ticket = await quotas.open(ann, description="x" * 60_000)
    assert await used() == 60_002
    with pytest.raises(QuotaExceeded):
        await quotas.open(ann, description="x" * 60_000)
    with pytest.raises(QuotaExceeded):  # Until the change is made both are stored.
        await edit(60_001)
    await edit(39_000)
    assert await used() == 39_002
    await edit(10)
    assert await used() == 0
    await edit(20_000)
    assert await used() == 20_002
    await quotas.app.ticket_deletion.delete(by(ann), ticket.id)
    assert await used() == 0


async def test_a_user_opens_so_many_tickets_a_day_and_no_more(
    quotas: QuotasUnderTest, ann: StoredUser, bob: StoredUser
) -> None:
    await quotas.limit(users={ann.id: {"tickets_per_day": 2}})
    for _ in range(2):
        await quotas.open(ann)
    with pytest.raises(QuotaExceeded) as refusal:
        await quotas.open(ann)
    moment = quotas.app.clock.now()
    seconds = (next_day(moment) - moment).total_seconds()
    assert abs(int(refusal.value.headers["Retry-After"]) - seconds) <= 2
    assert refusal.value.body("/")["quota"] == {
        "scope": "user",
        "name": "tickets_per_day",
        "limit": 2,
        "left": 0,
    }
    await quotas.open(bob)
    usage = await quotas.usage(ann)
    assert usage.model_dump(exclude_none=True, exclude={"resets_at"}) == {
        "limits": {"user": {"tickets_per_day": 2}, "department": {}, "app": {}},
        "used": {"user": {"tickets_per_day": 2}, "department": {}, "app": {}},
        "left": {"user": {"tickets_per_day": 0}, "department": {}, "app": {}},
    }
    quotas.until(usage.resets_at.day)
    await quotas.open(ann)


async def test_those_without_limits_of_their_own_have_those_of_the_others(
    quotas: QuotasUnderTest, ann: StoredUser, bob: StoredUser
) -> None:
    one = {"tickets_per_day": 1}
    await quotas.limit(users={"*": one, ann.id: {}}, departments={"*": {"tickets_per_day": 3}})
    await quotas.open(bob)
    with pytest.raises(QuotaExceeded, match="You may open 1 tickets"):
        await quotas.open(bob)
    for _ in range(2):
        await quotas.open(ann)
    with pytest.raises(QuotaExceeded, match="Your department may open 3 tickets"):
        await quotas.open(ann)


async def test_a_department_that_one_says_oneself_takes_nothing_from_it(
    quotas: QuotasUnderTest, ann: StoredUser, bob: StoredUser
) -> None:
    """Nor does another name lead out of the limits of the one that was given."""
    await quotas.limit(departments={"Ships": {"tickets_per_day": 1}})
    eve, mallory = [
        await quotas.accounts.register(names(name, department="Ships")) for name in ("eve", "mal")
    ]
    await quotas.open(eve)
    with pytest.raises(QuotaExceeded, match="Your department may open 1 tickets"):
        await quotas.open(mallory)
    assert (await quotas.usage(mallory)).used.department.tickets_per_day == 1
    assert (await quotas.usage(ann)).used.department.tickets_per_day == 0
    ann = await quotas.accounts.change_own(ann, department="Yachts")
    await quotas.open(ann)
    for user in (ann, bob):
        with pytest.raises(QuotaExceeded, match="Your department may open 1 tickets"):
            await quotas.open(user)


async def test_a_ticket_runs_until_it_ends_however_it_does(
    quotas: QuotasUnderTest, ann: StoredUser, bob: StoredUser
) -> None:
    await quotas.limit(departments={"Ships": {"running_tickets": 2}})
    done, cancelled = await quotas.open(ann), await quotas.open(bob)
    with pytest.raises(QuotaExceeded) as refusal:
        await quotas.open(ann)
    assert refusal.value.seconds == 30
    assert (await quotas.run(done)).status is Status.COMPLETED
    await quotas.cancel(bob, cancelled)
    await quotas.cancel(bob, cancelled)
    deleted, last = await quotas.open(ann), await quotas.open(ann)
    with pytest.raises(QuotaExceeded):
        await quotas.open(bob)
    await quotas.app.ticket_deletion.delete(by(ann), deleted.id)
    await quotas.open(bob)
    assert (await quotas.usage(ann)).used.department.running_tickets == 2
    await quotas.app.ticket_deletion.delete(by(ann), last.id)
    assert (await quotas.usage(ann)).used.department.running_tickets == 1


async def test_an_attempt_more_counts_like_a_ticket(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    await quotas.limit(users={"*": {"tickets_per_day": 2}})
    ticket = await quotas.run(await quotas.open(ann))
    again = await quotas.app.ticket_service.reprocess(by(ann), ticket.id)
    with pytest.raises(Conflict):
        await quotas.app.ticket_service.reprocess(by(ann), ticket.id)
    await quotas.run(again)
    with pytest.raises(QuotaExceeded):
        await quotas.app.ticket_service.reprocess(by(ann), ticket.id)
    assert (await quotas.app.tickets.read(ticket.id)).status is Status.COMPLETED


@pytest.mark.parametrize("limit", [5, 40])
async def test_two_processes_never_pass_the_apps_limit_together(
    quotas: QuotasUnderTest, ann: StoredUser, limit: int
) -> None:
    await quotas.limit(app={"tickets_per_day": limit, "running_tickets": limit})
    apps = (quotas.app, quotas.app.another())
    tried = limit + 4
    assert refused(await quotas.open_all(ann, tried, *apps)) == 4
    for app in apps:
        with pytest.raises(QuotaExceeded, match="This service"):
            await quotas.open(ann, app)
    assert (await quotas.usage(ann)).left.app.tickets_per_day == 0
    tickets = await quotas.app.tickets.totals(ann.id)
    assert tickets.of(Status.PENDING) == limit


async def test_what_a_process_that_died_had_left_over_is_not_lost(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    await quotas.limit(app={"tickets_per_day": 40})
    dead = quotas.app.another()
    await quotas.open(ann, dead)  # It was granted two.
    assert refused(await quotas.open_all(ann, 40, quotas.app)) == 1
    usage = await quotas.usage(ann)
    assert (usage.used.app.tickets_per_day, usage.left.app.tickets_per_day) == (40, 0)


async def test_a_lower_limit_holds_for_what_was_granted_before(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    await quotas.limit(app={"tickets_per_day": 40})
    other = quotas.app.another()
    for app in (quotas.app, other):
        await quotas.open(ann, app)
    await quotas.limit(app={"tickets_per_day": 3})
    quotas.app.clock.advance(31)  # By then all processes know.
    assert refused(await quotas.open_all(ann, 6, quotas.app, other)) == 5


async def test_an_unset_limit_costs_nothing_and_a_set_one_a_call_at_either_end(
    quotas: QuotasUnderTest, ann: StoredUser, storage: StorageProxy
) -> None:
    async def cost() -> tuple[int, int]:
        storage.reset()
        ticket = await quotas.open(ann)
        opening = count_calls(storage)
        order = order_of(ticket)
        await quotas.app.activities.plan(order)
        storage.reset()
        await quotas.app.activities.fail(order, "It was enough.")
        return opening, count_calls(storage)

    await quotas.app.app_settings.recent()
    await cost()
    free = await cost()
    all_limits = {"tickets_per_day": 1000, "running_tickets": 100, "tokens_per_day": 10**9}
    await quotas.limit(app=all_limits, users={"*": all_limits}, departments={"Ships": all_limits})
    await cost()
    opening, ending = await cost()
    assert (opening - free[0], ending - free[1]) == (1, 1)


async def test_tokens_of_a_day_and_a_month_are_those_that_were_paid(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    await quotas.limit(users={"*": {"tokens_per_day": 50_000, "tokens_per_month": 90_000}})
    ticket = await quotas.run(await quotas.open(ann))
    assert ticket.tokens_used > 0
    used = (await quotas.usage(ann)).used.user
    assert used.tokens_per_day == used.tokens_per_month == ticket.tokens_used
    await quotas.app.activities.fail(order_of(ticket), "A step that ran twice.")
    assert (await quotas.usage(ann)).used.user == used
    usage = await quotas.usage(ann)
    quotas.until(usage.resets_at.day)
    used = (await quotas.usage(ann)).used.user
    assert used.tokens_per_day == 0
    same_month = quotas.app.clock.now() < usage.resets_at.month
    assert used.tokens_per_month == (ticket.tokens_used if same_month else 0)
    quotas.until((await quotas.usage(ann)).resets_at.month)
    assert (await quotas.usage(ann)).used.user.tokens_per_month == 0


async def test_no_ticket_is_opened_without_a_token_left(
    quotas: QuotasUnderTest, ann: StoredUser, model: ModelServer
) -> None:
    await quotas.limit(departments={"Ships": {"tokens_per_month": 2_000}})
    model.reset(answering(completion(DONE, tokens=(1_900, 200))))
    ticket = await quotas.run(await quotas.open(ann))
    assert (ticket.status, ticket.tokens_used) == (Status.COMPLETED, 2_100)
    with pytest.raises(QuotaExceeded) as refusal:
        await quotas.open(ann)
    moment = quotas.app.clock.now()
    assert abs(refusal.value.seconds - (next_month(moment) - moment).total_seconds()) <= 2
    assert refusal.value.quota["name"] == "tokens_per_month"


async def test_nothing_is_asked_that_a_ticket_has_no_tokens_for(
    quotas: QuotasUnderTest, ann: StoredUser, model: ModelServer
) -> None:
    ticket = await quotas.run(await quotas.open(ann, max_tokens=1))
    assert (ticket.status, ticket.max_tokens, ticket.tokens_used) == (Status.FAILED, 1, 0)
    assert ticket.error_message == (
        "The 1 tokens that this ticket may use are used up; please give it more (max_tokens), or "
        "less to do."
    )
    assert model.bodies == []
    enough = await quotas.run(await quotas.open(ann, max_tokens=1_000))
    assert enough.status is Status.COMPLETED


async def test_a_ticket_may_not_have_more_tokens_than_its_limits(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    await quotas.limit(app={"tokens_per_day": 500})
    with pytest.raises(Invalid) as fault:
        await quotas.open(ann, max_tokens=501)
    assert fault.value.errors[0]["loc"] == ["max_tokens"]
    await quotas.open(ann, max_tokens=500.0)
    for no_number in ("500", True, 0, 1.5):
        with pytest.raises(Invalid):
            await quotas.open(ann, max_tokens=no_number)


async def test_what_was_counted_for_a_ticket_that_never_came_to_be_is_given_back(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    await quotas.limit(users={"*": {"tickets_per_day": 5, "running_tickets": 5}})
    ticket = await quotas.open(ann)
    lost = ticket.model_copy(
        update={"id": f"{ticket.id[:-1]}{'0' if ticket.id[-1] != '0' else '1'}"}
    )
    await quotas.app.quotas.admit(lost, ann)
    ended = await quotas.run(await quotas.open(ann))
    following = ended.model_copy(update={"attempt": 2})
    await quotas.app.quotas.admit(following, ann)
    await quotas.app.hold_sweeper.sweep()
    assert (await quotas.usage(ann)).used.user.running_tickets == 3
    quotas.app.clock.advance(16 * 60)
    await quotas.app.hold_sweeper.sweep()
    used = (await quotas.usage(ann)).used.user
    assert used.running_tickets == 1


async def test_limits_are_set_by_administrators_seen_by_all_and_leave_a_trace(
    quotas: QuotasUnderTest, ann: StoredUser
) -> None:
    store = quotas.app.app_settings
    with pytest.raises(Forbidden):
        await store.read(by(ann))
    with pytest.raises(Forbidden):
        await store.change(by(ann), AppSettingsChanges(registration_open=False), anything)
    boss = by(await quotas.accounts.boss())
    before = await store.read(boss)
    await quotas.limit(app={"running_tickets": 7})

    def expects(version: str) -> None:
        if version != before.version:
            raise PreconditionFailed("It has changed.")

    with pytest.raises(PreconditionFailed):
        await store.change(boss, AppSettingsChanges(registration_open=False), expects)
    closed = await store.change(boss, AppSettingsChanges(registration_open=False), anything)
    assert closed.settings.limits.app.running_tickets == 7
    assert (await quotas.app.another().app_settings.read(boss)).settings == closed.settings
    event = (await quotas.accounts.trail.newest())[0]
    assert (event.action, event.user_id) == ("settings_changed", boss.id)
    assert (event.old_values["registration_open"], event.new_values["registration_open"]) == (
        True,
        False,
    )
    long = {f"user {n:0190}": {"tickets_per_day": n} for n in range(400)}
    with pytest.raises(TooLarge):
        await quotas.limit(users=long)


@pytest.mark.parametrize("lost", [1, 2])
async def test_a_count_whose_answer_is_lost_is_one(
    quotas: QuotasUnderTest, ann: StoredUser, storage: StorageProxy, lost: int
) -> None:
    await quotas.limit(
        app={"tickets_per_day": 100}, users={"*": {"running_tickets": 5, "tokens_per_day": 1000}}
    )
    await quotas.app.app_settings.recent()
    storage.reset(after=lose_answers(lost))
    ticket = await quotas.open(ann)
    storage.reset()
    usage = await quotas.usage(ann)
    assert (usage.used.app.tickets_per_day, usage.used.user.running_tickets) == (1, 1)
    storage.reset(after=lose_answers(lost))
    await quotas.app.quotas.settle(ticket.id, 1, 400)
    await quotas.app.another().quotas.settle(ticket.id, 1, 400)
    used = (await quotas.usage(ann)).used.user
    assert (used.running_tickets, used.tokens_per_day) == (0, 400)
