"""The app about itself."""

import azure.durable_functions as df
import azure.functions as func

from functions.http import answer_json, endpoint
from shared import wiring
from shared.tasks import TASKS, task_of

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "GET", "health", tag="about", answer="Alive", public=True)
async def health(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the app is alive."""
    return answer_json({"status": "ok"})


@endpoint(bp, "GET", "health/ready", tag="about", answer="Readiness", public=True)
async def ready(req: func.HttpRequest) -> func.HttpResponse:
    """Whether the services that the app stands on are there, and how fast they answer."""
    checks = await wiring.health().check()
    ok = all(check["ok"] for check in checks.values())
    body = {"status": "ready" if ok else "not ready", "checks": checks}
    return answer_json(body, 200 if ok else 503)


@endpoint(bp, "GET", "task-types", tag="about", answer="dict[str, TaskType]", public=True)
async def task_types(req: func.HttpRequest) -> func.HttpResponse:
    """The task types with the JSON Schema of their `task_data` and an example."""
    described = {
        name: {
            "schema": task_of(name).TaskData.model_json_schema(),
            "example": task_of(name).EXAMPLE,
            "enabled": True,
        }
        for name in TASKS
    }
    return answer_json(described)
