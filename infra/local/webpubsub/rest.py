"""The service's REST API: what the service SDK calls."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from infra.local.webpubsub.filters import FilterError, compile_filter
from infra.local.webpubsub.hub import (
    PERMISSIONS,
    Connection,
    Hub,
    Permission,
    broadcast,
    role_for,
)
from infra.local.webpubsub.tokens import client_token
from infra.local.webpubsub.upstream import payload_of

HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_`,.\[\]]{0,127}")


@dataclass(frozen=True)
class Call:
    """One authenticated REST call; `params` are those of the path, unquoted."""

    hub: Hub
    params: dict[str, str]
    query: QueryParams
    content_type: str
    body: bytes
    key: str
    client_url: str

    def members(self) -> list[Connection]:
        """The connections that the path is about: a group's, a user's, one, or all."""
        if "connection" in self.params:
            one = self.hub.connections.get(self.params["connection"])
            return [one] if one else []
        return self.hub.members(group=self.params.get("group"), user=self.params.get("user"))

    def connection(self) -> Connection:
        """The connection that the path names; raises HTTPException 404 when there is none."""
        found = self.hub.connections.get(self.params["connection"])
        if found is None:
            raise HTTPException(404, f"there is no connection {self.params['connection']}")
        return found

    def permission(self) -> Permission:
        """The permission that the path names; raises HTTPException 400 for an unknown one."""
        name = self.params["permission"]
        known: dict[str, Permission] = {permission: permission for permission in PERMISSIONS}
        if name not in known:
            raise HTTPException(400, f"{name} is none of {', '.join(known)}")
        return known[name]


def send(call: Call) -> Response:
    """Send the body to the connections of the path."""
    try:
        payload = payload_of(call.content_type, call.body)
        chosen = compile_filter(call.query["filter"]) if "filter" in call.query else None
    except (ValueError, FilterError) as error:
        raise HTTPException(400, str(error)) from error
    to = [one for one in call.members() if chosen is None or chosen(one)]
    group = call.params.get("group")
    origin = {"from": "server" if group is None else "group", "group": group}
    broadcast(to, payload, call.query.getlist("excluded"), **origin)
    return Response(status_code=202)


def close(call: Call) -> Response:
    """Close the connections of the path."""
    excluded = call.query.getlist("excluded")
    for connection in call.members():
        if connection.id not in excluded:
            connection.close(call.query.get("reason", ""))
    return Response(status_code=204)


def exists(call: Call) -> Response:
    """Whether the path has a connection: 200 or 404."""
    return Response(status_code=200 if call.members() else 404)


def list_connections(call: Call) -> Response:
    """The connections of a group, all on one page."""
    top = int(call.query["top"]) if call.query.get("top", "").isdigit() else None
    found = [
        {"connectionId": connection.id, "userId": connection.user_id}
        for connection in call.members()[:top]
    ]
    return JSONResponse({"value": found, "nextLink": None})


def add_connection(call: Call) -> Response:
    """Put a connection into a group."""
    call.connection().groups.add(call.params["group"])
    return Response(status_code=200)


def add_user(call: Call) -> Response:
    """Put the connections that a user has now into a group."""
    for connection in call.hub.members(user=call.params["user"]):
        connection.groups.add(call.params["group"])
    return Response(status_code=200)


def remove(call: Call) -> Response:
    """Take the connections of the path out of its group."""
    for connection in call.members():
        connection.groups.discard(call.params["group"])
    return Response(status_code=204)


def remove_from_all(call: Call) -> Response:
    """Take the connections of the path out of every group."""
    for connection in call.members():
        connection.groups.clear()
    return Response(status_code=204)


def grant(call: Call) -> Response:
    """Grant a connection a permission, for one group or for all."""
    role = role_for(call.permission(), call.query.get("targetName"))
    call.connection().roles.add(role)
    return Response(status_code=200)


def revoke(call: Call) -> Response:
    """Take back what `grant` gave."""
    role = role_for(call.permission(), call.query.get("targetName"))
    call.connection().roles.discard(role)
    return Response(status_code=204)


def check(call: Call) -> Response:
    """Whether a connection has a permission: 200 or 404."""
    granted = call.connection().may(call.permission(), call.query.get("targetName"))
    return Response(status_code=200 if granted else 404)


def generate_token(call: Call) -> Response:
    """A token with which a client may connect."""
    if call.query.get("clientType", "Default").lower() != "default":
        raise HTTPException(400, "this stand-in knows only clients of type Default")
    minutes = call.query.get("minutesToExpire", "60")
    if not minutes.isdigit() or not int(minutes):
        raise HTTPException(400, "minutesToExpire must be a number above 0")
    token = client_token(
        call.key,
        call.client_url,
        user=call.query.get("userId"),
        roles=call.query.getlist("role"),
        groups=call.query.getlist("group"),
        minutes=int(minutes),
    )
    return JSONResponse({"token": token})


Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE"]

OPERATIONS: list[tuple[Method, str, Callable[[Call], Response]]] = [
    ("POST", "/:send", send),
    ("POST", "/:closeConnections", close),
    ("POST", "/:generateToken", generate_token),
    ("POST", "/groups/{group}/:send", send),
    ("POST", "/groups/{group}/:closeConnections", close),
    ("HEAD", "/groups/{group}", exists),
    ("GET", "/groups/{group}/connections", list_connections),
    ("PUT", "/groups/{group}/connections/{connection}", add_connection),
    ("DELETE", "/groups/{group}/connections/{connection}", remove),
    ("POST", "/users/{user}/:send", send),
    ("POST", "/users/{user}/:closeConnections", close),
    ("HEAD", "/users/{user}", exists),
    ("DELETE", "/users/{user}/groups", remove_from_all),
    ("PUT", "/users/{user}/groups/{group}", add_user),
    ("DELETE", "/users/{user}/groups/{group}", remove),
    ("POST", "/connections/{connection}/:send", send),
    ("HEAD", "/connections/{connection}", exists),
    ("DELETE", "/connections/{connection}", close),
    ("DELETE", "/connections/{connection}/groups", remove_from_all),
    ("PUT", "/permissions/{permission}/connections/{connection}", grant),
    ("DELETE", "/permissions/{permission}/connections/{connection}", revoke),
    ("HEAD", "/permissions/{permission}/connections/{connection}", check),
]
