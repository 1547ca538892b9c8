"""Realtime: where clients connect."""

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import answer_json, endpoint, principal_of

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "GET", "ws/negotiate", answer="Negotiated")
async def negotiate(req: func.HttpRequest) -> func.HttpResponse:
    """A WebSocket address for the caller alone, for messages about tickets that they may read."""
    return answer_json(await product().connections.negotiate((await principal_of(req)).user))


@endpoint(bp, "GET", "ws/ws/{token}", answer="Negotiated")
async def negotiate_by_token(req: func.HttpRequest) -> func.HttpResponse:
    """The same for the access token in the path, as clients of the earlier backend have it."""
    token = req.route_params["token"]
    user = await product().authentication.caller(f"Bearer {token}")
    return answer_json(await product().connections.negotiate(user))
