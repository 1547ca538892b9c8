"""Files on tickets, and direct uploads."""

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.downloads import MAX_ANSWER, answer_file, disposition, find_part
from functions.durable_client import DurableWorkflow
from functions.http import (
    answer_json,
    answer_ticket,
    json_body,
    matches,
    principal_of,
    query_of,
)
from functions.multipart.form import read_form
from functions.registration import endpoint

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/attachments",
    starts=True,
    tag="attachments",
    multipart={"file": "list[binary]"},
    answer="Uploaded | list[Uploaded]",
    status=201,
    errors=(403, 409, 429),
)
async def add_attachments(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Add one file or several; a list answers several."""
    principal = await principal_of(req)
    form = await read_form(req, product().settings.sizes.upload)
    added = await product().attachments.add(
        principal,
        req.route_params["ticket_id"],
        form.files("file", "files"),
        DurableWorkflow(client),
    )
    answers = [file.model_dump(mode="json") for file in added]
    return answer_json(answers[0] if len(answers) == 1 else answers, 201)


@endpoint(
    bp, "GET", "tickets/{ticket_id}/attachments", tag="attachments", answer="list[Attachment]"
)
async def list_attachments(req: func.HttpRequest) -> func.HttpResponse:
    """The files of a ticket."""
    principal = await principal_of(req)
    found = await product().attachments.list_files(principal, req.route_params["ticket_id"])
    return answer_json([file.model_dump(mode="json") for file in found])


@endpoint(
    bp,
    "GET",
    "tickets/{ticket_id}/attachments/{attachment_id}",
    tag="attachments",
    request_headers=("Range", "If-Range", "If-None-Match"),
    media=("application/octet-stream",),
    response_headers=("Content-Disposition", "ETag"),
    errors=(416,),
    empty_responses={303: ("Location",)},
)
async def download_attachment(req: func.HttpRequest) -> func.HttpResponse:
    """The bytes of a file, for saving: nothing is shown or run in place. More than 32 MB are not
    answered here but from storage, at an address that is good for 15 minutes."""
    principal = await principal_of(req)
    ticket_id, attachment_id = (req.route_params[name] for name in ("ticket_id", "attachment_id"))
    found = product().attachments
    file = await found.find(principal, ticket_id, attachment_id)
    etag = f'"{file.sha256}"'
    if matches(req.headers.get("If-None-Match", ""), etag):
        return func.HttpResponse(status_code=304, headers={"ETag": etag})
    part = find_part(req, file.file_size, etag)
    if (file.file_size if part is None else len(part)) > MAX_ANSWER:
        url = await found.link(ticket_id, file, disposition(file.filename))
        return func.HttpResponse(status_code=303, headers={"Location": url})
    content = await found.read(ticket_id, file, part)
    return answer_file(content, file.filename, file.content_type, etag, part, file.file_size)


@endpoint(
    bp,
    "GET",
    "tickets/{ticket_id}/attachments/{attachment_id}/text",
    tag="attachments",
    query="TextQuery",
    answer="AttachmentText",
)
async def read_attachment_text(req: func.HttpRequest) -> func.HttpResponse:
    """The text of a file as an analysis reads it, or a part of it, with its places. A file that has
    none answers 422 and says what to do."""
    from shared.models import TextQuery

    principal, query = await principal_of(req), query_of(req, TextQuery)
    ticket_id, attachment_id = (req.route_params[name] for name in ("ticket_id", "attachment_id"))
    file = await product().attachments.find(principal, ticket_id, attachment_id)
    return answer_json(await product().attachment_texts.read(ticket_id, file, query))


@endpoint(
    bp,
    "DELETE",
    "tickets/{ticket_id}/attachments/{attachment_id}",
    tag="attachments",
    status=204,
    errors=(403, 409),
)
async def remove_attachment(req: func.HttpRequest) -> func.HttpResponse:
    """Remove a file from a ticket."""
    principal = await principal_of(req)
    ticket_id, attachment_id = (req.route_params[name] for name in ("ticket_id", "attachment_id"))
    await product().attachments.remove(principal, ticket_id, attachment_id)
    return func.HttpResponse(status_code=204)


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/submit",
    starts=True,
    tag="tickets",
    answer="Ticket",
    response_headers=("ETag",),
    errors=(403, 409),
)
async def submit_ticket(
    req: func.HttpRequest, client: df.DurableOrchestrationClient
) -> func.HttpResponse:
    """Begin a ticket that waits for files: all of them are there."""
    ticket = await product().attachments.submit(
        await principal_of(req), req.route_params["ticket_id"], DurableWorkflow(client)
    )
    return answer_ticket(await product().ticket_queries.complete(ticket))


@endpoint(
    bp,
    "POST",
    "tickets/{ticket_id}/uploads",
    tag="attachments",
    body="WantedUpload",
    answer="DirectUpload",
    errors=(403, 409),
)
async def direct_upload(req: func.HttpRequest) -> func.HttpResponse:
    """How to put one large file straight into Blob storage, from where the ticket takes it."""
    from shared.models import WantedUpload

    principal = await principal_of(req)
    upload = await product().direct_uploads.offer(
        principal, req.route_params["ticket_id"], json_body(req, WantedUpload)
    )
    return answer_json(upload)
