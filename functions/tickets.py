"""Tickets."""

import azure.durable_functions as df
import azure.functions as func

from functions import pipeline
from functions.http import actor, answer_json, caller, endpoint, etag_of, json_body, matches
from shared import wiring

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(
    bp,
    "POST",
    "tickets",
    starts=True,
    body="NewTicket",
    answer="Ticket",
    status=201,
    gives=("Location", "ETag"),
)
async def create_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Open a ticket; its work starts at once."""
    user = await caller(req)
    ticket = await wiring.intake().open_ticket(user, json_body(req), actor(req, user.id))
    await pipeline.start(client, ticket)
    headers = {"Location": f"/api/v1/tickets/{ticket.id}", "ETag": etag_of(ticket.etag)}
    return answer_json(ticket, 201, headers)


@endpoint(
    bp, "GET", "tickets/{ticket_id}", takes=("If-None-Match",), answer="Ticket", gives=("ETag",)
)
async def read_ticket(req: func.HttpRequest) -> func.HttpResponse:
    """A ticket with its result and attachments."""
    user = await caller(req)
    ticket = await wiring.reading().ticket(user, req.route_params["ticket_id"])
    etag = etag_of(ticket.etag)
    if matches(req.headers.get("If-None-Match", ""), etag):
        return func.HttpResponse(status_code=304, headers={"ETag": etag})
    return answer_json(await wiring.reading().with_result(ticket), headers={"ETag": etag})
