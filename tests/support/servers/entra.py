"""A tenant of Microsoft Entra ID as an app sees it: keys over HTTP, and tokens signed with them."""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support.servers.serving import served

TENANT = "11111111-2222-3333-4444-555555555555"
AUDIENCE = "api://amida"


def new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Entra:
    """`fetches` counts how often the keys were asked for; `away` makes it answer 503."""

    authority: str = ""
    keys: dict[str, RSAPrivateKey] = field(default_factory=lambda: {"key-1": new_key()})
    fetches: int = 0
    away: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer: Response = Response(status_code=404)
        if Request(scope).url.path == f"/{TENANT}/discovery/v2.0/keys":
            self.fetches += 1
            answer = Response(status_code=503) if self.away else JSONResponse(self.published())
        await answer(scope, receive, send)

    def published(self) -> dict[str, Any]:
        """The JWKS document."""
        keys = []
        for key_id, key in self.keys.items():
            public = json.loads(RSAAlgorithm.to_jwk(key.public_key()))
            keys.append({**public, "kid": key_id, "use": "sig"})
        return {"keys": keys}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a good token; None leaves one out."""
        stamp = int(datetime.now(UTC).timestamp())
        claims = {
            "iss": f"{self.authority}/{TENANT}/v2.0",
            "aud": AUDIENCE,
            "tid": TENANT,
            "oid": secrets.token_hex(16),
            "iat": stamp,
            "nbf": stamp,
            "exp": stamp + 600,
            "preferred_username": "eve@contoso.example",
            "name": "Eve",
        }
        return {name: v for name, v in (claims | changes).items() if v is not None}

    def token(self, key_id: str = "key-1", key: RSAPrivateKey | None = None, **changes: Any) -> str:
        """A token signed with the key of that id, or with `key` in its name."""
        signer = key or self.keys[key_id]
        headers = {"kid": key_id}
        return jwt.encode(self.claims(**changes), signer, algorithm="RS256", headers=headers)


@contextmanager
def entra_server() -> Iterator[Entra]:
    """A running tenant."""
    entra = Entra()
    with served(entra) as [port]:
        entra.authority = f"http://127.0.0.1:{port}"
        yield entra
