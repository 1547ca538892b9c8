"""The tokens of the service: HS256 with the access key, for one URL, for a limited time."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import jwt


class TokenError(Exception):
    """The token is absent, wrong or out of date; the message says which."""


def verify(token: str | None, key: str, url: str) -> dict[str, Any]:
    """The claims of `token`, made with `key` for `url`, whose query it may leave out.

    Raises TokenError.
    """
    if not token:
        raise TokenError("no access token was given")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["HS256"],
            options={"require": ["exp", "aud"], "verify_aud": False},
        )
    except jwt.InvalidTokenError as error:
        raise TokenError(str(error)) from error
    audiences = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    wanted = {_plain(url), _plain(url.partition("?")[0])}
    if not wanted & {_plain(str(audience)) for audience in audiences}:
        raise TokenError(f"the audience of the token is not {url}")
    return claims


def client_token(
    key: str, url: str, *, user: str | None, roles: list[str], groups: list[str], minutes: int
) -> str:
    """A token with which a client may connect to `url` during the next `minutes`."""
    now = datetime.now(UTC)
    claims: dict[str, Any] = {"aud": url, "iat": now, "exp": now + timedelta(minutes=minutes)}
    if user is not None:
        claims["sub"] = user
    return jwt.encode(claims | {"role": roles, "webpubsub.group": groups}, key, algorithm="HS256")


def strings(claims: dict[str, Any], name: str) -> list[str]:
    """The values of the claim `name`, which may be absent, one value or a list."""
    value = claims.get(name, [])
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _plain(url: str) -> str:
    # Clients and their HTTP libraries differ in what they escape and in the case of the host.
    scheme, separator, rest = unquote(url).rstrip("/").partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host}".lower() + slash + path
