"""What goes wrong with an MCP server, as people are told it and the workflow acts on it.

Nothing that the server wrote is repeated here, save what its SQL tool says of a query.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from shared.clients.mcp.exchange import Exchange
from shared.errors import PermanentFailure, QueryFailed, RetryLater, StepError
from shared.telemetry.spans import Service

if TYPE_CHECKING:
    from mcp.shared.exceptions import MCPError

_CONNECTION_CLOSED = -32000
_REQUEST_TIMEOUT = -32001
_PARSE_ERROR = -32700
_INTERNAL_ERROR = -32603
_MAX_DETAIL = 2_000
_NOT_AUTHORIZED = re.compile(
    r"authori[sz]|privilege|permission|access (control|denied)|not allowed|forbidden", re.IGNORECASE
)
_BUSY = {408, 425, 429}


def snowflake_away(reason: str, seconds: float | None = None) -> RetryLater:
    return RetryLater(reason, seconds, Service.SNOWFLAKE)


def explain_error(error: BaseException, exchange: Exchange) -> StepError:
    """The reason for an error of the `mcp` package, with what HTTP said of it."""
    if exchange.is_too_large:
        return too_large()
    return _by_http(exchange) or _by_error(error)


def too_large() -> StepError:
    return PermanentFailure(
        "The Snowflake server's answer is larger than is taken; ask for fewer rows or columns."
    )


def no_command() -> StepError:
    return PermanentFailure("The setting SNOWFLAKE_MCP_COMMAND names no program that is here.")


def query_failed(texts: Sequence[str]) -> QueryFailed:
    """What the tool says, in one line of a bounded length."""
    said = " ".join(" ".join(texts).split())
    return QueryFailed("".join(filter(str.isprintable, said))[:_MAX_DETAIL] or "no reason given.")


def refuses_handshake(error: BaseException, exchange: Exchange) -> bool:
    """Whether the server answered `initialize` with something that is about the protocol."""
    about_protocol = exchange.status == 0 or 200 <= exchange.status < 300
    about_protocol = about_protocol or exchange.status in (400, 404, 405, 406, 501)
    is_heard = not (exchange.is_away or exchange.is_token_refused)
    found = _protocol_error(error)
    # The `mcp` package tells of its own timeout in the same way, before HTTP knows of it.
    is_answer = found is not None and found.code != _REQUEST_TIMEOUT
    return about_protocol and is_heard and is_answer


def is_forgotten(error: BaseException, exchange: Exchange) -> bool:
    """Whether the server does not know the session any more, and hence did nothing. The protocol
    has 404 for it: https://modelcontextprotocol.io/specification/2025-11-25/basic/transports"""
    found = _protocol_error(error)
    return exchange.status == 404 and found is not None and found.message == "Session terminated"


def breaks_session(error: BaseException) -> bool:
    """Whether the session is of no use any more."""
    found = _protocol_error(error)
    if found is None:
        return not isinstance(error, TimeoutError)
    return found.code == _CONNECTION_CLOSED or found.message == "Session terminated"


def _by_http(exchange: Exchange) -> StepError | None:
    if exchange.is_slow:
        return _too_slow()
    if exchange.is_away:
        return snowflake_away("The Snowflake server cannot be reached, or broke off its answer.")
    status = exchange.status
    if status >= 500 or status in _BUSY:
        return snowflake_away(
            f"The Snowflake server is busy (HTTP {status}).", exchange.retry_after
        )
    if exchange.is_token_refused:
        return PermanentFailure(
            "No token was given for the Snowflake server; SNOWFLAKE_OAUTH_TOKEN_URL and the client "
            "credentials must be checked."
        )
    if status == 401:
        return PermanentFailure(
            "The Snowflake server refuses our token (HTTP 401); it may have expired."
        )
    if status == 403:
        return _not_authorized()
    if status == 404:
        return PermanentFailure("There is no Snowflake MCP server at the address that was set.")
    if status >= 300:
        return PermanentFailure(f"The Snowflake server refuses the call (HTTP {status}).")
    return None


def _by_error(error: BaseException) -> StepError:
    found = _protocol_error(error)
    if found is not None:
        return _by_code(found.code, found.message)
    errors = list(_leaves(error))
    if any(isinstance(one, TimeoutError) for one in errors):
        return _too_slow()
    told = next((one for one in errors if isinstance(one, StepError)), None)
    if told is not None:
        return told
    if any(type(one).__module__.startswith("anyio") for one in errors):
        return snowflake_away("The Snowflake server ended the session.")
    return _no_protocol()


def _by_code(code: int, message: str) -> StepError:
    if code == _REQUEST_TIMEOUT:
        return _too_slow()
    if code == _CONNECTION_CLOSED:
        return snowflake_away("The Snowflake server ended the session, or broke off its answer.")
    if code == _PARSE_ERROR:
        return _no_protocol()
    if _NOT_AUTHORIZED.search(message):
        return _not_authorized()
    if code == _INTERNAL_ERROR:
        return snowflake_away("The Snowflake server failed at the call, and does not say why.")
    return PermanentFailure(f"The Snowflake server refuses the call (MCP error {code}).")


def _too_slow() -> StepError:
    return snowflake_away("The Snowflake server did not answer in time.")


def _not_authorized() -> StepError:
    return PermanentFailure(
        "The role of this Snowflake connection may not use the server; its administrator can grant "
        "USAGE on it."
    )


def _no_protocol() -> StepError:
    return PermanentFailure("The Snowflake server answered with something that is no MCP.")


def _protocol_error(error: BaseException) -> "MCPError | None":
    from mcp.shared.exceptions import MCPError

    return next((one for one in _leaves(error) if isinstance(one, MCPError)), None)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error
