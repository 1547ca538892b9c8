"""The app about itself."""

from pathlib import Path
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import answer_json
from functions.registration import answer_unknown, endpoint
from shared.errors import NotFound
from shared.tasks.registry import TASK_TYPES, find_task_type

_SWAGGER = Path(__file__).parent / "swagger"
_SWAGGER_TYPES = {
    "start.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_PAGE_MAY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src data: 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "GET", "health", tag="about", answer="Alive", public=True)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the app is alive."""
    return answer_json({"status": "ok"})


@endpoint(
    bp,
    "GET",
    "health/ready",
    tag="about",
    answer="Readiness",
    responses={503: "Readiness"},
    public=True,
)
async def ready(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the services that tickets need are there, how fast they answer, and what is wrong
    with one that is of no use: asked at most once a minute, the model once in five where it has
    answered no ticket meanwhile. Without GitHub and realtime the app is ready; so it is when
    `event_loop` tells what has blocked all of its process within the last minute."""
    from shared.app.health import NEEDED, SECONDS_BETWEEN

    checks = await product().health.check()
    ok = all(checks[name]["ok"] for name in NEEDED)
    body = {"status": "ready" if ok else "not ready", "checks": checks}
    return (
        answer_json(body) if ok else answer_json(body, 503, {"Retry-After": str(SECONDS_BETWEEN)})
    )


@endpoint(bp, "GET", "task-types", tag="about", answer="dict[str, TaskType]", public=True)
async def task_types(req: func.HttpRequest) -> func.HttpResponse:
    """The task types with the JSON Schema of their `task_data` and an example."""
    return answer_json({name: _describe(name) for name in TASK_TYPES})


def _describe(name: str) -> dict[str, Any]:
    task_type = find_task_type(name)
    return {
        "schema": task_type.data.model_json_schema(),
        "example": task_type.example,
        "enabled": name in product().enabled_task_types,
    }


@endpoint(bp, "GET", "openapi.json", tag="about", media=("application/json",), public=True)
async def openapi(req: func.HttpRequest) -> func.HttpResponse:
    """This description."""
    from functions.openapi.document import description

    return answer_json(description())


@endpoint(bp, "GET", "docs", tag="about", media=("text/html",), public=True)
async def docs(req: func.HttpRequest) -> func.HttpResponse:
    """A page to read this description and to try the calls."""
    page = (_SWAGGER / "index.html").read_bytes()
    headers = {"Content-Security-Policy": _PAGE_MAY}
    return func.HttpResponse(page, headers=headers, mimetype="text/html")


@endpoint(bp, "GET", "docs/{file}", tag="about", media=("text/javascript", "text/css"), public=True)
async def docs_file(req: func.HttpRequest) -> func.HttpResponse:
    """A part of that page."""
    name = req.route_params["file"]
    if name not in _SWAGGER_TYPES:
        raise NotFound("There is no such file.")
    headers = {"Cache-Control": "public, max-age=3600"}
    content = (_SWAGGER / name).read_bytes()
    return func.HttpResponse(content, headers=headers, mimetype=_SWAGGER_TYPES[name])


async def answer_unknown_path(req: func.HttpRequest) -> func.HttpResponse:
    """A path that no endpoint has, or not for this verb."""
    raise NotFound(
        f"There is nothing here for {req.method} at this path; /api/v1/docs lists what there is."
    )


answer_unknown(bp, "zz_answer_unknown_path", answer_unknown_path)
