"""Realtime: where clients connect, and what the realtime service tells the app."""

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import answer_json, body_of, principal_of
from functions.registration import endpoint

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "GET", "ws/negotiate", answer="Negotiated")
async def negotiate(req: func.HttpRequest) -> func.HttpResponse:
    """A WebSocket address for the caller alone, for messages about tickets that they may read."""
    return answer_json(await product().connections.negotiate((await principal_of(req)).user))


# Functions are matched in the order of their names: the one with a token comes after this one.
@endpoint(bp, "GET", "ws/ws/status", answer="ConnectionCounts", errors=(403,))
async def count_connections(req: func.HttpRequest) -> func.HttpResponse:
    """How many realtime connections there are, of how many users; for administrators."""
    return answer_json(await product().connections.count(await principal_of(req)))


@endpoint(bp, "GET", "ws/ws/{token}", answer="Negotiated")
async def negotiate_by_token(req: func.HttpRequest) -> func.HttpResponse:
    """The same as `ws/negotiate` for the access token in the path, as clients of the earlier
    backend have it."""
    token = req.route_params["token"]
    user = await product().authentication.caller(f"Bearer {token}")
    return answer_json(await product().connections.negotiate(user))


@endpoint(bp, "OPTIONS", "ws/events", answer="dict[str, builtins.str]", public=True, errors=(403,))
async def allow_events(req: func.HttpRequest) -> func.HttpResponse:
    """The realtime service asks whether it may send its events here."""
    origin = req.headers.get("WebHook-Request-Origin", "")
    allowed = product().realtime_events.check_origin(origin)
    return answer_json({}, headers={"WebHook-Allowed-Origin": allowed, "WebHook-Allowed-Rate": "*"})


@endpoint(bp, "POST", "ws/events", answer="dict[str, typing.Any]", errors=(400, 413))
async def take_event(req: func.HttpRequest) -> func.HttpResponse:
    """An event of the realtime service (CloudEvents), signed by it: a client connects, is there, is
    gone, or says something; the answer goes to the client."""
    from shared.tickets.realtime.events import MAX_EVENT, MAX_MESSAGE

    event = await product().realtime_events.verify(dict(req.headers))
    body = body_of(req, MAX_MESSAGE if event.is_message else MAX_EVENT)
    return answer_json(await product().realtime_events.take(event, body) or {})
