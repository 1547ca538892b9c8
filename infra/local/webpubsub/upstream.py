"""The event handler of a hub, called with CloudEvents over HTTP."""

import hashlib
import hmac
import json
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx2
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from infra.local.serving import HOST
from infra.local.webpubsub.hub import Connection, Payload

_TIMEOUT_SECONDS = 30.0
_CONTENT_TYPES = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "binary": "application/octet-stream",
}


class UpstreamError(Exception):
    """The handler did not take an event; `status` is what it answered, 500 for no answer."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.status = status


class ConnectReply(BaseModel):
    """What the handler may decide on a new connection."""

    model_config = ConfigDict(alias_generator=to_camel)

    user_id: str | None = None
    groups: list[str] | None = None
    roles: list[str] | None = None
    subprotocol: str | None = None


class Upstream:
    """The handler at `url`, in which `{hub}` and `{event}` are replaced; `key` and a second one
    sign what it gets, unless `token` gives one of Microsoft Entra ID instead.

    Its methods raise UpstreamError when the handler cannot be reached, does not consent to being
    called (CloudEvents' abuse protection), or answers with another status than 200 or 204.
    """

    def __init__(self, url: str, key: str, token: Callable[[], str] | None = None) -> None:
        self._url = url
        self._keys = (secrets.token_hex(32), key)
        self._token = token
        self._consented: set[str] = set()
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False)

    async def aclose(self) -> None:
        """Close the connections to the handler."""
        await self._http.aclose()

    async def connect(
        self, hub: str, connection: Connection, request: dict[str, Any]
    ) -> ConnectReply:
        """Ask whether a client may connect; the UpstreamError has the status that refuses it."""
        body = json.dumps(request).encode()
        response = await self._post(hub, connection, "sys", "connect", body, "application/json")
        try:
            return ConnectReply.model_validate_json(response.content or b"{}")
        except ValidationError as error:
            raise UpstreamError(f"the answer to connect is invalid: {error}") from error

    async def connected(self, hub: str, connection: Connection) -> None:
        """Tell that a client is connected."""
        await self._post(hub, connection, "sys", "connected", b"{}", "application/json")

    async def disconnected(self, hub: str, connection: Connection, reason: str) -> None:
        """Tell that a client is gone."""
        body = json.dumps({"reason": reason}).encode()
        await self._post(hub, connection, "sys", "disconnected", body, "application/json")

    async def user_event(
        self, hub: str, connection: Connection, event: str, payload: Payload
    ) -> Payload | None:
        """Hand over what a client sent; returns what is to be sent back to it, if anything."""
        frame = payload.as_frame()
        body = frame.encode() if isinstance(frame, str) else frame
        kind = _CONTENT_TYPES[payload.data_type]
        response = await self._post(hub, connection, "user", event, body, kind)
        if not response.content:
            return None
        try:
            return payload_of(response.headers.get("content-type", ""), response.content)
        except ValueError as error:
            raise UpstreamError(f"the answer to {event} is invalid: {error}") from error

    async def _post(
        self, hub: str, connection: Connection, kind: str, event: str, body: bytes, content: str
    ) -> httpx2.Response:
        url = self._url.replace("{hub}", quote(hub)).replace("{event}", quote(event, safe=""))
        headers = self._headers(hub, connection, event)
        headers |= {"ce-type": f"azure.webpubsub.{kind}.{event}", "Content-Type": content}
        try:
            await self._obtain_consent(url)
            response = await self._http.post(url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            raise UpstreamError(f"{url}: {error!r}") from error
        if response.status_code not in (200, 204):
            raise UpstreamError(f"{url} answered {response.status_code}", response.status_code)
        connection.state = response.headers.get("ce-connectionState", connection.state)
        return response

    async def _obtain_consent(self, url: str) -> None:
        if url in self._consented:
            return
        response = await self._http.options(url, headers={"WebHook-Request-Origin": HOST})
        allowed = response.headers.get("WebHook-Allowed-Origin", "")
        if not response.is_success or not {"*", HOST} & {one.strip() for one in allowed.split(",")}:
            raise UpstreamError(f"{url} does not allow events from {HOST}")
        self._consented.add(url)

    def _headers(self, hub: str, connection: Connection, event: str) -> dict[str, str]:
        known = {
            "WebHook-Request-Origin": HOST,
            "ce-specversion": "1.0",
            "ce-source": f"/hubs/{hub}/client/{connection.id}",
            "ce-id": str(uuid.uuid4()),
            "ce-time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            **self._proof(connection.id),
            "ce-connectionId": connection.id,
            "ce-hub": hub,
            "ce-eventName": event,
            "ce-userId": connection.user_id,
            "ce-subprotocol": connection.protocol,
            "ce-connectionState": connection.state,
        }
        return {name: value for name, value in known.items() if value is not None}

    def _proof(self, connection_id: str) -> dict[str, str]:
        """That it is we who send an event."""
        if self._token is not None:
            return {"Authorization": f"Bearer {self._token()}"}
        macs = (
            hmac.new(key.encode(), connection_id.encode(), hashlib.sha256) for key in self._keys
        )
        return {"ce-signature": ",".join(f"sha256={mac.hexdigest()}" for mac in macs)}


def payload_of(content_type: str, body: bytes) -> Payload:
    """What an HTTP body carries; raises ValueError for another type than the three there are."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return Payload("json", json.loads(body))
    if kind == "text/plain":
        return Payload("text", body.decode())
    if kind == "application/octet-stream":
        return Payload("binary", body)
    raise ValueError(
        f"content type {kind!r} is none of application/json, text/plain, application/octet-stream"
    )
