"""What the realtime service tells of its connections, and what clients say through them.

A client asks `ping` and `subscribe_ticket` by custom events of these names, or as the earlier
backend's clients do, by a plain message with the name as its `type`.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.accounts.connections import Connections
from shared.accounts.principal import Principal
from shared.clients.realtime_events import ConnectionEvent, EventKind, EventVerification
from shared.errors import Invalid, Malformed, NotFound, Unauthenticated
from shared.models import ClientMessage, Message, Model, rfc3339, validate_model
from shared.models.clock import Clock
from shared.text import strict_json
from shared.tickets.results import TicketQueries

MAX_MESSAGE = 4 * 1024
MAX_EVENT = 64 * 1024
"""In bytes: what a client may say, and what the service may tell, which has the headers of the
client's request in it."""
_UNNAMED = "message"


class ConnectRequest(Model):
    """What the service tells of a connection that is about to open, as far as we look at it."""

    claims: dict[str, list[str]] = {}


_CONNECT: TypeAdapter[ConnectRequest] = TypeAdapter(ConnectRequest)


class RealtimeEvents:
    """Takes events that are genuine; what it answers goes to the client."""

    def __init__(
        self,
        *,
        verification: EventVerification,
        connections: Connections,
        queries: TicketQueries,
        clock: Clock,
    ) -> None:
        self._verification = verification
        self._connections = connections
        self._queries = queries
        self._clock = clock

    def check_origin(self, origin: str) -> str:
        """Raises Forbidden."""
        return self._verification.check_origin(origin)

    async def verify(self, headers: Mapping[str, str]) -> ConnectionEvent:
        """Raises Unauthenticated, Malformed, Unavailable."""
        return await self._verification.verify(headers)

    async def take(self, event: ConnectionEvent, body: bytes) -> Message | None:
        """Raises Unauthenticated for a client that may not connect, or is not known; Malformed;
        Unavailable."""
        if event.kind is EventKind.CONNECT:
            return await self._connect(event, body)
        if event.kind is EventKind.CONNECTED:
            await self._connections.confirm(event.connection_id, event.user_id)
        elif event.kind is EventKind.DISCONNECTED:
            await self._connections.forget(event.connection_id)
        else:
            asking = await self._connections.principal_of(event.connection_id, event.user_id)
            answer = await self._answer(asking, event.name, body)
            return answer | {"timestamp": rfc3339(self._clock.now())}
        return None

    async def _connect(self, event: ConnectionEvent, body: bytes) -> Message:
        try:
            claims = _CONNECT.validate_json(body).claims
            invited_at = int(claims.get("iat", ["0"])[0])
        except (ValidationError, ValueError, IndexError):
            raise Malformed("The event does not say who wants to connect.") from None
        if claims.get("role"):
            raise Unauthenticated("This invitation is none of this app; please negotiate again.")
        groups = await self._connections.admit(
            event.connection_id, event.user_id, invited_at, claims.get("webpubsub.group", [])
        )
        return {"userId": event.user_id, "groups": groups}

    async def _answer(self, principal: Principal, name: str, body: bytes) -> Message:
        try:
            said = validate_model(ClientMessage, strict_json.loads(body))
        except (ValueError, Invalid):
            return _refusal("", "The message cannot be read: please send JSON with a type.")
        asked = said.type if name == _UNNAMED else name
        if asked == "ping":
            return {"type": "pong"}
        if asked != "subscribe_ticket":
            return _refusal("", "Only ping and subscribe_ticket are understood here.")
        try:
            await self._queries.ticket(principal, said.ticket_id)
        except NotFound as error:
            return _refusal(said.ticket_id, error.detail)
        return {"type": "subscription_confirmed", "ticket_id": said.ticket_id}


def _refusal(ticket_id: str, reason: str) -> dict[str, Any]:
    return {"type": "error_notification", "ticket_id": ticket_id, "error": reason}
