"""Whether the services are there, asked by anybody as often as they like."""

import asyncio
from collections.abc import Iterator

import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from infra.local.serving import HOST
from infra.local.webpubsub import connection_string
from tests.support.product.app import AppUnderTest
from tests.support.servers.serving import served
from tests.support.servers.storage_proxy import StorageProxy

OFTEN = 50


class Counted:
    """A model and a realtime service that count who asks, and answer with `status`."""

    def __init__(self) -> None:
        self.models = self.users = 0
        self.status = 200

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.models += scope["path"].endswith("/models")
            self.users += "/users/" in scope["path"]
            answer = JSONResponse({"object": "list", "data": []}, self.status)
            await answer(scope, receive, send)


@pytest.fixture
def services() -> Iterator[tuple[Counted, int]]:
    counted = Counted()
    with served(counted) as (port,):
        yield counted, port


async def test_nobody_is_asked_more_often_than_once_a_minute_nor_the_model_than_in_five(
    app: AppUnderTest, storage: StorageProxy, services: tuple[Counted, int]
) -> None:
    counted, port = services
    app = app.another(
        MODEL_BASE_URL=f"http://{HOST}:{port}/v1",
        WEBPUBSUB_CONNECTION_STRING=connection_string(port),
    )

    async def ask_often() -> tuple[int, int, int]:
        """How often storage, model and realtime service have been asked by then."""
        answers = await asyncio.gather(*(app.health.check() for _ in range(OFTEN)))
        assert all(answer == answers[0] for answer in answers)
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
    app = app.another(MODEL_BASE_URL=f"http://{HOST}:{port}/v1")
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
    app = app.another(MODEL_BASE_URL=f"http://{HOST}:{port}/v1")
    first, second = (asyncio.ensure_future(app.health.check()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second)["model"]["ok"] is True
    assert counted.models == 1
