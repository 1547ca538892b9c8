"""Connections whose rights end while the realtime service is away, and events with a token of
Microsoft Entra ID."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from azure.messaging.webpubsubclient.models import OpenClientError, WebPubSubProtocolType
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.serving import HOST
from infra.local.webpubsub import connection_string
from infra.local.webpubsub.app import application
from shared.accounts.connections import Connections
from shared.accounts.principal import Principal
from shared.accounts.repository import UserChange, Users
from shared.audit.chain import Actor, Draft
from shared.clients.entra import EntraTokens
from shared.clients.realtime import Realtime
from shared.clients.realtime_events import EventVerification
from shared.clients.tables import Table
from shared.errors import Problem, Unauthenticated
from shared.models import AuditAction, Role, StoredUser
from shared.settings.accounts import EntraSettings
from shared.settings.realtime import RealtimeSettings
from shared.tickets.realtime.events import RealtimeEvents
from tests.support.ports import find_free_port
from tests.support.product.app import AppUnderTest, user
from tests.support.product.clock import MovedClock
from tests.support.servers.entra import TENANT, Entra, entra_server, new_key
from tests.support.servers.realtime import calls_of, client_at
from tests.support.servers.serving import served
from tests.support.servers.stand_ins import served as served_here

EVENTS = "api://events"


def to_role(role: Role) -> UserChange:
    return UserChange({"role": role}, Draft(AuditAction.USER_UPDATED, Actor(), "Changed"))


async def added(users: Users, role: Role) -> StoredUser:
    new = user(role)
    return await users.add(new, Draft(AuditAction.USER_CREATED, Actor(), "Made"))


async def test_what_could_not_be_closed_is_closed_before_anything_else_is_sent(
    table: Table,
) -> None:
    port = find_free_port()
    settings = RealtimeSettings(connection_string=connection_string(port))
    realtime, clock = Realtime(settings), MovedClock()
    users = Users(table, 0, clock, close=realtime.close_user)
    admin = await added(users, Role.ADMIN)

    await users.change(admin.id, lambda _: to_role(Role.USER))

    assert not await realtime.send(["admins"], {"n": 1})
    with served(application(), port=port):
        assert await realtime.send(["admins"], {"n": 2})
        closed, sent = calls_of(port)
        assert closed["path"].endswith(f"/users/{admin.id}/:closeConnections")
        assert sent["body"] == {"n": 2}
        # Another process, after this one died, finds the trace of it.
        other = Users(table, 0, clock, close=Realtime(settings).close_user)
        await other.close_left()
        await other.close_left()
        assert [call["path"] for call in calls_of(port)[2:]] == [closed["path"]]


async def test_a_connection_that_is_admitted_as_rights_change_is_closed_when_it_opens(
    table: Table,
) -> None:
    with served(application()) as (port,):
        settings = RealtimeSettings(connection_string=connection_string(port))
        realtime, clock = Realtime(settings), MovedClock()
        users = Users(table, 0, clock)
        connections = Connections(
            realtime=realtime, users=users, table=table, minutes=30, clock=clock
        )
        admin = await added(users, Role.ADMIN)
        invited = int(clock.now().timestamp())
        assert "admins" in await connections.admit("c1", admin.id, invited, ["admins"])
        await users.change(admin.id, lambda _: to_role(Role.USER))
        await connections.confirm("c1", admin.id)
        [call] = calls_of(port)
        assert (call["method"], call["path"]) == ("DELETE", "/api/hubs/tickets/connections/c1")
        with pytest.raises(Unauthenticated):
            await connections.admit("c2", admin.id, invited, ["admins"])
        boss = Principal(admin)
        assert (await connections.count(boss)).total_connections == 1
        clock.advance(2 * 24 * 3600)
        await connections.expire()
        assert (await connections.count(boss)).total_connections == 0, "nobody told of its end"


@pytest.fixture
def entra() -> Iterator[Entra]:
    with entra_server() as server:
        yield server


def events_of(app: AppUnderTest, entra: Entra, port: int) -> RealtimeEvents:
    """As an app has them that reaches the service with its identity."""
    audience = EntraSettings(authority=entra.authority, tenant_id=TENANT, audiences=(EVENTS,))
    settings = RealtimeSettings(endpoint=f"http://{HOST}:{port}", events=audience)
    by_key = RealtimeSettings(connection_string=connection_string(port))
    connections = Connections(
        realtime=Realtime(by_key),
        users=app.users,
        table=app.clients.table("users"),
        minutes=30,
        clock=app.clock,
    )
    verification = EventVerification(settings, EntraTokens(audience).read)
    return RealtimeEvents(
        verification=verification,
        connections=connections,
        queries=app.ticket_queries,
        clock=app.clock,
    )


def handler(events: RealtimeEvents) -> Starlette:
    async def take(request: Request) -> Response:
        try:
            if request.method == "OPTIONS":
                allowed = events.check_origin(request.headers["WebHook-Request-Origin"])
                return Response(headers={"WebHook-Allowed-Origin": allowed})
            event = await events.verify(dict(request.headers))
            return JSONResponse(await events.take(event, await request.body()) or {})
        except Problem as problem:
            return JSONResponse({"detail": problem.detail}, int(problem.status))

    return Starlette(routes=[Route("/events", take, methods=["POST", "OPTIONS"])])


async def check_token(port: int, somebody: StoredUser, name: str) -> None:
    key = RealtimeSettings(connection_string=connection_string(port))
    url = await Realtime(key).client_url(somebody.id, [f"user-{somebody.id}"], 5)
    if name == "good":
        async with client_at(url, WebPubSubProtocolType.JSON) as listener:
            await listener.ask("ping")
            await listener.until(lambda m: m["type"] == "pong", "a pong")
        return
    with pytest.raises(OpenClientError):
        async with client_at(url, WebPubSubProtocolType.JSON):
            pytest.fail(f"{name} was taken")


async def test_events_may_come_with_a_token_of_the_services_identity(
    app: AppUnderTest, entra: Entra
) -> None:
    tokens = {
        "good": lambda: entra.token(aud=EVENTS),
        "another audience": lambda: entra.token(aud="api://amida"),
        "another issuer": lambda: entra.token(aud=EVENTS, iss="https://sts.windows.net/other/"),
        "another key": lambda: entra.token(aud=EVENTS, key=new_key()),
        "expired": lambda: entra.token(aud=EVENTS, exp=int(datetime.now(UTC).timestamp()) - 600),
        "none": lambda: "",
    }
    somebody = await added(app.users, Role.USER)
    for name, token in tokens.items():
        port = find_free_port()
        async with served_here(handler(events_of(app, entra, port))) as address:
            web_pub_sub = application(event_handler=f"{address}/events", event_token=token)
            with served(web_pub_sub, port=port):
                await check_token(port, somebody, name)


async def test_without_key_and_audience_every_event_is_refused() -> None:
    verification = EventVerification(RealtimeSettings(), None)
    with pytest.raises(Problem):
        verification.check_origin("")
    with pytest.raises(Unauthenticated):
        await verification.verify({"ce-connectionid": "c1", "ce-hub": "tickets"})
