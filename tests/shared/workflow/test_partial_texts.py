"""Text that is shown before the result is there: how much, how often, to whom, and no longer."""

import asyncio
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from shared.models import Message, NewTicket, Status, StoredTicket, StoredUser, validate_model
from shared.tickets.repository import Decide
from shared.tickets.transaction import TicketChange
from shared.workflow.messages import AttemptRef
from shared.workflow.partial_texts import PartialTexts
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.product.clock import now

BODY: dict[str, Any] = {
    "title": "A ticket",
    "task_type": "custom",
    "task_data": {"task_description": "Do it."},
}


class Sender:
    """Takes down what is sent, and when."""

    is_on = True

    def __init__(self) -> None:
        self.sent: list[tuple[float, StoredTicket, Message]] = []

    async def send(self, ticket: StoredTicket, messages: Sequence[Message]) -> None:
        moment = asyncio.get_running_loop().time()
        self.sent += [(moment, ticket, message) for message in messages]

    async def until(self, count: int) -> list[Message]:
        async with asyncio.timeout(60):
            while len(self.sent) < count:
                await asyncio.sleep(0.02)
        return [message for _, _, message in self.sent]


def to_status(status: Status) -> Decide:
    return lambda ticket: TicketChange({"status": status}, moment=now())


async def running(app: AppUnderTest, owner: StoredUser) -> AttemptRef:
    ticket = (
        await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, BODY))
    ).ticket
    await app.tickets.change(ticket.id, to_status(Status.PROCESSING))
    return AttemptRef(ticket_id=ticket.id, attempt=1)


async def until_done() -> None:
    """Whatever was begun beside the test has ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    _, running = await asyncio.wait(others, timeout=30)
    assert not running


async def test_sections_are_shown_whole_in_small_messages_one_a_second(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ref, sender = await running(app, owner), Sender()
    audience = PartialTexts(app.tickets, sender, app.clock).audience(ref)
    text = "Grüße \U0001f600\n" * 400
    audience.show("Introduction", text)
    audience.show("End", "short")
    messages = await sender.until(1)
    first = messages[0]
    assert first.keys() == {
        *("type", "ticket_id", "attempt", "section", "n", "text", "unchecked", "timestamp")
    }
    assert (first["type"], first["section"], first["n"]) == ("partial_text", "Introduction", 1)
    parts = -(-len(json.dumps(text)) // 3_600)
    messages = await sender.until(parts)
    assert all(len(json.dumps(message)) <= 4_096 for message in messages)
    moments = [moment for moment, _, _ in sender.sent]
    assert all(b - a >= 1 for a, b in pairwise(moments))


async def test_a_message_is_small_whatever_its_section_is_called(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ref, sender = await running(app, owner), Sender()
    audience = PartialTexts(app.tickets, sender, app.clock).audience(ref)
    audience.show("港" * 120, "口" * 3_000)
    message = (await sender.until(1))[0]
    assert len(json.dumps(message)) <= 4_096
    assert message["section"] == "港" * 120


async def test_words_of_the_model_are_marked_and_begin_anew_with_an_answer(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ref, sender = await running(app, owner), Sender()
    listener = PartialTexts(app.tickets, sender, app.clock).audience(ref).listener("task_result")
    assert listener is not None
    for expected in ("Hel\nlo", "Anew"):
        listener.begin()
        listener.hear(json.dumps({"summary": "s", "task_result": expected})[:-1])
    messages = await sender.until(2)
    assert [(m["n"], m["text"], m["unchecked"]) for m in messages] == [
        (1, "Hel\nlo", True),
        (1, "Anew", True),
    ]
    listener.begin()
    listener.hear("no JSON at all")


async def test_nothing_more_is_shown_of_a_ticket_that_has_ended(
    app: AppUnderTest, owner: StoredUser
) -> None:
    ref, sender = await running(app, owner), Sender()
    audience = PartialTexts(app.tickets, sender, app.clock).audience(ref)
    audience.show("1", "one")
    audience.show("2", "two")
    await sender.until(1)
    await app.tickets.change(ref["ticket_id"], to_status(Status.CANCELLED))
    await until_done()
    assert [message["section"] for _, _, message in sender.sent] == ["1"]
