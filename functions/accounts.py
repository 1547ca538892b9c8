"""Registration, login, and the caller's own account."""

import azure.durable_functions as df
import azure.functions as func

from functions.http import answer_json, caller, endpoint, form_body, json_body
from shared import wiring

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(
    bp,
    "POST",
    "auth/register",
    body="Registration",
    answer="User",
    status=201,
    errors=(403, 409),
    public=True,
)
async def register(req: func.HttpRequest) -> func.HttpResponse:
    """Open an account of one's own."""
    return answer_json(await wiring.accounts().register(json_body(req)), 201)


@endpoint(bp, "POST", "auth/login", form="Login", answer="Tokens", errors=(401, 429), public=True)
async def login(req: func.HttpRequest) -> func.HttpResponse:
    """Sign in with a form."""
    return answer_json(await wiring.accounts().login(form_body(req)))


@endpoint(
    bp, "POST", "auth/login/json", body="Login", answer="Tokens", errors=(401, 429), public=True
)
async def login_json(req: func.HttpRequest) -> func.HttpResponse:
    """Sign in with JSON."""
    return answer_json(await wiring.accounts().login(json_body(req)))


@endpoint(bp, "POST", "auth/refresh", body="Refresh", answer="Tokens", errors=(401,), public=True)
async def refresh(req: func.HttpRequest) -> func.HttpResponse:
    """Exchange a refresh token for a new pair; each refresh token counts once."""
    return answer_json(await wiring.accounts().refresh(json_body(req)))


@endpoint(bp, "GET", "users/me", answer="User")
async def read_me(req: func.HttpRequest) -> func.HttpResponse:
    """The caller's own account."""
    return answer_json(await caller(req))
