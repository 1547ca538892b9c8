"""Whether the services are there, asked by anybody as often as they like."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from infra.local.serving import HOST
from infra.local.webpubsub import connection_string
from tests.support.product.app import AppUnderTest
from tests.support.servers.model import completion
from tests.support.servers.serving import served
from tests.support.servers.storage_proxy import StorageProxy

OFTEN = 50


class Counted:
    """A model, a GitHub and a realtime service that count who asks, and answer with `status`."""

    def __init__(self) -> None:
        self.models = self.githubs = self.users = 0
        self.status = 200
        self.body: dict[str, Any] = {
            **json.loads(bytes(completion("OK", "length").body)),
            "resources": {"core": {"remaining": 1, "reset": 0}},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.models += scope["path"].endswith("/v1/chat/completions")
            self.githubs += scope["path"].endswith("/api/v3/rate_limit")
            self.users += "/users/" in scope["path"]
            await JSONResponse(self.body, self.status)(scope, receive, send)


@pytest.fixture
def services() -> Iterator[tuple[Counted, int]]:
    counted = Counted()
    with served(counted) as (port,):
        yield counted, port


def served_at(port: int) -> dict[str, str]:
    origin = f"http://{HOST}:{port}"
    return {"MODEL_BASE_URL": f"{origin}/v1", "GITHUB_API_URL": f"{origin}/api/v3"}


async def test_nobody_is_asked_more_often_than_once_a_minute_nor_the_model_than_in_five(
    app: AppUnderTest, storage: StorageProxy, services: tuple[Counted, int]
) -> None:
    counted, port = services
    app = app.another(**served_at(port), WEBPUBSUB_CONNECTION_STRING=connection_string(port))

    async def ask_often() -> tuple[int, int, int]:
        """How often storage, model and realtime service have been asked by then."""
        answers = await asyncio.gather(*(app.health.check() for _ in range(OFTEN)))
        assert all(answer == answers[0] for answer in answers)
        assert all(check["ok"] for check in answers[0].values()), answers[0]
        assert counted.githubs == counted.users
        return len(storage.calls), counted.models, counted.users

    first = await ask_often()
    app.clock.advance(58)
    assert await ask_often() == first == (first[0], 1, 1)
    app.clock.advance(3)
    assert await ask_often() == (2 * first[0], 1, 2)
    app.clock.advance(235)
    assert await ask_often() == (3 * first[0], 1, 3)
    app.clock.advance(5)
    assert await ask_often() == (3 * first[0], 2, 3)


async def test_what_is_away_is_not_asked_more_often(
    app: AppUnderTest, services: tuple[Counted, int]
) -> None:
    counted, port = services
    counted.status = 500
    app = app.another(**served_at(port))
    for _ in range(3):
        assert (await app.health.check())["model"]["ok"] is False
    assert counted.models == 1
    counted.status = 200
    app.clock.advance(301)
    assert (await app.health.check())["model"]["ok"] is True


async def test_who_leaves_takes_the_answer_from_nobody(
    app: AppUnderTest, services: tuple[Counted, int]
) -> None:
    counted, port = services
    app = app.another(**served_at(port))
    first, second = (asyncio.ensure_future(app.health.check()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second)["model"]["ok"] is True
    assert counted.models == 1


@pytest.mark.parametrize(
    ("status", "body", "model_reason", "github_reason"),
    [
        (
            404,
            {"message": "Not Found"},
            "The model's server knows no deployment 'grok-3' (HTTP 404): check "
            "AZURE_OPENAI_DEPLOYMENT_NAME and the address.",
            "There is no GitHub API (HTTP 404): check GITHUB_API_URL.",
        ),
        (404, {"message": "Rate limiting is not enabled."}, "The model's server knows", None),
        (401, {}, "The model refused our credentials", "GitHub wants a token for this (HTTP 401)"),
        (
            200,
            {"resources": {"core": {"remaining": 0, "reset": 46_800}}},
            "The model answered without any choice.",
            "GitHub's rate limit is used up until 13:00 UTC.",
        ),
        (
            200,
            {"hello": "world"},
            "The model answered without any choice.",
            "GitHub's answer has another",
        ),
        (
            400,
            {"error": {"message": "… max_tokens or model output limit was reached. Please …"}},
            None,
            "GitHub refused the request (HTTP 400).",
        ),
        (500, {}, "The model is out of order (HTTP 500).", "GitHub is out of order (HTTP 500)."),
    ],
)
async def test_what_is_of_no_use_says_why(
    app: AppUnderTest,
    services: tuple[Counted, int],
    status: int,
    body: dict[str, Any],
    model_reason: str | None,
    github_reason: str | None,
) -> None:
    counted, port = services
    counted.status, counted.body = status, body
    checks = await app.another(**served_at(port)).health.check()
    for name, reason in (("model", model_reason), ("github", github_reason)):
        assert checks[name]["ok"] is (reason is None)
        assert (checks[name]["reason"] or "").startswith(reason or ""), checks[name]
        assert (checks[name]["reason"] is None) is (reason is None)
