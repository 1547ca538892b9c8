"""The Web PubSub stand-in through the official service SDK and client, and plain WebSockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx2
import jwt
import pytest
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.messaging.webpubsubclient.aio import WebPubSubClient
from azure.messaging.webpubsubclient.models import (
    CallbackType,
    OnConnectedArgs,
    OnDisconnectedArgs,
    OnGroupDataMessageArgs,
    OnServerDataMessageArgs,
    OpenClientError,
    SendMessageError,
    WebPubSubDataType,
    WebPubSubProtocolType,
)
from azure.messaging.webpubsubservice.aio import WebPubSubServiceClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from infra.local.webpubsub import (
    DEFAULT_KEY,
    JSON_PROTOCOL,
    RELIABLE_PROTOCOL,
    connection_string,
)
from infra.local.webpubsub.hub import MAX_WAITING, Connection, Payload, broadcast

TIMEOUT = 10
ANY_GROUP = ["webpubsub.joinLeaveGroup", "webpubsub.sendToGroup"]


class Client:
    """The official client with what it was told, in order."""

    def __init__(self, url: str) -> None:
        self.heard: asyncio.Queue[Any] = asyncio.Queue()
        self.sdk = WebPubSubClient(
            url,
            protocol_type=WebPubSubProtocolType.JSON,
            reconnect_retry_total=0,
            message_retry_total=0,
            ack_timeout=TIMEOUT,
            start_timeout=TIMEOUT,
        )
        self.sdk._auto_reconnect = False

    async def __aenter__(self) -> "Client":
        for event in (
            CallbackType.CONNECTED,
            CallbackType.DISCONNECTED,
            CallbackType.GROUP_MESSAGE,
            CallbackType.SERVER_MESSAGE,
        ):
            await self.sdk.subscribe(event, self.heard.put)
        await self.sdk.open()
        self.connected: OnConnectedArgs = await self.next()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sdk.close()

    async def next(self) -> Any:
        return await asyncio.wait_for(self.heard.get(), TIMEOUT)

    async def said(self) -> tuple[Any, ...]:
        """The next message: its group or None, its type, its data, who sent it."""
        message = await self.next()
        assert isinstance(message, OnGroupDataMessageArgs | OnServerDataMessageArgs)
        data = bytes(message.data) if isinstance(message.data, memoryview) else message.data
        if isinstance(message, OnGroupDataMessageArgs):
            return message.group, message.data_type, data, message.from_user_id
        return None, message.data_type, data, None


@pytest.fixture
def hub() -> str:
    return f"hub_{uuid4().hex}"


@pytest.fixture
async def service(webpubsub_url: str, hub: str) -> AsyncIterator[WebPubSubServiceClient]:
    async with sdk(webpubsub_url, hub) as made:
        yield made


def sdk(url: str, hub: str, key: str = DEFAULT_KEY) -> WebPubSubServiceClient:
    text = connection_string(urlsplit(url).port or 0, key)
    return WebPubSubServiceClient.from_connection_string(text, hub, retry_total=0)


async def client_url(service: WebPubSubServiceClient, user: str | None, **options: Any) -> str:
    token = await service.get_client_access_token(user_id=user, **options)
    return str(token["url"])


async def joined(
    stack: AsyncExitStack, service: WebPubSubServiceClient, user: str, **options: Any
) -> Client:
    return await stack.enter_async_context(Client(await client_url(service, user, **options)))


async def plain(url: str, **options: Any) -> ClientConnection:
    return await connect(url, proxy=None, open_timeout=TIMEOUT, **options)


async def received(socket: ClientConnection) -> Any:
    frame = await asyncio.wait_for(socket.recv(), TIMEOUT)
    return frame if isinstance(frame, bytes) else json.loads(frame)


async def calls(url: str) -> list[dict[str, Any]]:
    async with httpx2.AsyncClient(trust_env=False) as http:
        found: list[dict[str, Any]] = (await http.get(f"{url}/__calls")).json()["calls"]
    return found


async def test_the_service_sends_to_a_user_a_group_a_connection_and_all(
    service: WebPubSubServiceClient,
) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal", groups=["ticket.1"])
        bo = await joined(stack, service, "bo", groups=["ticket.2"])
        await service.send_to_user("amal", {"n": 1})
        await service.send_to_group("ticket.2", "two", content_type="text/plain")
        await service.send_to_connection(amal.connected.connection_id, {"n": 3})
        await service.send_to_all(b"\x00\xff", content_type="application/octet-stream")  # type: ignore[call-overload]
        assert [await amal.said() for _ in range(3)] == [
            (None, "json", {"n": 1}, None),
            (None, "json", {"n": 3}, None),
            (None, "binary", b"\x00\xff", None),
        ]
        assert [await bo.said() for _ in range(2)] == [
            ("ticket.2", "text", "two", None),
            (None, "binary", b"\x00\xff", None),
        ]
        assert amal.heard.empty()
        assert bo.heard.empty()


async def test_excluded_connections_hear_nothing(service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal", groups=["g"])
        bo = await joined(stack, service, "bo", groups=["g"])
        await service.send_to_group("g", {"n": 1}, excluded=[amal.connected.connection_id])
        await service.send_to_all({"n": 2})
        assert await amal.said() == (None, "json", {"n": 2}, None)
        assert (await bo.said())[2] == {"n": 1}


async def test_hubs_are_apart(webpubsub_url: str, service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        here = await joined(stack, service, "amal")
        elsewhere = await stack.enter_async_context(sdk(webpubsub_url, f"other_{uuid4().hex}"))
        await elsewhere.send_to_all({"for": "others"})
        await service.send_to_all({"for": "us"})
        assert (await here.said())[2] == {"for": "us"}


async def test_clients_talk_within_a_group(service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal", roles=ANY_GROUP)
        bo = await joined(stack, service, "bo", roles=ANY_GROUP)
        cy = await joined(stack, service, "cy", roles=ANY_GROUP)
        for client, group in ((amal, "one"), (bo, "one"), (cy, "two")):
            await client.sdk.join_group(group)
        await amal.sdk.send_to_group("one", "hello", WebPubSubDataType.TEXT, no_echo=True)
        await amal.sdk.send_to_group("one", memoryview(b"\x01"), WebPubSubDataType.BINARY)
        await amal.sdk.send_to_group("two", {"x": 1}, WebPubSubDataType.JSON)
        assert await bo.said() == ("one", "text", "hello", "amal")
        assert await bo.said() == ("one", "binary", b"\x01", "amal")
        assert await amal.said() == ("one", "binary", b"\x01", "amal")
        assert await cy.said() == ("two", "json", {"x": 1}, "amal")
        await bo.sdk.leave_group("one")
        await amal.sdk.send_to_group("one", "gone?", WebPubSubDataType.TEXT)
        assert (await amal.said())[2] == "gone?"
        assert bo.heard.empty()


async def test_a_client_does_only_what_its_roles_allow(service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(
            stack,
            service,
            "amal",
            roles=["webpubsub.joinLeaveGroup.mine", "webpubsub.sendToGroup.yours"],
        )
        await amal.sdk.join_group("mine")
        await amal.sdk.send_to_group("yours", {}, WebPubSubDataType.JSON)
        for forbidden in (
            amal.sdk.join_group("yours"),
            amal.sdk.send_to_group("mine", {}, WebPubSubDataType.JSON),
        ):
            with pytest.raises(SendMessageError) as caught:
                await forbidden
            assert caught.value.error_detail is not None
            assert caught.value.error_detail.name == "Forbidden"


async def test_permissions_are_granted_checked_and_revoked(service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal")
        me = amal.connected.connection_id
        await service.grant_permission("joinLeaveGroup", me, target_name="g")
        assert await service.has_permission("joinLeaveGroup", me, target_name="g")
        assert not await service.has_permission("joinLeaveGroup", me)
        assert not await service.has_permission("sendToGroup", me, target_name="g")
        await amal.sdk.join_group("g")
        await service.revoke_permission("joinLeaveGroup", me, target_name="g")
        with pytest.raises(SendMessageError):
            await amal.sdk.leave_group("g")
        with pytest.raises(HttpResponseError, match="is none of"):
            await service.grant_permission("anything", me)


async def test_the_service_puts_into_groups_and_takes_out(service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal")
        me = amal.connected.connection_id
        await service.add_connection_to_group("a/b c", me)
        await service.add_user_to_group("later", "amal")
        members = [member async for member in service.list_connections(group="a/b c")]
        assert [(member.connection_id, member.user_id) for member in members] == [(me, "amal")]
        assert await service.group_exists("a/b c")
        await service.send_to_group("a/b c", {"n": 1})
        assert (await amal.said())[:3] == ("a/b c", "json", {"n": 1})
        await service.remove_connection_from_group("a/b c", me)
        assert not await service.group_exists("a/b c")
        assert await service.group_exists("later")
        await service.remove_user_from_group("later", "amal")
        assert not await service.group_exists("later")
        await service.add_user_to_group("x", "amal")
        await service.remove_user_from_all_groups("amal")
        await service.add_connection_to_group("y", me)
        await service.remove_connection_from_all_groups(me)
        assert not await service.group_exists("x")
        assert not await service.group_exists("y")
        with pytest.raises(HttpResponseError) as absent:
            await service.add_connection_to_group("y", "nobody")
        assert absent.value.status_code == 404


async def test_existence_follows_the_connection(service: WebPubSubServiceClient) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal")
        me = amal.connected.connection_id
        assert await service.user_exists("amal")
        assert await service.connection_exists(me)
        await service.close_connection(me, reason="enough")
        gone = await amal.next()
        assert isinstance(gone, OnDisconnectedArgs)
        assert gone.message == "enough"
        assert not await service.connection_exists(me)
        assert not await service.user_exists("amal")


@pytest.mark.parametrize(
    "close",
    [
        lambda service: service.close_user_connections("amal", reason="out"),
        lambda service: service.close_group_connections("g", reason="out"),
        lambda service: service.close_all_connections(reason="out"),
    ],
    ids=["user", "group", "all"],
)
async def test_closing_many_spares_the_excluded(
    service: WebPubSubServiceClient, close: Callable[[WebPubSubServiceClient], Any]
) -> None:
    url = await client_url(service, "amal", groups=["g"])
    async with await plain(url) as one, await plain(url) as other:
        await close(service)
        for socket in (one, other):
            with pytest.raises(ConnectionClosed) as closed:
                await received(socket)
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1000, "out")


async def test_a_plain_client_receives_the_bare_data(service: WebPubSubServiceClient) -> None:
    async with await plain(await client_url(service, "amal", groups=["g"])) as socket:
        await service.send_to_group("g", {"n": [1, "é"]})
        await service.send_to_user("amal", "text", content_type="text/plain")
        await service.send_to_all(b"\x02", content_type="application/octet-stream")  # type: ignore[call-overload]
        assert await received(socket) == {"n": [1, "é"]}
        assert await socket.recv() == "text"
        assert await received(socket) == b"\x02"


async def test_the_frames_of_the_subprotocol(service: WebPubSubServiceClient) -> None:
    url = await client_url(service, "amal", roles=ANY_GROUP)
    async with await plain(url, subprotocols=[JSON_PROTOCOL]) as socket:
        assert socket.subprotocol == JSON_PROTOCOL
        hello = await received(socket)
        assert hello.pop("connectionId")
        assert hello == {"type": "system", "event": "connected", "userId": "amal"}
        join = {"type": "joinGroup", "group": "g", "ackId": 1}
        for frame in (join, join, {"type": "sequenceAck", "sequenceId": 1}, {"type": "ping"}):
            await socket.send(json.dumps(frame))
        assert await received(socket) == {"type": "ack", "ackId": 1, "success": True}
        again = await received(socket)
        assert (again["success"], again["error"]["name"]) == (False, "Duplicate")
        assert await received(socket) == {"type": "pong"}
        await socket.send(json.dumps({"type": "sendToGroup", "group": "g", "data": 7}))
        assert await received(socket) == {
            "type": "message",
            "from": "group",
            "group": "g",
            "fromUserId": "amal",
            "dataType": "json",
            "data": 7,
        }


async def test_an_event_without_a_handler_is_not_acknowledged_as_done(
    service: WebPubSubServiceClient,
) -> None:
    async with AsyncExitStack() as stack:
        amal = await joined(stack, service, "amal")
        with pytest.raises(SendMessageError) as caught:
            await amal.sdk.send_event("subscribe", {}, WebPubSubDataType.JSON)
        assert caught.value.error_detail is not None
        assert caught.value.error_detail.message == "no event handler is set"


@pytest.mark.parametrize(
    "frame",
    [
        "no json",
        '{"type": "dance"}',
        '{"type": "joinGroup"}',
        '{"type": "sendToGroup", "group": "g", "dataType": "binary", "data": "?"}',
        '{"type": "sendToGroup", "group": "g", "dataType": "text", "data": 1}',
        b"\x00",
    ],
)
async def test_a_frame_that_is_none_closes_the_connection(
    service: WebPubSubServiceClient, frame: str | bytes
) -> None:
    url = await client_url(service, "amal", roles=ANY_GROUP)
    async with await plain(url, subprotocols=[JSON_PROTOCOL]) as socket:
        await received(socket)
        await socket.send(frame)
        assert (await received(socket))["event"] == "disconnected"
        with pytest.raises(ConnectionClosed) as closed:
            await received(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def token_for(url: str, key: str = DEFAULT_KEY, **claims: Any) -> str:
    expires = datetime.now(UTC) + timedelta(minutes=1)
    return jwt.encode({"aud": url, "exp": expires} | claims, key, algorithm="HS256")


@pytest.mark.parametrize(
    "token",
    [
        lambda url: token_for(url, key="another-key-of-a-decent-length-000"),
        lambda url: token_for(url, exp=datetime.now(UTC) - timedelta(seconds=1)),
        lambda url: token_for(url + "s"),
        lambda url: jwt.encode({"aud": url}, DEFAULT_KEY, algorithm="HS256"),
        lambda url: jwt.encode({"aud": url, "exp": 9999999999}, "", algorithm="none"),
        lambda _: "no.token.atall",
        lambda _: "",
    ],
    ids=["key", "expired", "audience", "no expiry", "unsigned", "garbage", "absent"],
)
async def test_only_a_right_token_lets_in(
    webpubsub_url: str, hub: str, token: Callable[[str], str]
) -> None:
    address = f"{webpubsub_url}/client/hubs/{hub}"
    socket_address = "ws" + address.removeprefix("http")
    with pytest.raises(InvalidStatus) as refused:
        await plain(f"{socket_address}?access_token={token(address)}")
    assert refused.value.response.status_code == 401
    send = f"{webpubsub_url}/api/hubs/{hub}/:send?api-version=2024-12-01"
    async with httpx2.AsyncClient(trust_env=False) as http:
        headers = {"Authorization": f"Bearer {token(send)}"} if token(send) else {}
        answer = await http.post(send, json={}, headers=headers)
    assert answer.status_code == 401
    assert answer.json()["message"]


async def test_a_token_may_come_as_a_header_with_one_role_as_a_string(
    webpubsub_url: str, service: WebPubSubServiceClient, hub: str
) -> None:
    address = f"{webpubsub_url}/client/hubs/{hub}"
    token = token_for(address, sub="amal", role="webpubsub.joinLeaveGroup.g")
    async with await plain(
        "ws" + address.removeprefix("http"),
        additional_headers={"Authorization": f"Bearer {token}"},
        subprotocols=[JSON_PROTOCOL],
    ) as socket:
        me = (await received(socket))["connectionId"]
        assert await service.has_permission("joinLeaveGroup", me, target_name="g")
        assert not await service.has_permission("joinLeaveGroup", me, target_name="h")


async def test_the_sdk_with_another_key_is_refused(webpubsub_url: str, hub: str) -> None:
    async with sdk(webpubsub_url, hub, key="another-key-of-a-decent-length-000") as stranger:
        with pytest.raises(ClientAuthenticationError):
            await stranger.send_to_all({})
        with pytest.raises(OpenClientError):
            async with Client(await client_url(stranger, "amal")):
                pass


async def test_of_known_protocols_the_reliable_one_is_taken(
    service: WebPubSubServiceClient,
) -> None:
    url = await client_url(service, "amal")
    with pytest.raises(InvalidStatus) as refused:
        await plain(url, subprotocols=["protobuf.webpubsub.azure.v1"])
    assert refused.value.response.status_code == 400
    async with await plain(url, subprotocols=[JSON_PROTOCOL, RELIABLE_PROTOCOL]) as socket:
        assert socket.subprotocol == RELIABLE_PROTOCOL


@pytest.mark.parametrize(
    ("text", "heard"),
    [
        ("'red' in groups", "ab"),
        ("'red' in groups or 'it''s' in groups", "abc"),
        ("'red' in groups and not ('blue' in groups)", "a"),
        ("not 'red' in groups and userId ne null", "c"),
        ("userId eq 'a' or userId eq 'b' and 'it''s' in groups", "a"),
        ("userId in ('b', 'c')", "bc"),
    ],
)
async def test_a_filter_chooses_who_hears_a_message(
    service: WebPubSubServiceClient, text: str, heard: str
) -> None:
    groups = {"a": ["red"], "b": ["red", "blue"], "c": ["it's"]}
    async with AsyncExitStack() as stack:
        clients = {
            user: await joined(stack, service, user, groups=names) for user, names in groups.items()
        }
        await service.send_to_all({"n": 1}, filter=text)
        await service.send_to_all({"n": 2})
        for user, client in clients.items():
            numbers = [1, 2] if user in heard else [2]
            assert [(await client.said())[2]["n"] for _ in numbers] == numbers


async def test_what_it_does_not_know_is_refused(
    webpubsub_url: str, service: WebPubSubServiceClient, hub: str
) -> None:
    for bad in ("userId", "userId eq", "name eq 'a'", "('a' in groups", "'a' in groups)", "a;b"):
        with pytest.raises(HttpResponseError) as filtered:
            await service.send_to_all({}, filter=bad)
        assert filtered.value.status_code == 400
    url = f"{webpubsub_url}/api/hubs/{hub}/:send"
    version = "?api-version=2024-12-01"
    bearer = {"Authorization": f"Bearer {token_for(url)}"}
    async with httpx2.AsyncClient(trust_env=False, headers=bearer) as http:
        assert (await http.post(url, json={})).status_code == 400
        typed = {"Content-Type": "application/xml"}
        assert (await http.post(url + version, content=b"<a/>", headers=typed)).status_code == 400
        typed = {"Content-Type": "application/json"}
        assert (await http.post(url + version, content=b"{", headers=typed)).status_code == 400
        assert (await http.post(url + version, json={})).status_code == 202
        assert (await http.get(f"{webpubsub_url}/api/health")).status_code == 200


async def test_a_token_is_made_by_the_service_itself(webpubsub_url: str, hub: str) -> None:
    url = f"{webpubsub_url}/api/hubs/{hub}/:generateToken?api-version=2024-12-01"
    url += "&userId=amal&role=webpubsub.sendToGroup&group=g&minutesToExpire=1"
    bearer = {"Authorization": f"Bearer {token_for(url)}"}
    async with httpx2.AsyncClient(trust_env=False, headers=bearer) as http:
        token = (await http.post(url)).json()["token"]
    client = f"ws{webpubsub_url.removeprefix('http')}/client/hubs/{hub}?access_token={token}"
    async with (
        await plain(client, subprotocols=[JSON_PROTOCOL]) as socket,
        sdk(webpubsub_url, hub) as service,
    ):
        hello = await received(socket)
        assert hello["userId"] == "amal"
        assert await service.has_permission("sendToGroup", hello["connectionId"])
        assert await service.group_exists("g")


async def test_calls_are_recorded(
    webpubsub_url: str, service: WebPubSubServiceClient, hub: str
) -> None:
    await service.send_to_group("ticket 1/ü", {"seq": 1})
    await service.send_to_user("amal", "plain", content_type="text/plain")
    await service.group_exists("nobody")
    mine = [call for call in await calls(webpubsub_url) if f"/{hub}/" in call["path"]]
    assert [(call["method"], call["path"], call["body"], call["status"]) for call in mine] == [
        ("POST", f"/api/hubs/{hub}/groups/ticket 1/ü/:send", {"seq": 1}, 202),
        ("POST", f"/api/hubs/{hub}/users/amal/:send", "plain", 202),
        ("HEAD", f"/api/hubs/{hub}/groups/nobody", "", 404),
    ]
    assert all(datetime.fromisoformat(call["time"]) for call in mine)


async def test_a_synchronous_sdk_works_too(webpubsub_url: str, hub: str) -> None:
    from azure.messaging.webpubsubservice import WebPubSubServiceClient as SyncClient

    endpoint = webpubsub_url.replace("127.0.0.1", "localhost")
    with SyncClient(endpoint, hub, AzureKeyCredential(DEFAULT_KEY)) as client:
        await asyncio.to_thread(client.send_to_group, f"a:b {quote('é')}", {"x": "y"})
        token = client.get_client_access_token(user_id="amal")
    async with await plain(token["url"]) as socket:
        await socket.ping()


def reliable(url: str) -> WebPubSubClient:
    """The official client as it is by default."""
    return WebPubSubClient(url, ack_timeout=TIMEOUT, start_timeout=TIMEOUT)


async def lost(client: WebPubSubClient) -> None:
    """Cut the client's connection off without a word."""
    socket = client._ws
    assert socket is not None
    assert socket.session is not None
    await socket.session.close()


async def test_a_reliable_client_misses_nothing_and_hears_nothing_twice(
    service: WebPubSubServiceClient, webpubsub_url: str, hub: str
) -> None:
    heard: asyncio.Queue[Any] = asyncio.Queue()
    async with reliable(await client_url(service, "ada", groups=["red"])) as client:
        await client.subscribe(CallbackType.SERVER_MESSAGE, heard.put)
        await client.subscribe(CallbackType.GROUP_MESSAGE, heard.put)
        for number in range(1, 31):
            if number % 10 == 0:
                await lost(client)
            await service.send_to_all({"n": number}, filter="'red' in groups")
        numbers = [(await asyncio.wait_for(heard.get(), TIMEOUT)).data["n"] for _ in range(30)]
        assert numbers == [*range(1, 31)]
        assert await service.user_exists("ada")
        await service.send_to_all({"n": 31})
        assert (await asyncio.wait_for(heard.get(), TIMEOUT)).data["n"] == 31, "nothing twice"


async def test_a_connection_is_recovered_by_its_token_alone(
    service: WebPubSubServiceClient, webpubsub_url: str, hub: str
) -> None:
    url = await client_url(service, "ada")
    offered = [RELIABLE_PROTOCOL]
    socket = await plain(url, subprotocols=offered)
    greeting = await received(socket)
    await service.send_to_all({"n": 1})
    await service.send_to_all({"n": 2})
    assert [(await received(socket))["sequenceId"] for _ in range(2)] == [1, 2]
    await socket.send('{"type": "sequenceAck", "sequenceId": 1}')
    await socket.send('{"type": "ping"}')
    await received(socket)
    base = f"ws{webpubsub_url[4:]}/client/hubs/{hub}?awps_connection_id={greeting['connectionId']}"
    forged = await plain(f"{base}&awps_reconnection_token=forg%C3%A9d", subprotocols=offered)
    with pytest.raises(ConnectionClosed) as refused:
        await received(forged)
    assert refused.value.rcvd is not None
    assert refused.value.rcvd.code == 1008
    token = greeting["reconnectionToken"]
    again = await plain(f"{base}&awps_reconnection_token={token}", subprotocols=offered)
    assert (await received(again))["connectionId"] == greeting["connectionId"]
    assert (await received(again))["sequenceId"] == 2, "what was not acknowledged comes again"
    with pytest.raises(ConnectionClosed):
        await received(socket)
    await service.send_to_user("ada", {"n": 3})
    assert (await received(again))["data"] == {"n": 3}
    await again.close()


def test_a_client_that_lags_behind_is_let_go() -> None:
    """Without a limit the messages of one that acknowledges nothing would fill the memory."""
    connections = [Connection(protocol=RELIABLE_PROTOCOL), Connection()]
    for number in range(MAX_WAITING + 9):
        broadcast(connections, Payload("json", number))
    for one in connections:
        assert one.closed_for is not None
        assert one.outbox.qsize() <= MAX_WAITING + 2
    assert len(connections[0].unacknowledged) == MAX_WAITING
