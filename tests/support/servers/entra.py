"""A tenant of Microsoft Entra ID as an app sees it: keys over HTTP, and tokens signed with them."""

import base64
import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from tests.support.servers.serving import served

TENANT = "11111111-2222-3333-4444-555555555555"
AUDIENCE = "api://amida"
CLIENT_ID = "99999999-8888-7777-6666-555555555555"


def new_key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Entra:
    """`fetches` counts how often the keys were asked for; `away` makes it answer 503. People sign
    in by authorization code with PKCE: `challenges` are of codes that were not exchanged yet,
    `exchanges` the grants for which tokens were given."""

    authority: str = ""
    keys: dict[str, RSAPrivateKey] = field(default_factory=lambda: {"key-1": new_key()})
    fetches: int = 0
    away: bool = False
    challenges: dict[str, str] = field(default_factory=dict)
    refresh_token: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    exchanges: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        answer: Response = Response(status_code=404)
        if request.url.path == f"/{TENANT}/discovery/v2.0/keys":
            self.fetches += 1
            answer = Response(status_code=503) if self.away else JSONResponse(self.published())
        elif request.url.path == f"/{TENANT}/oauth2/v2.0/authorize":
            answer = self._authorized(request.query_params)
        elif request.url.path == f"/{TENANT}/oauth2/v2.0/token":
            answer = self._exchanged(dict(await request.form()))
        await answer(scope, receive, send)

    def _authorized(self, asked: Mapping[str, str]) -> Response:
        """Eve is signed in already: back to the page, with a code in the fragment."""
        good = (asked["client_id"], asked["response_type"], asked["code_challenge_method"])
        assert good == (CLIENT_ID, "code", "S256"), asked
        code = secrets.token_urlsafe(16)
        self.challenges[code] = asked["code_challenge"]
        back = f"{asked['redirect_uri']}#code={code}&state={asked['state']}"
        return RedirectResponse(back, status_code=302)

    def _exchanged(self, form: Mapping[str, Any]) -> Response:
        """A token for a code, once, or for a refresh token."""
        headers = {"Access-Control-Allow-Origin": "*"}
        if form["grant_type"] == "authorization_code":
            digest = sha256(form["code_verifier"].encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if self.challenges.pop(form["code"], None) != challenge:
                return JSONResponse({"error": "invalid_grant"}, 400, headers)
        elif form["refresh_token"] != self.refresh_token:
            return JSONResponse({"error": "invalid_grant"}, 400, headers)
        self.exchanges.append(form["grant_type"])
        tokens = {"access_token": self.token(oid="eve"), "refresh_token": self.refresh_token}
        return JSONResponse({**tokens, "token_type": "Bearer", "expires_in": 600}, 200, headers)

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
