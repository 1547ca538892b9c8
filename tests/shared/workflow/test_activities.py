"""The steps of an attempt: each may run twice, die anywhere, or come too late."""

import asyncio
from threading import Event
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from starlette.responses import JSONResponse, Response

from shared.attachments.changes import add_files
from shared.audit.chain import Actor, Draft
from shared.errors import NotFound
from shared.models import (
    Attachment,
    AuditAction,
    AuditEvent,
    NewTicket,
    Role,
    Status,
    StoredUser,
    validate_model,
)
from shared.tickets.attempts import Attempt
from shared.tickets.transaction import TicketChange
from shared.workflow.messages import RoundFacts, StartInput
from tests.support.product.accounts import by
from tests.support.product.app import SHORT_STEPS, AppUnderTest, user
from tests.support.product.chains import first_invalid
from tests.support.product.clock import ImpatientClock, now
from tests.support.product.deaths import die_at
from tests.support.product.workflow import (
    ANSWER,
    answering,
    chained,
    go_on,
    opened,
    order_of,
    run,
    shown,
)
from tests.support.servers.model import completion
from tests.support.servers.storage_proxy import Call, StorageProxy, hold


async def actions(app: AppUnderTest, order: StartInput) -> list[AuditAction]:
    events = await app.tickets.events(order["ticket_id"])
    assert first_invalid(events) is None
    return [event.action for event in events]


async def test_a_ticket_goes_from_plan_to_result(app: AppUnderTest, owner: StoredUser) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner, colour="red")

    await run(app.activities, order)

    ticket = await shown(app, order)
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
        "formats": ["json", "md", "html", "docx"],
    }
    assert (ticket.ai_model_used, ticket.tokens_used) == ("scripted-model", 15)
    assert ticket.progress.percent == 100
    assert ticket.completed_at is not None
    assert ticket.processing_time_seconds is not None
    assert [line.partition(" ")[2] for line in ticket.processing_logs.splitlines()] == [
        "Attempt 1 begins.",
        "Completed with 15 tokens.",
    ]
    assert await actions(app, order) == [
        AuditAction.TICKET_CREATED,
        AuditAction.TICKET_STARTED,
        AuditAction.TICKET_COMPLETED,
    ]


@pytest.mark.parametrize(
    ("swept", "line"),
    [
        (False, "Attempt 1 begins, after 30 s in the queue."),
        (True, "Attempt 1 begins: its first start was lost, and it was started again."),
    ],
)
async def test_a_late_beginning_is_told(
    app: AppUnderTest, owner: StoredUser, line: str, *, swept: bool
) -> None:
    order = await opened(app, owner)
    order["swept"] = swept
    app.clock.advance(30)
    await app.activities.plan(order)
    [told] = (await shown(app, order)).processing_logs.splitlines()
    assert told.partition(" ")[2] == line


async def test_every_step_twice_is_as_good_as_once(app: AppUnderTest, owner: StoredUser) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner)
    for step in ("plan", "work", "combine", "finish"):
        for processing in (app.activities, app.another().activities):
            if step == "plan":
                planned: Any = await processing.plan(order)
            elif step == "work":
                await processing.work(order, planned["facts"], 0, {})
            elif step == "combine":
                done: Any = await processing.combine(order, planned["facts"])
            else:
                await processing.finish(order, done)

    ticket = await shown(app, order)
    assert (ticket.status, ticket.tokens_used) == (Status.COMPLETED, 15)
    assert len(app.model.bodies) == 1, "an outcome that is there is not paid for again"
    assert len(await actions(app, order)) == 3
    again = [line for line in ticket.processing_logs.splitlines() if "is begun again" in line]
    assert len(again) == 3
    assert len(ticket.processing_logs.splitlines()) == 2 + len(again)
    assert await run(app.another().activities, order) == {"kind": "stopped"}


async def test_a_ticket_of_one_piece_is_one_step_and_12_storage_calls(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    app.model.reset(answering(ANSWER))
    await run(app.activities, await opened(app, owner))  # which makes table and container
    storage.reset()

    order = chained(await opened(app, owner))
    assert len(storage.calls) == 2
    done = await app.activities.plan(order)

    assert done == {"kind": "done", "model": "scripted-model", "tokens": 15, "finished": True}
    assert len(storage.calls) == 12
    assert (await shown(app, order)).status is Status.COMPLETED
    steps, calls = await Attempt(app.container, order["ticket_id"], 1).course()
    assert [step.name for step in steps] == ["plan", "work", "combine"]
    assert len(calls) == 1
    assert await app.intents.all() == []


async def test_a_chain_twice_is_as_good_as_once(app: AppUnderTest, owner: StoredUser) -> None:
    app.model.reset(answering(ANSWER))
    order = chained(await opened(app, owner))
    first = await app.activities.plan(order)
    assert await app.another().activities.plan(order) == {"kind": "stopped"}
    await app.activities.finish(order, first)  # type: ignore[arg-type]
    assert len(app.model.bodies) == 1
    assert len(await actions(app, order)) == 3


async def test_a_chain_that_died_at_any_storage_call_is_gone_on_with(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    """Of the model's answers those are not paid for again that were stored."""
    app.model.reset(answering(ANSWER))
    await run(app.activities, await opened(app, owner))  # which makes table and container
    app.model.reset(answering(ANSWER))
    for number in range(1, 12):
        order = chained(await opened(app, owner))
        app.model.bodies.clear()
        await die_at(storage, number, app.another().activities.plan(order))

        await run(app.another().activities, order)

        ticket = await shown(app, order)
        assert ticket.status is Status.COMPLETED, number
        assert (
            ticket.tokens_used
            == ticket.result_data["usage"]["prompt_tokens"]
            + 5 * ticket.result_data["usage"]["calls"]
        )
        assert len(app.model.bodies) <= 2, number
        assert len(await actions(app, order)) == 3, number


async def test_a_chain_shows_its_stage_while_a_piece_takes_long(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    """By one write beside the model's call, which the end of the ticket knows of."""
    app.model.reset(answering(ANSWER))
    await run(app.activities, await opened(app, owner))  # which makes table and container
    release = Event()

    def answer_late(*_: object) -> Response:
        release.wait(30)
        return ANSWER

    app.model.reset(answer_late)
    app.clock = ImpatientClock()
    order = chained(await opened(app, owner))
    storage.reset()
    chain = asyncio.create_task(app.activities.plan(order))
    while (seen := await app.tickets.read(order["ticket_id"])).progress.stage != "working":
        await asyncio.sleep(0.01)
    release.set()

    assert (await chain)["finished"]  # type: ignore[typeddict-item]
    assert seen.progress.model_dump() == {"stage": "working", "done": 0, "total": 1, "percent": 5}
    writes = [call for call in storage.calls if call.method == "POST"]
    assert len(writes) == 2 + 1 + 4, "to begin, to show, to end"
    assert (await shown(app, order)).progress.percent == 100
    [told] = [
        message["details"]
        for message in await app.tickets.updates(order["ticket_id"], 0)
        if message["type"] == "processing_status" and message["details"]["stage"] == "working"
    ]
    assert told["percent"] == 5


async def test_a_piece_that_is_alone_in_its_round_is_not_counted(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner)
    planned: Any = await app.activities.plan(order)
    before = await app.tickets.read(order["ticket_id"])
    await app.activities.work(order, planned["facts"], 0, {})
    await app.activities.combine(order, planned["facts"])
    after = await app.tickets.read(order["ticket_id"])
    assert (after.seq, after.processing_logs) == (before.seq, before.processing_logs)


async def test_a_wait_within_a_chain_leaves_what_is_left_to_do(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(JSONResponse({}, 429, {"Retry-After": "7"})))
    order = chained(await opened(app, owner))
    left: Any = await app.activities.plan(order)
    assert (left["kind"], len(left["items"]), left["wait"]["seconds"]) == ("round", 1, 7)
    assert (await shown(app, order)).processing_logs.count("Waiting: The model is busy") == 1
    app.model.reset(answering(ANSWER))
    assert await app.activities.work(order, left["facts"], 0, left["items"][0]) == {
        "kind": "outcome"
    }
    done: Any = await app.another().activities.combine(order, left["facts"])
    assert (done["kind"], done["tokens"], done["finished"]) == ("done", 15, True)


async def test_a_ticket_that_was_cancelled_is_left_alone(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner)
    planned: Any = await app.activities.plan(order)
    draft = Draft(AuditAction.TICKET_FAILED, Actor(), "Cancelled.")
    await app.tickets.change(
        order["ticket_id"],
        lambda _: TicketChange({"status": Status.CANCELLED}, draft, moment=now()),
    )

    stopped = {"kind": "stopped"}
    assert await app.activities.work(order, planned["facts"], 0, {}) == stopped
    assert await app.activities.combine(order, planned["facts"]) == stopped
    await app.activities.finish(order, {"kind": "done", "model": "m", "tokens": 1})
    await app.activities.fail(order, "Too late.")

    ticket = await shown(app, order)
    assert (ticket.status, ticket.error_message) == (Status.CANCELLED, None)
    assert app.model.bodies == []
    assert len(await actions(app, order)) == 3


async def test_a_ticket_that_was_deleted_stops_without_a_fuss(
    app: AppUnderTest, owner: StoredUser
) -> None:
    order = await opened(app, owner)
    planned: Any = await app.activities.plan(order)
    rest = order["ticket_id"].partition("-")[2]
    await app.table.delete(owner.id, f"ticket_{rest}")

    assert await app.activities.work(order, planned["facts"], 0, {}) == {"kind": "stopped"}
    await app.activities.finish(order, {"kind": "done", "model": "m", "tokens": 1})
    await app.activities.fail(order, "Whatever.")
    with pytest.raises(NotFound):
        await app.tickets.read(order["ticket_id"])


async def test_an_older_attempt_changes_nothing(app: AppUnderTest, owner: StoredUser) -> None:
    order = await opened(app, owner)
    await app.tickets.change(
        order["ticket_id"], lambda _: TicketChange({"attempt": 2}, moment=now())
    )
    assert await app.activities.plan(order) == {"kind": "stopped"}
    await app.activities.fail(order, "Late.")
    assert (await shown(app, order)).status is Status.PENDING


async def test_a_failure_is_told_and_its_calls_are_counted(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(completion("no JSON")))
    order = await opened(app, owner)

    failed: Any = await run(app.activities, order)
    for processing in (app.activities, app.another().activities):
        await processing.fail(order, failed["reason"])

    ticket = await shown(app, order)
    assert ticket.status is Status.FAILED
    assert ticket.error_message == failed["reason"]
    assert "answered twice" in failed["reason"]
    assert ticket.tokens_used == 30
    assert ticket.result_data == {}
    assert (await actions(app, order))[-1] is AuditAction.TICKET_FAILED
    assert len(await actions(app, order)) == 3


async def last_event(app: AppUnderTest, order: StartInput, reason: str, cause: str) -> AuditEvent:
    """That of a ticket which fails now."""
    await app.another().activities.fail(order, reason, cause)
    return (await app.tickets.events(order["ticket_id"]))[-1]


async def test_what_failed_inside_is_in_the_audit_trail_without_content(
    app: AppUnderTest, owner: StoredUser
) -> None:
    """Which step of a chain, by the class of what, in which try."""
    app.model.reset(answering(completion("no JSON")))
    order = chained(await opened(app, owner))
    failed: Any = await app.activities.plan(order)
    event = await last_event(app, order, failed["reason"], failed["cause"])
    inside = {"step": "work", "stage": "working", "item": 0, "tries": 1}
    assert event.metadata == {**inside, "exception": "UnusableAnswer"}
    for reader, faults in (owner, []), (user(Role.ADMIN), ["UnusableAnswer"]):
        told = await app.ticket_queries.timeline(by(reader), order["ticket_id"])
        assert [entry.fault for entry in told.entries if entry.fault] == faults
        shown = (await app.ticket_queries.events(by(reader), order["ticket_id"]))[-1]
        assert shown.metadata == (event.metadata if faults else {})


async def test_a_fault_of_the_first_step_is_told_before_there_is_a_log(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    app.model.reset(answering(ANSWER))
    order = chained(await opened(app, owner))

    refused: list[Call] = []

    async def refuse(call: Call) -> Response | None:
        if call.method != "GET" or "ticket_" not in call.path or refused:
            return None
        refused.append(call)
        return Response("secret words", 400)

    for _ in range(2):
        refused.clear()
        storage.reset(before=refuse)
        with pytest.raises(HttpResponseError):
            await app.activities.plan(order)
        storage.reset()
    told = (await shown(app, order)).processing_logs
    assert "The step plan (reading) failed because of an internal fault" in told
    event = await last_event(app, order, "Processing stopped.", "internal")
    inside = {"step": "plan", "stage": "reading", "tries": 2}
    assert event.metadata == {**inside, "exception": "HttpResponseError"}
    assert "secret" not in event.model_dump_json()


async def test_a_busy_model_becomes_a_wait_that_people_see(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(JSONResponse({}, 429, {"Retry-After": "7"})))
    order = await opened(app, owner)

    planned = await app.activities.plan(order)
    for _ in range(2):
        answer = await go_on(app.activities, order, planned)
        assert answer["kind"] == "wait"
        assert answer["seconds"] == 7

    log = (await shown(app, order)).processing_logs
    assert log.count("Waiting: The model is busy (HTTP 429).") == 1
    app.model.reset(answering(ANSWER))
    assert (await go_on(app.activities, order, planned))["kind"] == "done"


async def test_repaired_and_failed_calls_are_in_the_usage(
    app: AppUnderTest, owner: StoredUser
) -> None:
    app.model.reset(answering(completion("no JSON"), ANSWER))
    order = await opened(app, owner)
    await run(app.activities, order)
    ticket = await shown(app, order)
    assert ticket.result_data["usage"]["calls"] == 2
    assert ticket.tokens_used == 30


async def test_a_call_that_storage_wrote_down_twice_counts_once(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    app.model.reset(answering(ANSWER))
    order = await opened(app, owner)
    planned: Any = await app.activities.plan(order)
    spoiled: list[Call] = []

    async def lose_the_answer(call: Call) -> Response | None:
        if "calls.jsonl" in call.path and call.method == "PUT" and not spoiled:
            spoiled.append(call)
            return Response(status_code=500)
        return None

    storage.reset(after=lose_the_answer)
    await app.activities.work(order, planned["facts"], 0, {})

    attempt = Attempt(app.container, order["ticket_id"], 1)
    assert spoiled
    assert (await attempt.ledger()).usage.calls == 1


async def test_progress_rises_and_never_falls(app: AppUnderTest, owner: StoredUser) -> None:
    order = await opened(app, owner)
    await app.activities.plan(order)
    facts = RoundFacts(number=1, stage="reading", total=20, starts_at=10, ends_at=90)
    app.model.reset(answering(ANSWER))
    seen: list[int] = []

    async def watch() -> None:
        while not seen or seen[-1] < 90:
            seen.append((await app.tickets.read(order["ticket_id"])).progress.percent)

    watching = asyncio.create_task(watch())
    workers = [app.another().activities for _ in range(4)]
    await asyncio.gather(*(workers[index % 4].work(order, facts, index, {}) for index in range(20)))
    await asyncio.wait_for(watching, 60)

    assert seen == sorted(seen)
    ticket = await shown(app, order)
    assert ticket.progress.model_dump() == {
        "stage": "reading",
        "done": 20,
        "total": 20,
        "percent": 90,
    }
    await app.activities.work(order, facts, 3, {})
    assert (await shown(app, order)).seq == ticket.seq


async def test_storage_that_is_away_is_waited_for(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    order = await opened(app, owner)

    async def away(_: Call) -> Response | None:
        return Response(status_code=503)

    storage.reset(before=away)
    answer = await app.activities.plan(order)
    assert answer["kind"] == "wait"
    assert "away" in answer["reason"]


async def test_a_step_that_takes_long_ends_and_goes_on_as_another(
    app: AppUnderTest, owner: StoredUser, storage: StorageProxy
) -> None:
    order = await opened(app, owner)
    release = Event()
    storage.reset(before=hold(lambda call: "/calls.jsonl" in call.path, Event(), release))
    answer = await app.another(**SHORT_STEPS).activities.plan(order)
    assert answer["kind"] == "wait"
    assert "takes long" in (await shown(app, order)).processing_logs
    release.set()
    assert (await app.another().activities.plan(order))["kind"] == "round"


async def test_only_readers_may_read(app: AppUnderTest, owner: StoredUser) -> None:
    order = await opened(app, owner)
    reading = app.ticket_queries
    await reading.ticket(by(owner), order["ticket_id"])
    await reading.ticket(by(user(Role.ADMIN)), order["ticket_id"])
    for stranger in (user(), user(Role.MANAGER)):
        with pytest.raises(NotFound):
            await reading.ticket(by(stranger), order["ticket_id"])


async def test_a_file_that_comes_while_the_wait_is_given_up_goes_on_with_it(
    app: AppUnderTest, owner: StoredUser
) -> None:
    """Its event may be lost with the wait: the workflow must look again."""
    body = {"title": "Papers", "task_type": "doc_analysis"}
    opened = await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))
    order = order_of(opened.ticket)
    assert (await app.activities.plan(order))["kind"] == "no_files"
    file = Attachment(
        id="0" * 16,
        filename="a.txt",
        file_size=1,
        content_type="text/plain",
        sha256="0" * 64,
        uploaded_at=opened.ticket.created_at,
    )
    await app.tickets.change(
        order["ticket_id"], add_files([file], Actor(owner.id), app.clock.now())
    )
    answer = await app.activities.give_up(order)
    assert answer == {"kind": "no_files", "stirring": True}
    assert (await app.tickets.read(order["ticket_id"])).status is Status.PENDING
