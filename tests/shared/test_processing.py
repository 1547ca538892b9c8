"""The steps of an attempt: each may run twice, die anywhere, or come too late."""

import asyncio
import json
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from shared.attachments.changes import adding
from shared.audit.chain import Actor, Draft, first_invalid
from shared.errors import NotFound
from shared.models import Attachment, AuditAction, Status, StoredTicket, StoredUser
from shared.tickets.attempts import Attempt
from shared.tickets.permissions import Permissions
from shared.tickets.results import TicketQueries
from shared.tickets.transaction import TicketChange
from shared.workflow.activities import Activities
from shared.workflow.messages import ResultKind, RoundFacts, StartInput, Step, kind_of
from tests.model_server import completion
from tests.proxy import Call, StorageProxy
from tests.shared.conftest import House, user

ANSWER = completion(json.dumps({"summary": "Done.", "task_result": "# Done"}))


def answering(*answers: Response) -> Any:
    return lambda number, _: answers[min(number, len(answers)) - 1]


async def opened(house: House, owner: StoredUser, **data: Any) -> StartInput:
    task_data = {"task_description": "Do it."} | data
    body = {"title": "T", "task_type": "custom", "task_data": task_data}
    opened = await house.intake.open_ticket(owner, body, Actor(owner.id))
    return order_of(opened.ticket)


def order_of(ticket: StoredTicket) -> StartInput:
    return StartInput(
        ticket_id=ticket.id,
        attempt=ticket.attempt,
        task_type=ticket.task_type,
        parallel=4,
        first_wait=1,
        most_wait=10,
        waiting=None,
    )


async def run(processing: Activities, order: StartInput) -> Step:
    """All steps of a ticket as the workflow does them, one after the other."""
    step = await processing.plan(order)
    while step["kind"] == "round":
        for index, item in enumerate(step["items"]):
            worked = await processing.work(order, step["facts"], index, item)
            if worked["kind"] != "outcome":
                return worked
        step = await processing.combine(order, step["facts"])
    if step["kind"] == "done":
        await processing.finish(order, step)
    return step


async def shown(house: House, order: StartInput) -> StoredTicket:
    reading = TicketQueries(house.tickets, house.container, Permissions(house.users))
    return await reading.with_result(await house.tickets.read(order["ticket_id"]))


async def actions(house: House, order: StartInput) -> list[AuditAction]:
    events = await house.tickets.events(order["ticket_id"])
    assert first_invalid(events) is None
    return [event.action for event in events]


async def test_a_ticket_goes_from_plan_to_result(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(ANSWER))
    order = await opened(house, owner, colour="red")

    await run(house.processing, order)

    ticket = await shown(house, order)
    assert ticket.status is Status.COMPLETED
    assert ticket.result_data == {
        "summary": "Done.",
        "task_result": "# Done",
        "model": "scripted-model",
        "usage": {
            "calls": 1,
            "prompt_tokens": 10,
            "completion_tokens": 5,
            "cached": 0,
            "reused": 0,
        },
        "warnings": ["task_data.colour is not known and was not used."],
        "formats": ["json", "md"],
    }
    assert (ticket.ai_model_used, ticket.tokens_used) == ("scripted-model", 15)
    assert ticket.progress.percent == 100
    assert ticket.completed_at is not None
    assert ticket.processing_time_seconds is not None
    assert [line.partition(" ")[2] for line in ticket.processing_logs.splitlines()] == [
        "Attempt 1 begins.",
        "working: 1 of 1 done.",
        "Completed with 15 tokens.",
    ]
    assert await actions(house, order) == [
        AuditAction.TICKET_CREATED,
        AuditAction.TICKET_STARTED,
        AuditAction.TICKET_COMPLETED,
    ]


async def test_every_step_twice_is_as_good_as_once(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(ANSWER))
    order = await opened(house, owner)
    for step in ("plan", "work", "combine", "finish"):
        for processing in (house.processing, house.worker()):
            if step == "plan":
                planned = await processing.plan(order)
            elif step == "work":
                await processing.work(order, planned["facts"], 0, {})
            elif step == "combine":
                done = await processing.combine(order, planned["facts"])
            else:
                await processing.finish(order, done)

    ticket = await shown(house, order)
    assert (ticket.status, ticket.tokens_used) == (Status.COMPLETED, 15)
    assert len(house.model.bodies) == 1, "an outcome that is there is not paid for again"
    assert len(await actions(house, order)) == 3
    assert len(ticket.processing_logs.splitlines()) == 3
    assert await run(house.worker(), order) == {"kind": "stopped"}


async def test_a_ticket_of_one_piece_costs_at_most_25_storage_calls(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    house.model.reset(answering(ANSWER))
    await run(house.processing, await opened(house, owner))  # which makes table and container
    storage.reset()

    await run(house.processing, await opened(house, owner))

    assert len(storage.calls) == 21


async def test_a_ticket_that_was_cancelled_is_left_alone(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(ANSWER))
    order = await opened(house, owner)
    planned = await house.processing.plan(order)
    draft = Draft(AuditAction.TICKET_FAILED, Actor(), "Cancelled.")
    await house.tickets.change(
        order["ticket_id"], lambda _: TicketChange({"status": Status.CANCELLED}, draft)
    )

    stopped = {"kind": "stopped"}
    assert await house.processing.work(order, planned["facts"], 0, {}) == stopped
    assert await house.processing.combine(order, planned["facts"]) == stopped
    await house.processing.finish(order, {"kind": "done", "model": "m", "tokens": 1})
    await house.processing.fail(order, "Too late.")

    ticket = await shown(house, order)
    assert (ticket.status, ticket.error_message) == (Status.CANCELLED, None)
    assert house.model.bodies == []
    assert len(await actions(house, order)) == 3


async def test_a_ticket_that_was_deleted_stops_without_a_fuss(
    house: House, owner: StoredUser
) -> None:
    order = await opened(house, owner)
    planned = await house.processing.plan(order)
    rest = order["ticket_id"].partition("-")[2]
    await house.table.delete(owner.id, f"ticket_{rest}")

    assert await house.processing.work(order, planned["facts"], 0, {}) == {"kind": "stopped"}
    await house.processing.finish(order, {"kind": "done", "model": "m", "tokens": 1})
    await house.processing.fail(order, "Whatever.")
    with pytest.raises(NotFound):
        await house.tickets.read(order["ticket_id"])


async def test_an_older_attempt_changes_nothing(house: House, owner: StoredUser) -> None:
    order = await opened(house, owner)
    await house.tickets.change(order["ticket_id"], lambda _: TicketChange({"attempt": 2}))
    assert await house.processing.plan(order) == {"kind": "stopped"}
    await house.processing.fail(order, "Late.")
    assert (await shown(house, order)).status is Status.PENDING


async def test_a_failure_is_told_and_its_calls_are_counted(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(completion("no JSON")))
    order = await opened(house, owner)

    failed = await run(house.processing, order)
    for processing in (house.processing, house.worker()):
        await processing.fail(order, failed["reason"])

    ticket = await shown(house, order)
    assert ticket.status is Status.FAILED
    assert ticket.error_message == failed["reason"]
    assert "answered twice" in failed["reason"]
    assert ticket.tokens_used == 30
    assert ticket.result_data == {}
    assert (await actions(house, order))[-1] is AuditAction.TICKET_FAILED
    assert len(await actions(house, order)) == 3


async def test_a_busy_model_becomes_a_wait_that_people_see(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(JSONResponse({}, 429, {"Retry-After": "7"})))
    order = await opened(house, owner)

    for _ in range(2):
        answer = await run(house.processing, order)
        assert answer["kind"] == "wait"
        assert answer["seconds"] == 7

    log = (await shown(house, order)).processing_logs
    assert log.count("Waiting: The model is busy (HTTP 429).") == 1
    house.model.reset(answering(ANSWER))
    assert (await run(house.processing, order))["kind"] == "done"


async def test_repaired_and_failed_calls_are_in_the_usage(house: House, owner: StoredUser) -> None:
    house.model.reset(answering(completion("no JSON"), ANSWER))
    order = await opened(house, owner)
    await run(house.processing, order)
    ticket = await shown(house, order)
    assert ticket.result_data["usage"]["calls"] == 2
    assert ticket.tokens_used == 30


async def test_a_call_that_storage_wrote_down_twice_counts_once(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    house.model.reset(answering(ANSWER))
    order = await opened(house, owner)
    planned = await house.processing.plan(order)
    spoiled: list[Call] = []

    async def lose_the_answer(call: Call) -> Response | None:
        if "calls.jsonl" in call.path and call.method == "PUT" and not spoiled:
            spoiled.append(call)
            return Response(status_code=500)
        return None

    storage.reset(after=lose_the_answer)
    await house.processing.work(order, planned["facts"], 0, {})

    attempt = Attempt(house.container, order["ticket_id"], 1)
    assert spoiled
    assert (await attempt.ledger()).usage.calls == 1


async def test_progress_rises_and_never_falls(house: House, owner: StoredUser) -> None:
    order = await opened(house, owner)
    await house.processing.plan(order)
    facts = RoundFacts(number=1, stage="reading", total=20, starts_at=10, ends_at=90)
    house.model.reset(answering(ANSWER))
    seen: list[int] = []

    async def watch() -> None:
        while not seen or seen[-1] < 90:
            seen.append((await house.tickets.read(order["ticket_id"])).progress.percent)
            await asyncio.sleep(0.005)

    watching = asyncio.create_task(watch())
    workers = [house.worker() for _ in range(4)]
    await asyncio.gather(*(workers[index % 4].work(order, facts, index, {}) for index in range(20)))
    await asyncio.wait_for(watching, 10)

    assert seen == sorted(seen)
    ticket = await shown(house, order)
    assert ticket.progress.model_dump() == {
        "stage": "reading",
        "done": 20,
        "total": 20,
        "percent": 90,
    }
    await house.processing.work(order, facts, 3, {})
    assert (await shown(house, order)).seq == ticket.seq


async def test_storage_that_is_away_is_waited_for(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    order = await opened(house, owner)

    async def away(_: Call) -> Response | None:
        return Response(status_code=503)

    storage.reset(before=away)
    answer = await house.processing.plan(order)
    assert kind_of(answer) is ResultKind.WAIT
    assert "away" in answer["reason"]


async def test_a_step_that_takes_long_ends_and_goes_on_as_another(
    house: House, owner: StoredUser, storage: StorageProxy
) -> None:
    order = await opened(house, owner)

    async def slow(call: Call) -> Response | None:
        if "/work/" in call.path:
            await asyncio.sleep(1)
        return None

    storage.reset(before=slow)
    answer = await house.worker(step_seconds=0.5).plan(order)
    assert kind_of(answer) is ResultKind.WAIT
    assert "takes long" in (await shown(house, order)).processing_logs
    storage.reset()
    assert kind_of(await house.worker().plan(order)) is ResultKind.ROUND


async def test_only_readers_may_read(house: House, owner: StoredUser) -> None:
    from shared.models import Role

    order = await opened(house, owner)
    reading = TicketQueries(house.tickets, house.container, Permissions(house.users))
    await reading.ticket(owner, order["ticket_id"])
    await reading.ticket(user(Role.ADMIN), order["ticket_id"])
    for stranger in (user(), user(Role.MANAGER)):
        with pytest.raises(NotFound):
            await reading.ticket(stranger, order["ticket_id"])


async def test_a_file_that_comes_while_the_wait_is_given_up_goes_on_with_it(
    house: House, owner: StoredUser
) -> None:
    """Its event may be lost with the wait: the workflow must look again."""
    body = {"title": "Papers", "task_type": "doc_analysis"}
    opened = await house.intake.open_ticket(owner, body, Actor(owner.id))
    order = order_of(opened.ticket)
    assert kind_of(await house.processing.plan(order)) is ResultKind.NO_FILES
    file = Attachment(
        id="0" * 16,
        filename="a.txt",
        file_size=1,
        content_type="text/plain",
        sha256="0" * 64,
        uploaded_at=opened.ticket.created_at,
    )
    await house.tickets.change(order["ticket_id"], adding([file], Actor(owner.id)))
    answer = await house.processing.give_up(order)
    assert answer == {"kind": "no_files", "stirring": True}
    assert (await house.tickets.read(order["ticket_id"])).status is Status.PENDING
