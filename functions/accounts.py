"""Registration, login, and the caller's own account."""

import azure.durable_functions as df
import azure.functions as func

from functions.http import answer_json, caller, endpoint, form_body, json_body
from shared import wiring

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "POST", "auth/register")
async def register(req: func.HttpRequest) -> func.HttpResponse:
    return answer_json(await wiring.accounts().register(json_body(req)), 201)


@endpoint(bp, "POST", "auth/login")
async def login(req: func.HttpRequest) -> func.HttpResponse:
    return answer_json(await wiring.accounts().login(form_body(req)))


@endpoint(bp, "POST", "auth/login/json")
async def login_json(req: func.HttpRequest) -> func.HttpResponse:
    return answer_json(await wiring.accounts().login(json_body(req)))


@endpoint(bp, "POST", "auth/refresh")
async def refresh(req: func.HttpRequest) -> func.HttpResponse:
    return answer_json(await wiring.accounts().refresh(json_body(req)))


@endpoint(bp, "GET", "users/me")
async def read_me(req: func.HttpRequest) -> func.HttpResponse:
    return answer_json(await caller(req))
