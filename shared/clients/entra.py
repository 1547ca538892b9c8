"""Microsoft Entra ID: whether a token is one of our tenant's, for us. Only this speaks to it."""

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, ValidationError

from shared.errors import Unauthenticated, Unavailable
from shared.models import Model
from shared.settings.accounts import EntraSettings

if TYPE_CHECKING:
    from jwt import PyJWK, PyJWKClient

_PUBLIC_CLOUD = "https://login.microsoftonline.com"
_ALGORITHM = "RS256"
_CLAIMS = ["iss", "aud", "iat", "exp", "oid"]
_KEYS_LIVE_SECONDS = 3600
_PATIENCE_SECONDS = 5
# A made-up key id must not let anybody make us fetch the keys again and again.
_PAUSE_SECONDS = 30


class EntraClaims(Model):
    """What we take from a token; times are Unix seconds. Names and addresses are only shown:
    `oid` says who it is."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    oid: str
    iat: float
    exp: float
    tid: str = ""
    uti: str = ""
    roles: list[str] = []
    preferred_username: str = ""
    email: str = ""
    name: str = ""


class EntraTokens:
    """Reads the tokens of one tenant for our audiences."""

    def __init__(self, settings: EntraSettings) -> None:
        self._tenant = settings.tenant_id
        self._audiences = list(settings.audiences)
        self._home = f"{settings.authority}/{settings.tenant_id}"

    @property
    def issuers(self) -> tuple[str, ...]:
        """Who issues the tenant's tokens, of version 2 and, in the public cloud, 1."""
        if self._home.startswith(f"{_PUBLIC_CLOUD}/"):
            return f"{self._home}/v2.0", f"https://sts.windows.net/{self._tenant}/"
        return (f"{self._home}/v2.0",)

    @property
    def tenant(self) -> str:
        return self._tenant

    @staticmethod
    def concern(token: str) -> bool:
        """Whether `token` says that it is signed as theirs are; nothing of it is believed yet."""
        import jwt

        try:
            return bool(jwt.get_unverified_header(token).get("alg") == _ALGORITHM)
        except jwt.PyJWTError:
            return False

    async def read(self, token: str) -> EntraClaims:
        """The claims of a token that Entra signed for us and that has not expired.

        Raises Unauthenticated for any other, and Unavailable when the keys cannot be fetched.
        """
        import jwt

        try:
            key = await asyncio.to_thread(self._key, token)
            options: Any = {"require": _CLAIMS, "verify_iat": False}
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audiences,
                issuer=self.issuers,
                options=options,
            )
            read = EntraClaims.model_validate(claims)
        except (jwt.PyJWTError, ValidationError):
            raise Unauthenticated("The access token is not valid; please sign in again.") from None
        if read.tid not in ("", self._tenant) or not read.oid:
            raise Unauthenticated("The access token is for another tenant.")
        return read

    def _key(self, token: str) -> "PyJWK":
        """The key whose id the token names, out of the tenant's own; blocks."""
        import jwt

        key_id = jwt.get_unverified_header(token).get("kid")
        try:
            return self._keys.get_signing_key(str(key_id))
        except (jwt.PyJWKClientConnectionError, jwt.PyJWKSetError, ValueError):
            raise Unavailable("Microsoft Entra ID does not answer; please try again.") from None

    @cached_property
    def _keys(self) -> "PyJWKClient":
        from jwt import PyJWKClient

        return PyJWKClient(
            f"{self._home}/discovery/v2.0/keys",
            lifespan=_KEYS_LIVE_SECONDS,
            timeout=_PATIENCE_SECONDS,
            cooldown_duration=_PAUSE_SECONDS,
        )
