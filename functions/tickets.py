"""Tickets."""

from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from functions import durable_client
from functions.composition import product
from functions.downloads import SANDBOX
from functions.http import (
    MAX_BODY,
    actor,
    answer_json,
    answer_ticket,
    caller,
    endpoint,
    etag_of,
    expects,
    json_body,
    matches,
    parsed,
    query_of,
)
from functions.multipart import MultipartForm, is_multipart
from shared.errors import Invalid

if TYPE_CHECKING:
    from shared.attachments.pending import PendingFiles

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)

_RESULTS = (
    "application/json",
    "text/markdown",
    "text/html",
    "text/csv",
    "application/sarif+json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
)


@endpoint(
    bp,
    "POST",
    "tickets",
    starts=True,
    body="NewTicket",
    multipart={"ticket": "NewTicket", "files": "list[binary]"},
    request_headers=("Idempotency-Key",),
    answer="Ticket",
    status=201,
    response_headers=("Location", "ETag"),
)
async def create_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Open a ticket; its work starts at once, unless it has to wait for files. With an
    Idempotency-Key the same request may be sent again for a day: it has the same answer and opens
    nothing more."""
    from shared.tickets.idempotency import once

    user = await caller(req)
    body, files = await _posted(req)
    content = {"ticket": body, "files": files.fingerprint} if files else body
    first = once(user.id, req.headers.get("Idempotency-Key"), content)
    opened = await product().ticket_opening.open_ticket(
        user, body, actor(req, user.id), first, files
    )
    if opened.is_new:
        await durable_client.start(client, opened.ticket)
    location = f"/api/v1/tickets/{opened.ticket.id}"
    return answer_ticket(opened.ticket, 201, {"Location": location})


async def _posted(req: func.HttpRequest) -> "tuple[Any, PendingFiles | None]":
    """A new ticket, from JSON or from a form that may bring its files."""
    if not is_multipart(req):
        return json_body(req), None
    form = MultipartForm(req, product().settings.sizes.upload)
    ticket = form.field("ticket", MAX_BODY)
    if ticket is None:
        fault = {"loc": ["ticket"], "msg": "Field required", "type": "missing"}
        raise Invalid("The form has no part named ticket.", [fault])
    body = parsed(ticket)
    files = await product().attachments.examine(form.files("files", "file"))
    return body, product().attachments.batch(files) if files else None


@endpoint(bp, "GET", "tickets", query="TicketsQuery", answer="TicketPage", errors=(400,))
async def list_tickets(req: func.HttpRequest) -> func.HttpResponse:
    """The tickets that the caller may read, newest first. `cursor` goes on at the same cost
    however far it has come; `total` counts at most the newest 10,000 where filters other than
    `status` and `task_type` are used (500 for an administrator)."""
    from shared.models import TicketsQuery

    user = await caller(req)
    return answer_json(await product().ticket_list.page(user, query_of(req, TicketsQuery)))


@endpoint(
    bp,
    "GET",
    "tickets/{ticket_id}",
    request_headers=("If-None-Match",),
    answer="Ticket",
    response_headers=("ETag",),
)
async def read_ticket(req: func.HttpRequest) -> func.HttpResponse:
    """A ticket with its result and attachments."""
    user = await caller(req)
    ticket = await product().ticket_queries.ticket(user, req.route_params["ticket_id"])
    etag = etag_of(ticket.version)
    if matches(req.headers.get("If-None-Match", ""), etag):
        return func.HttpResponse(status_code=304, headers={"ETag": etag})
    return answer_ticket(await product().ticket_queries.with_result(ticket))


@endpoint(
    bp,
    "PUT",
    "tickets/{ticket_id}",
    starts=True,
    body="TicketChanges",
    request_headers=("If-Match",),
    answer="Ticket",
    response_headers=("ETag",),
    errors=(403, 409, 412),
)
async def change_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Change what is given. `task_data` can be changed until processing begins; a manager may only
    reassign."""
    user = await caller(req)
    ticket = await product().ticket_service.edit(
        user, req.route_params["ticket_id"], json_body(req), actor(req, user.id), expects(req)
    )
    if ticket.status == "cancelled":
        await durable_client.stop(client, ticket)
    return answer_ticket(await product().ticket_queries.with_result(ticket))


@endpoint(bp, "DELETE", "tickets/{ticket_id}", starts=True, status=204, errors=(403,))
async def delete_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Delete a ticket with its files and results and stop its work. Its audit trail stays."""
    user = await caller(req)
    ticket = await product().ticket_service.delete(
        user, req.route_params["ticket_id"], actor(req, user.id)
    )
    await durable_client.erase(client, ticket.id, ticket.attempt)
    return func.HttpResponse(status_code=204)


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/cancel",
    starts=True,
    answer="Ticket",
    response_headers=("ETag",),
    errors=(403, 409),
)
async def cancel_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Stop a ticket that has not ended; one that is cancelled already stays as it is."""
    user = await caller(req)
    ticket = await product().ticket_service.cancel(
        user, req.route_params["ticket_id"], actor(req, user.id)
    )
    await durable_client.stop(client, ticket)
    return answer_ticket(await product().ticket_queries.with_result(ticket))


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/reprocess",
    starts=True,
    answer="Ticket",
    response_headers=("ETag",),
    errors=(403, 409),
)
async def reprocess_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """A new attempt at an ended ticket; the result of an older one stays until it succeeds."""
    user = await caller(req)
    ticket = await product().ticket_service.reprocess(
        user, req.route_params["ticket_id"], actor(req, user.id)
    )
    await durable_client.start(client, ticket)
    return answer_ticket(await product().ticket_queries.with_result(ticket))


@endpoint(bp, "GET", "tickets/{ticket_id}/updates", query="UpdatesQuery", answer="list[Update]")
async def list_updates(req: func.HttpRequest) -> func.HttpResponse:
    """The realtime messages about a ticket after `after`, in order, for clients that missed some;
    up to 1,000: with as many, ask again after the last."""
    from shared.models import UpdatesQuery

    user = await caller(req)
    ticket_id, after = req.route_params["ticket_id"], query_of(req, UpdatesQuery).after
    return answer_json(await product().ticket_queries.updates(user, ticket_id, after))


@endpoint(
    bp,
    "GET",
    "tickets/{ticket_id}/result",
    query="ResultQuery",
    media=_RESULTS,
    response_headers=("Content-Disposition",),
    errors=(406, 409),
)
async def read_result(req: func.HttpRequest) -> func.HttpResponse:
    """The result in one of the forms that its task type offers, for saving."""
    from shared.models import ResultQuery

    user = await caller(req)
    wanted = query_of(req, ResultQuery).format
    file = await product().ticket_queries.result(user, req.route_params["ticket_id"], wanted)
    headers = {
        "Content-Type": file.content_type,
        "Content-Disposition": f'attachment; filename="{file.filename}"',
        "Content-Security-Policy": SANDBOX,
    }
    return func.HttpResponse(file.content, headers=headers)
