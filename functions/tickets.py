"""Tickets."""

from typing import TYPE_CHECKING, Any

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.downloads import SANDBOX
from functions.durable_client import DurableWorkflow
from functions.http import (
    MAX_BODY,
    answer_json,
    answer_ticket,
    etag_of,
    expects,
    json_body,
    matches,
    optional_json_body,
    parse_json,
    principal_of,
    query_of,
    read_json,
)
from functions.multipart.form import is_multipart, read_form
from functions.registration import endpoint
from shared.errors import Invalid

if TYPE_CHECKING:
    from shared.attachments.pending import PendingFiles

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)

_RESULTS = (
    "text/markdown",
    "text/html",
    "text/csv",
    "application/sarif+json",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.vegalite+json",
    "image/png",
    "image/svg+xml",
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
    errors=(403, 429),
)
async def create_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Open a ticket; its work starts at once, unless it has to wait for files. With an
    Idempotency-Key the same request may be sent again for a day: it has the same answer and opens
    nothing more."""
    from shared.models import NewTicket, validate_model
    from shared.tickets.idempotency import once

    principal = await principal_of(req)
    body, files = await _read_form(req)
    content = {"ticket": body, "files": files.fingerprint} if files else body
    first = once(principal.id, req.headers.get("Idempotency-Key"), content)
    new = validate_model(NewTicket, body)
    opened = await product().ticket_opening.open_ticket(principal, new, first, files)
    if opened.is_new:
        await DurableWorkflow(client).start(opened.ticket)
    location = f"/api/v1/tickets/{opened.ticket.id}"
    return answer_ticket(opened.ticket, 201, {"Location": location})


async def _read_form(req: func.HttpRequest) -> "tuple[Any, PendingFiles | None]":
    """A new ticket, from JSON or from a form that may bring its files."""
    if not is_multipart(req):
        return read_json(req), None
    form = await read_form(req, product().settings.sizes.upload)
    ticket = form.field("ticket", MAX_BODY)
    if ticket is None:
        fault = {"loc": ["ticket"], "msg": "Field required", "type": "missing"}
        raise Invalid("The form has no part named ticket.", [fault])
    body = parse_json(ticket)
    files = await product().attachments.examine(form.files("files", "file", fields=("ticket",)))
    return body, product().attachments.batch(files) if files else None


@endpoint(bp, "GET", "tickets", query="TicketsQuery", answer="TicketPage", errors=(400,))
async def list_tickets(req: func.HttpRequest) -> func.HttpResponse:
    """The tickets that the caller may read, newest first. `cursor` goes on at the same cost
    however far it has come; `total` counts at most the newest 10,000 where filters other than
    `status` and `task_type` are used (500 for an administrator)."""
    from shared.models import TicketsQuery

    principal = await principal_of(req)
    return answer_json(await product().ticket_list.page(principal, query_of(req, TicketsQuery)))


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
    principal = await principal_of(req)
    ticket = await product().ticket_queries.ticket(principal, req.route_params["ticket_id"])
    etag = etag_of(ticket.version)
    if matches(req.headers.get("If-None-Match", ""), etag):
        return func.HttpResponse(status_code=304, headers={"ETag": etag})
    return answer_ticket(await product().ticket_queries.complete(ticket))


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
    from shared.models import TicketChanges

    principal, ticket_id = await principal_of(req), req.route_params["ticket_id"]
    changes = json_body(req, TicketChanges)
    ticket = await product().ticket_service.edit(principal, ticket_id, changes, expects(req))
    if ticket.status == "cancelled":
        await DurableWorkflow(client).terminate(ticket)
    return answer_ticket(await product().ticket_queries.complete(ticket))


@endpoint(bp, "DELETE", "tickets/{ticket_id}", starts=True, status=204, errors=(403,))
async def delete_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Delete a ticket with its files and results and stop its work. Its audit trail stays."""
    principal = await principal_of(req)
    ticket = await product().ticket_deletion.delete(principal, req.route_params["ticket_id"])
    await DurableWorkflow(client).purge(ticket.id, ticket.attempt)
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
    principal = await principal_of(req)
    ticket = await product().ticket_service.cancel(principal, req.route_params["ticket_id"])
    await DurableWorkflow(client).terminate(ticket)
    return answer_ticket(await product().ticket_queries.complete(ticket))


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/reprocess",
    starts=True,
    body="Reprocessing",
    is_body_optional=True,
    answer="Ticket",
    response_headers=("ETag",),
    errors=(403, 409, 429),
)
async def reprocess_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """A new attempt at an ended ticket, with other `task_data` in place of the old if some is sent;
    the result of an older attempt stays until it succeeds."""
    from shared.models import Reprocessing

    principal, ticket_id = await principal_of(req), req.route_params["ticket_id"]
    given = optional_json_body(req, Reprocessing)
    ticket = await product().ticket_service.reprocess(principal, ticket_id, given.task_data)
    await DurableWorkflow(client).start(ticket)
    return answer_ticket(await product().ticket_queries.complete(ticket))


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/answer",
    starts=True,
    body="TicketAnswer",
    answer="Ticket",
    response_headers=("ETag",),
    errors=(403, 409, 413),
)
async def answer_question(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Answer a ticket that asks (see its `question`); its work goes on. The same answer may be sent
    again."""
    from shared.models import TicketAnswer

    principal, ticket_id = await principal_of(req), req.route_params["ticket_id"]
    given = json_body(req, TicketAnswer)
    workflow = DurableWorkflow(client)
    ticket = await product().ticket_answering.answer(principal, ticket_id, given, workflow)
    return answer_ticket(await product().ticket_queries.complete(ticket))


@endpoint(bp, "GET", "tickets/{ticket_id}/updates", query="UpdatesQuery", answer="list[Update]")
async def list_updates(req: func.HttpRequest) -> func.HttpResponse:
    """The realtime messages about a ticket after `after`, in order, for clients that missed some;
    up to 1,000: with as many, ask again after the last."""
    from shared.models import UpdatesQuery

    principal = await principal_of(req)
    ticket_id, after = req.route_params["ticket_id"], query_of(req, UpdatesQuery).after
    return answer_json(await product().ticket_queries.updates(principal, ticket_id, after))


@endpoint(bp, "GET", "tickets/{ticket_id}/timeline", answer="Timeline")
async def read_timeline(req: func.HttpRequest) -> func.HttpResponse:
    """The course of the present attempt: steps, calls of the model and waits, each with its start
    and duration, calls with their tokens; and into what all of its time went. Of what failed inside
    admins are told the class."""
    principal, ticket_id = await principal_of(req), req.route_params["ticket_id"]
    return answer_json(await product().ticket_queries.timeline(principal, ticket_id))


@endpoint(
    bp,
    "GET",
    "tickets/{ticket_id}/result",
    query="ResultQuery",
    answer="Result",
    media=_RESULTS,
    response_headers=("Content-Disposition",),
    errors=(406, 409, 501),
)
async def read_result(req: func.HttpRequest) -> func.HttpResponse:
    """The result in one of the forms that its task type offers, for saving."""
    from shared.models import ResultQuery

    principal = await principal_of(req)
    query = query_of(req, ResultQuery)
    file = await product().ticket_queries.result(principal, req.route_params["ticket_id"], query)
    headers = {
        "Content-Type": file.content_type,
        "Content-Disposition": f'attachment; filename="{file.filename}"',
        "Content-Security-Policy": SANDBOX,
    }
    return func.HttpResponse(file.content, headers=headers)
