"""What the Web PubSub stand-in tells an event handler, and what the handler can decide."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.local.webpubsub import DEFAULT_KEY, JSON_PROTOCOL, connection_string
from infra.local.webpubsub.app import application
from tests.support.ports import find_free_port
from tests.support.servers.stand_ins import served

TIMEOUT = 10
HUB = "tickets"


@dataclass
class Handler:
    """An event handler that records what it is told and answers what a test wants."""

    allows: str = "*"
    answers: dict[str, Response] = field(default_factory=dict)
    told: asyncio.Queue[tuple[dict[str, str], bytes]] = field(default_factory=asyncio.Queue)
    asked: list[str | None] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        if request.method == "OPTIONS":
            self.asked.append(request.headers.get("WebHook-Request-Origin"))
            return Response(headers={"WebHook-Allowed-Origin": self.allows})
        self.told.put_nowait((dict(request.headers), await request.body()))
        return self.answers.get(request.path_params["event"], Response(status_code=204))

    async def next(self) -> tuple[dict[str, str], bytes]:
        return await asyncio.wait_for(self.told.get(), TIMEOUT)

    async def next_types(self, count: int) -> list[str]:
        return [(await self.next())[0]["ce-type"] for _ in range(count)]


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
async def url(handler: Handler) -> AsyncIterator[str]:
    """A stand-in that hands its events to `handler`."""
    route = Route("/api/{hub}/{event:path}", handler.answer, methods=["POST", "OPTIONS"])
    async with (
        served(Starlette(routes=[route])) as upstream,
        served(application(event_handler=f"{upstream}/api/{{hub}}/{{event}}")) as address,
    ):
        yield address


async def client(url: str, **options: Any) -> ClientConnection:
    """A client of the JSON subprotocol, or a plain one with `subprotocols=None`."""
    options = {"subprotocols": [JSON_PROTOCOL]} | options
    service = WebPubSubServiceClient.from_connection_string(
        connection_string(urlsplit(url).port or 0), HUB
    )
    async with service:
        token = await service.get_client_access_token(user_id="amal", roles=["custom"])
    return await connect(str(token["url"]) + "&page=3", proxy=None, **options)


async def received(socket: ClientConnection) -> Any:
    return json.loads(await asyncio.wait_for(socket.recv(), TIMEOUT))


async def test_a_connection_is_told_from_its_beginning_to_its_end(
    url: str, handler: Handler
) -> None:
    async with await client(url) as socket:
        me = (await received(socket))["connectionId"]
        headers, body = await handler.next()
        asked = json.loads(body)
        assert headers["content-type"] == "application/json"
        assert asked["claims"]["sub"] == ["amal"]
        assert asked["claims"]["role"] == ["custom"]
        assert asked["query"] == {"page": ["3"]}
        assert asked["subprotocols"] == [JSON_PROTOCOL]
        assert asked["headers"]["host"] == [urlsplit(url).netloc]
        assert await handler.next_types(1) == ["azure.webpubsub.sys.connected"]
    headers, body = await handler.next()
    signature = hmac.new(DEFAULT_KEY.encode(), me.encode(), hashlib.sha256).hexdigest()
    assert (
        headers.items()
        >= {
            "webhook-request-origin": "127.0.0.1",
            "ce-specversion": "1.0",
            "ce-type": "azure.webpubsub.sys.disconnected",
            "ce-source": f"/hubs/{HUB}/client/{me}",
            "ce-connectionid": me,
            "ce-userid": "amal",
            "ce-hub": HUB,
            "ce-eventname": "disconnected",
            "ce-subprotocol": JSON_PROTOCOL,
        }.items()
    )
    assert f"sha256={signature}" in headers["ce-signature"].split(",")
    assert len(headers["ce-signature"].split(",")) == 2
    assert headers["ce-id"]
    assert datetime.fromisoformat(headers["ce-time"]).utcoffset() is not None
    assert json.loads(body) == {"reason": ""}


async def test_consent_is_asked_once_for_each_address(url: str, handler: Handler) -> None:
    for _ in range(2):
        async with await client(url) as socket:
            await received(socket)
            await handler.next_types(2)
        await handler.next_types(1)
    assert handler.asked == ["127.0.0.1"] * 3  # connect, connected, disconnected


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (JSONResponse({"ok": 1}), {"dataType": "json", "data": {"ok": 1}}),
        (PlainTextResponse("done"), {"dataType": "text", "data": "done"}),
        (
            Response(b"\x00", media_type="application/octet-stream"),
            {"dataType": "binary", "data": "AA=="},
        ),
    ],
    ids=["json", "text", "binary"],
)
async def test_the_answer_to_an_event_goes_back_to_its_connection(
    url: str, handler: Handler, answer: Response, message: dict[str, Any]
) -> None:
    handler.answers["subscribe_ticket"] = answer
    async with await client(url) as socket:
        await received(socket)
        await handler.next_types(2)
        event = {"type": "event", "event": "subscribe_ticket", "ackId": 1}
        await socket.send(json.dumps(event | {"dataType": "json", "data": {"ticket_id": "t"}}))
        headers, body = await handler.next()
        assert headers["ce-type"] == "azure.webpubsub.user.subscribe_ticket"
        assert headers["content-type"] == "application/json"
        assert json.loads(body) == {"ticket_id": "t"}
        assert await received(socket) == {"type": "message", "from": "server", **message}
        assert await received(socket) == {"type": "ack", "ackId": 1, "success": True}


async def test_each_type_of_data_has_its_content_type(url: str, handler: Handler) -> None:
    async with await client(url) as socket:
        await received(socket)
        await handler.next_types(2)
        for data_type, data in (("text", "é"), ("binary", "AA==")):
            event = {"type": "event", "event": "a/b", "dataType": data_type, "data": data}
            await socket.send(json.dumps(event))
        headers, body = await handler.next()
        assert (headers["content-type"], body.decode()) == ("text/plain; charset=utf-8", "é")
        assert headers["ce-eventname"] == "a/b"
        headers, body = await handler.next()
        assert (headers["content-type"], body) == ("application/octet-stream", b"\x00")


async def test_a_plain_client_s_frames_are_message_events(url: str, handler: Handler) -> None:
    handler.answers["message"] = PlainTextResponse("heard")
    async with await client(url, subprotocols=None) as socket:
        await handler.next_types(2)
        for frame in ("hello", b"\x01"):
            await socket.send(frame)
            headers, body = await handler.next()
            assert headers["ce-type"] == "azure.webpubsub.user.message"
            assert body == (frame if isinstance(frame, bytes) else frame.encode())
            assert "ce-subprotocol" not in headers
            assert await asyncio.wait_for(socket.recv(), TIMEOUT) == "heard"
        handler.answers["message"] = Response(status_code=500)
        await socket.send("again")
        with pytest.raises(ConnectionClosed) as closed:
            await asyncio.wait_for(socket.recv(), TIMEOUT)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1011


async def test_a_failing_event_is_acknowledged_as_failed(url: str, handler: Handler) -> None:
    handler.answers["boom"] = Response(status_code=500)
    handler.answers["strange"] = Response("<a/>", media_type="application/xml")
    async with await client(url) as socket:
        await received(socket)
        for ack, event in enumerate(("boom", "strange")):
            await socket.send(
                json.dumps({"type": "event", "event": event, "ackId": ack, "data": None})
            )
            answer = await received(socket)
            assert (answer["ackId"], answer["success"]) == (ack, False)
            assert answer["error"]["name"] == "InternalServerError"


async def test_the_handler_may_refuse_a_connection(url: str, handler: Handler) -> None:
    for status, seen in ((401, 401), (403, 403), (404, 500)):
        handler.answers["connect"] = Response(status_code=status)
        with pytest.raises(InvalidStatus) as refused:
            await client(url)
        assert refused.value.response.status_code == seen


async def test_the_handler_may_name_the_user_and_give_groups_roles_and_a_subprotocol(
    url: str, handler: Handler
) -> None:
    reply = {
        "userId": "renamed",
        "groups": ["g"],
        "roles": ["webpubsub.sendToGroup.g"],
        "subprotocol": "mine.v1",
    }
    handler.answers["connect"] = JSONResponse(reply)
    async with await client(url) as socket:
        assert (await received(socket))["userId"] == "renamed"
        await socket.send(json.dumps({"type": "sendToGroup", "group": "g", "data": 1}))
        assert (await received(socket))["fromUserId"] == "renamed"
    async with await client(url, subprotocols=["mine.v1"]) as socket:
        assert socket.subprotocol == "mine.v1"


async def test_the_connection_s_state_comes_back_with_each_event(
    url: str, handler: Handler
) -> None:
    handler.answers["connect"] = Response(status_code=204, headers={"ce-connectionState": "c2VlbQ"})
    async with await client(url) as socket:
        await received(socket)
        assert "ce-connectionstate" not in (await handler.next())[0]
        assert (await handler.next())[0]["ce-connectionstate"] == "c2VlbQ"


@pytest.mark.parametrize("allows", ["elsewhere.example", ""])
async def test_without_consent_nothing_is_sent(url: str, handler: Handler, allows: str) -> None:
    handler.allows = allows
    with pytest.raises(InvalidStatus) as refused:
        await client(url)
    assert refused.value.response.status_code == 500
    assert handler.told.empty()


async def test_a_handler_that_is_away_refuses_connections() -> None:
    port = find_free_port()
    async with served(application(event_handler=f"http://127.0.0.1:{port}/")) as url:
        with pytest.raises(InvalidStatus) as refused:
            await client(url)
    assert refused.value.response.status_code == 500
