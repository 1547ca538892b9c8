"""A Web PubSub of a test's own beside a running app, and its official client with what it heard."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from azure.messaging.webpubsubclient.aio import WebPubSubClient
from azure.messaging.webpubsubclient.models import (
    CallbackType,
    OnServerDataMessageArgs,
    WebPubSubDataType,
    WebPubSubProtocolType,
)

from infra.local.serving import HOST
from infra.local.webpubsub import connection_string
from infra.local.webpubsub.app import application
from tests.support.ports import find_free_port
from tests.support.running_app import RunningApp, run_app
from tests.support.servers.serving import served

TIMEOUT = 20.0
JsonObject = dict[str, Any]


@contextmanager
def run_with_realtime(
    storage: str,
    folder: Path,
    /,
    **settings: str,
) -> Iterator[tuple[RunningApp, int]]:
    """A running app, and the port of the Web PubSub that it sends to and that tells it events."""
    port = find_free_port()
    where = {"WEBPUBSUB_CONNECTION_STRING": connection_string(port), **settings}
    with run_app(storage, folder, **where) as running:
        events = f"{running.host.base_url}/api/v1/ws/events"
        web_pub_sub = application(event_handler=events, recovery_seconds=5)
        with served(web_pub_sub, port=port):
            yield running, port


def calls_of(port: int) -> list[JsonObject]:
    """The calls that a Web PubSub got from the app."""
    calls: list[JsonObject] = httpx2.get(f"http://{HOST}:{port}/__calls").json()["calls"]
    return calls


class Listener:
    """The official client of a user, and the messages that it heard in order."""

    def __init__(self, sdk: WebPubSubClient) -> None:
        self.sdk = sdk
        self.heard: list[JsonObject] = []
        self.disconnections = 0
        self._news = asyncio.Condition()

    async def hear(self, message: OnServerDataMessageArgs) -> None:
        async with self._news:
            self.heard.append(message.data)
            self._news.notify_all()

    async def until(
        self, fits: Callable[[JsonObject], bool], what: str, seconds: float = TIMEOUT
    ) -> JsonObject:
        """The first message that fits; fails after a while."""

        def found() -> JsonObject | None:
            return next((message for message in self.heard if fits(message)), None)

        async with self._news:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._news.wait_for(lambda: found() is not None)
        message = found()
        assert message is not None, f"waited in vain for {what}: {self.heard}"
        return message

    async def until_ended(self, ticket_id: str, seconds: float = TIMEOUT) -> None:
        await self.until(lambda m: ends(m, ticket_id), f"the end of {ticket_id}", seconds)

    async def ask(self, event: str, **data: Any) -> None:
        """Say something as clients of the earlier backend do."""
        await self.sdk.send_event(event, {"type": event, **data}, WebPubSubDataType.JSON)

    async def lose_connection(self) -> None:
        """Cut it off without a word."""
        socket = self.sdk._ws
        assert socket is not None
        assert socket.session is not None
        await socket.session.close()

    @property
    def replies(self) -> list[JsonObject]:
        """What the app answered to this client."""
        numbered = [m for m in self.heard if "seq" not in m]
        return [m for m in numbered if m["type"] != "connection_confirmed"]

    def of(self, ticket_id: str) -> list[JsonObject]:
        """The numbered messages about a ticket."""
        return [m for m in self.heard if m.get("ticket_id") == ticket_id and "seq" in m]


def ends(message: JsonObject, ticket_id: str) -> bool:
    """Whether a message tells the end of a ticket."""
    ended = message.get("data", {}).get("status") in ("completed", "failed", "cancelled")
    return ended and message.get("ticket_id") == ticket_id


def negotiated(api: httpx2.Client) -> JsonObject:
    answer = api.get("/ws/negotiate")
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


@asynccontextmanager
async def listening(
    api: httpx2.Client, protocol: WebPubSubProtocolType = WebPubSubProtocolType.JSON_RELIABLE
) -> AsyncIterator[Listener]:
    """The official client of whose token `api` carries, once the app has confirmed it."""
    async with client_at(negotiated(api)["url"], protocol) as listener:
        await listener.until(lambda m: m["type"] == "connection_confirmed", "the confirmation")
        yield listener


@asynccontextmanager
async def client_at(url: str, protocol: WebPubSubProtocolType) -> AsyncIterator[Listener]:
    sdk = WebPubSubClient(
        url,
        protocol_type=protocol,
        reconnect_retry_total=0,
        message_retry_total=0,
        ack_timeout=TIMEOUT,
        start_timeout=TIMEOUT,
    )
    listener = Listener(sdk)

    async def count(_: object) -> None:
        listener.disconnections += 1

    await sdk.subscribe(CallbackType.SERVER_MESSAGE, listener.hear)
    await sdk.subscribe(CallbackType.DISCONNECTED, count)
    async with sdk:
        yield listener
