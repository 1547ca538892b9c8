"""The audit trail: of a ticket for its readers, of everything for administrators."""

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import answer_json, principal_of, query_of
from functions.registration import endpoint

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "GET", "tickets/{ticket_id}/events", tag="audit", answer="list[AuditEvent]")
async def ticket_events(req: func.HttpRequest) -> func.HttpResponse:
    """What happened to a ticket, oldest first."""
    principal = await principal_of(req)
    events = await product().ticket_queries.events(principal, req.route_params["ticket_id"])
    return answer_json([event.model_dump(mode="json") for event in events])


@endpoint(
    bp, "GET", "audit", tag="audit", query="AuditQuery", answer="AuditPage", errors=(400, 403)
)
async def search_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Search the whole trail, newest first; for administrators."""
    from shared.accounts.authorization import check_admin
    from shared.models import AuditQuery

    check_admin(await principal_of(req))
    return answer_json(await product().audit_trail.search(query_of(req, AuditQuery)))


@endpoint(
    bp,
    "GET",
    "audit/verify",
    tag="audit",
    query="VerifyQuery",
    answer="Verification",
    errors=(403, 404),
)
async def verify_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Whether nothing of the trail of a ticket or user was changed, put in or taken away; for
    administrators."""
    from shared.accounts.authorization import check_admin
    from shared.models import VerifyQuery

    check_admin(await principal_of(req))
    return answer_json(await product().audit_verification.verify(query_of(req, VerifyQuery)))
