"""A ticket's way through the activities, as the workflow takes it, and what is stored of it."""

import json
from collections.abc import Collection
from typing import Any

from starlette.responses import Response

from shared.models import NewTicket, StoredTicket, StoredUser, validate_model
from shared.workflow.activities import Activities
from shared.workflow.messages import StartInput
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.servers.model import completion

ANSWER = completion(json.dumps({"summary": "Done.", "task_result": "# Done"}))


def answering(*answers: Response) -> Any:
    return lambda number, _: answers[min(number, len(answers)) - 1]


async def opened(app: AppUnderTest, owner: StoredUser, **data: Any) -> StartInput:
    task_data = {"task_description": "Do it."} | data
    body = {"title": "T", "task_type": "custom", "task_data": task_data}
    opened = await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))
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


def chained(order: StartInput) -> StartInput:
    """The same as a workflow of the present version is started with: its steps go on by themselves
    while there is a single piece of work to do. What is tested step by step goes without."""
    return {**order, "chains": True}


async def run(processing: Activities, order: StartInput) -> Any:
    """All steps of a ticket as the workflow does them, one after the other; waits are left out."""
    order = chained(order)
    return await go_on(processing, order, await processing.plan(order))


async def go_on(
    processing: Activities, order: StartInput, step: Any, worked: Collection[int] = ()
) -> Any:
    """The steps that follow a plan or a combine which answered `step`, of whose items those at
    `worked` are done."""
    while step["kind"] == "round":
        for index, item in enumerate(step["items"]):
            if index in worked:
                continue
            result = await processing.work(order, step["facts"], index, item)
            if result["kind"] != "outcome":
                return result
        step, worked = await processing.combine(order, step["facts"]), ()
    if step["kind"] == "done" and not step.get("finished"):
        await processing.finish(order, step)
    return step


async def shown(app: AppUnderTest, order: StartInput) -> StoredTicket:
    return await app.ticket_queries.complete(await app.tickets.read(order["ticket_id"]))
