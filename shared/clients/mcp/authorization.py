"""How calls are signed: with a token that was given, or one for client credentials."""

import re
import time
from collections.abc import AsyncGenerator

import httpx2

from shared.clients.mcp.exchange import EXCHANGE, Exchange
from shared.clients.mcp.settings import OAuthClient, SnowflakeEndpoint
from shared.text import strict_json

_DEFAULT_LIFE = 300.0
_RESERVE = 30.0
_TOKEN = re.compile(r"[!-~]{1,16384}")


class BearerAuth(httpx2.Auth):
    """A token that does not change."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        request.headers["Authorization"] = self._header
        yield request


class ClientCredentialsAuth(httpx2.Auth):
    """A token of the client's own (RFC 6749, 4.4), asked for anew when it expires or is refused."""

    def __init__(self, client: OAuthClient) -> None:
        self._client = client
        self._token = ""
        self._until = 0.0

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        for _ in range(2):
            if time.monotonic() >= self._until:
                answer = yield self._token_request()
                if not await self._take(answer):
                    EXCHANGE.get(Exchange()).is_token_refused = True
                    return
            request.headers["Authorization"] = f"Bearer {self._token}"
            answer = yield request
            if answer.status_code != httpx2.codes.UNAUTHORIZED:
                return
            self._until = 0.0

    def _token_request(self) -> httpx2.Request:
        known = self._client
        form = {"grant_type": "client_credentials"} | (
            {"scope": known.scope} if known.scope else {}
        )
        request = httpx2.Request(
            "POST", known.token_url, data=form, headers={"Accept": "application/json"}
        )
        basic = httpx2.BasicAuth(known.client_id, known.client_secret)
        return next(basic.auth_flow(request))

    async def _take(self, answer: httpx2.Response) -> bool:
        """RFC 6749, 5.1."""
        try:
            await answer.aread()
            most = strict_json.MAX_VALUES
            given = strict_json.loads(answer.content, max_values=most) if answer.is_success else {}
            token = given.get("access_token") if isinstance(given, dict) else None
            life = float(given.get("expires_in", _DEFAULT_LIFE))
        except (ValueError, TypeError, AttributeError, httpx2.StreamError):
            return False
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            return False
        self._token = token
        self._until = time.monotonic() + max(0.0, life - _RESERVE)
        return True


def signature_of(endpoint: SnowflakeEndpoint) -> httpx2.Auth | None:
    """None for a server that asks for no token."""
    if endpoint.oauth:
        return ClientCredentialsAuth(endpoint.oauth)
    return BearerAuth(endpoint.token) if endpoint.token else None
