"""A stand-in for Azure Web PubSub, for local work and tests.

    python -m infra.local.webpubsub --port 8802 --event-handler http://127.0.0.1:7071/api/v1/ws/events

The official service SDK and the official client work with it, given `connection_string`.

What it covers: the REST calls of `azure-messaging-webpubsubservice` under `/api/hubs/{hub}`, tokens
checked as the service does (HS256, expiry, and the URL as the audience); clients at
`/client/hubs/{hub}`, plain or with the subprotocol `json.webpubsub.azure.v1`, with roles, groups,
events, acknowledgements and pings, or with `json.reliable.webpubsub.azure.v1`, with which a
connection that is lost can be recovered for 30 seconds and misses nothing; and an event handler,
called as CloudEvents over HTTP after its consent by `OPTIONS` (`connect` and user events wait for
its answer; `{hub}` and `{event}` in its URL are replaced), signed with both keys, or with a token
of Microsoft Entra ID that a test provides.

What it does not: protobuf, MQTT, Socket.IO, streaming and Microsoft Entra
tokens are refused; filters know `eq`, `ne`, `in`, `and`, `or` and `not`, but no functions;
`messageTtlSeconds` is ignored; the list of a group's connections is one page. `addUserToGroup`
reaches the connections the user has at that moment. The handler gets the events of one connection
one after the other, and all of them. A user event that no handler takes is acknowledged with
`InternalServerError`. All state is in memory.

Beside it, `GET /__calls` returns every REST call so far: method, path, query, body, status, time.
"""

from infra.local.serving import HOST

DEFAULT_KEY = "local-stand-in-key-that-protects-nothing="
JSON_PROTOCOL = "json.webpubsub.azure.v1"
RELIABLE_PROTOCOL = "json.reliable.webpubsub.azure.v1"
PROTOCOLS = (RELIABLE_PROTOCOL, JSON_PROTOCOL)


def endpoint(port: int) -> str:
    """The address of a stand-in on `port`."""
    return f"http://{HOST}:{port}"


def connection_string(port: int, key: str = DEFAULT_KEY) -> str:
    """What the service SDK takes to reach a stand-in on `port` with the access key `key`."""
    return f"Endpoint={endpoint(port)};AccessKey={key};Version=1.0;"
