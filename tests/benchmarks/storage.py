"""Storage calls of the running app, counted by a proxy, and many writers of one ticket."""

import asyncio
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import httpx2

from infra.local.azurite import Azurite, Ports
from shared.audit.chain import Actor, Draft
from shared.clients.tables import Table
from shared.models import AuditAction, Priority, Status, StoredTicket
from shared.storage.keys import new_ticket_id, new_user_id
from shared.storage.sharded_counters import Counters, counter_name
from shared.tickets.listing.index import Index, listing_state_of
from shared.tickets.repository import Tickets
from shared.tickets.rows import insert_ticket
from shared.tickets.transaction import TicketChange
from tests.benchmarks.verdicts import Row, judge, judge_most, tell
from tests.support.product.app import AppUnderTest, make_app
from tests.support.product.chains import first_invalid
from tests.support.product.clock import now
from tests.support.running_app import PASSWORD, RunningApp, custom, run_app

FEW, MANY, OWNERS = 500, 50_000, 1_000
WRITERS, UPDATES = 16, 100
_IN_A_TRANSACTION = 49  # tickets, of two rows each
_ADMIN = "boss@example.com"
_TRIES = 3
_SETTINGS = {
    "BOOTSTRAP_ADMIN_EMAIL": _ADMIN,
    "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
    "SWEEP_SCHEDULE": "0 0 0 1 1 *",
    "USER_CACHE_SECONDS": "600",
}


def measure() -> Iterator[Row]:
    """What was measured, and whether it holds its target, each as soon as it is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(
            azurite.connection_string, Path(folder) / "running_app", **_SETTINGS
        ) as running_app,
    ):
        yield from _single_calls(running_app)
        yield asyncio.run(_writers(running_app))
        yield from asyncio.run(_lists(running_app))


def _cost(running_app: RunningApp, call: Callable[[], httpx2.Response]) -> int:
    """The calls of a request, the fewest of some: the app's clock may strike during one."""
    counts = []
    for _ in range(_TRIES):
        running_app.storage.reset()
        answer = call()
        if not answer.is_success:
            raise RuntimeError(answer.text)
        counts.append(len(running_app.storage.calls))
    return min(counts)


def _single_calls(running_app: RunningApp) -> list[Row]:
    ticket = running_app.run()
    path, numbers = f"/tickets/{ticket['id']}", iter(range(99))
    running_app.api.put(path, json={"title": "The first change"})

    def put() -> httpx2.Response:
        return running_app.api.put(path, json={"title": f"Number {next(numbers)}"})

    def create() -> httpx2.Response:
        """A ticket that waits for files: its workflow does nothing but wait."""
        body = custom() | {"task_type": "doc_analysis", "task_data": {}}
        return running_app.api.post("/tickets", json=body)

    login = {"username": "ada", "password": PASSWORD}
    if not running_app.log_in("ada"):
        raise RuntimeError("nobody can sign in")
    return [
        judge_most(what, _cost(running_app, call), limit, "storage calls")
        for what, call, limit in (
            ("GET a ticket", lambda: running_app.api.get(path), 1),
            ("PUT a ticket", put, 2),
            ("POST a ticket, until stored", create, 3),
            ("login", lambda: running_app.api.post("/auth/login", data=login), 4),
        )
    ]


async def _lists(running_app: RunningApp) -> list[Row]:
    admin = _admin(running_app)
    ada = running_app.log_in("ada")
    owner = ada.get("/users/me").json()["id"]
    async with _beside(running_app) as app:
        await fill(app.table, owner, FEW)
        few = _list_costs(running_app, ada)
        await fill(app.table, owner, MANY - FEW)
        many = _list_costs(running_app, ada)
        few_owners = _list_costs(running_app, admin)
        for _ in range(OWNERS):
            await fill(app.table, new_user_id(), 2)
        many_owners = _list_costs(running_app, admin)
    admins = f"admin's list, {OWNERS:,} owners"
    return [
        tell(f"list of 20, of {FEW:,} tickets", _words(few)),
        judge(f"list of 20, of {MANY:,} tickets", _words(many), "the same", many == few),
        tell("admin's list, one owner", _words(few_owners)),
        judge(admins, _words(many_owners), "the same", many_owners == few_owners),
    ]


def _list_costs(running_app: RunningApp, api: httpx2.Client) -> list[int]:
    """All, by status, and by cursor."""
    cursor = api.get("/tickets").json()["next_cursor"]
    queries: list[dict[str, str]] = [{}, {"status": "completed"}, {"cursor": cursor}]
    return [_cost(running_app, partial(api.get, "/tickets", params=query)) for query in queries]


def _words(costs: list[int]) -> str:
    whole, status, cursor = costs
    return f"{whole} calls, by status {status}, by cursor {cursor}"


def _admin(running_app: RunningApp) -> httpx2.Client:
    client = httpx2.Client(base_url=running_app.api.base_url, timeout=60)
    login = client.post("/auth/login", data={"username": _ADMIN, "password": PASSWORD})
    client.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
    return client


async def fill(table: Table, owner: str, count: int) -> None:
    """Completed and failed tickets in turn, with all that lists and counts them."""
    counters, index, begin = Counters(table), Index(table), now() - timedelta(days=30)
    made = [_ticket(owner, begin + timedelta(milliseconds=n), n) for n in range(count)]
    for start in range(0, count, _IN_A_TRANSACTION):
        part = made[start : start + _IN_A_TRANSACTION]
        counts: dict[str, int] = {}
        for ticket in part:
            name = counter_name(ticket.status, ticket.task_type)
            counts[name] = counts.get(name, 0) + 1
        writes = [write for ticket in part for write in insert_ticket(ticket)]
        await counters.write(owner, writes, counts)
        places = [place for ticket in part for place in listing_state_of(ticket).places()]
        await index.add(places, "custom", now())


def _ticket(owner: str, moment: datetime, number: int) -> StoredTicket:
    return StoredTicket.model_validate(
        {
            "id": new_ticket_id(owner, moment),
            "title": f"Number {number}",
            "description": "",
            "task_type": "custom",
            "priority": Priority.MEDIUM,
            "status": Status.COMPLETED if number % 2 else Status.FAILED,
            "task_data": {"task_description": "Do it."},
            "created_by": owner,
            "created_at": moment,
            "updated_at": moment,
        }
    )


def _beside(running_app: RunningApp) -> AppUnderTest:
    """Another process of the app, over its tables and around the proxy."""
    return make_app(running_app.storage.upstream, running_app.model, own="")


async def _writers(running_app: RunningApp) -> Row:
    """As many processes would: each writer has its own memory of counters and locks."""
    async with _beside(running_app) as app:
        ticket, first = _ticket(new_user_id(), now(), 0), app.tickets
        await first.create(ticket, Draft(AuditAction.TICKET_CREATED, Actor(), "Created."))
        writers = [app.another().tickets for _ in range(WRITERS)]
        await asyncio.gather(*(_write(tickets, ticket.id) for tickets in writers))
        last = await first.read(ticket.id)
        events = await first.events(ticket.id)
        totals = await first.totals(ticket.created_by)
    lost = WRITERS * UPDATES - last.tokens_used
    whole = first_invalid(events) is None and len(events) == WRITERS * UPDATES + 1
    exact = {name: count for name, count in totals.items() if count} == {
        counter_name(last.status, last.task_type): 1
    }
    measured = f"{lost} lost, chain whole: {whole}, counters exact: {exact}"
    what, holds = f"{WRITERS} writers x {UPDATES} updates", not lost and whole and exact
    return judge(what, measured, "0 lost, whole, exact", holds)


async def _write(tickets: Tickets, ticket_id: str) -> None:
    """Every update adds one and moves the ticket between two statuses."""

    def decide(seen: StoredTicket) -> TicketChange:
        status = Status.FAILED if seen.status is Status.COMPLETED else Status.COMPLETED
        # The place of a ticket in lists is told by its attempt, which rises.
        values = {"tokens_used": seen.tokens_used + 1, "status": status}
        values["attempt"] = seen.attempt + 1
        return TicketChange(
            values, Draft(AuditAction.TICKET_UPDATED, Actor(), "One more."), moment=now()
        )

    for _ in range(UPDATES):
        await tickets.change(ticket_id, decide)
