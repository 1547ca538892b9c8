"""Passwords, access tokens and refresh tokens: how they are made and checked, not where they lie.

Heavy libraries (argon2, PyJWT with its cryptography) are imported where they are used.
"""

import asyncio
import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING, Any

from pydantic import ConfigDict, ValidationError

from shared.errors import Unauthenticated
from shared.models import Model, Role, StoredUser, Tokens
from shared.settings.accounts import TokenSettings
from shared.storage.keys import is_user_id

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_ALGORITHM = "HS256"
_CLAIMS = ["sub", "iat", "exp", "jti", "role"]


class Claims(Model):
    """The claims of an access token; times are Unix seconds, whole ones in what is signed now."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    sub: str
    iat: float
    exp: float
    jti: str
    role: str


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _nobodys_hash() -> str:
    return _hasher().hash(secrets.token_hex(16))


async def hash_password(password: str) -> str:
    """The argon2id hash of `password`, computed in a thread."""
    return await asyncio.to_thread(lambda: _hasher().hash(password))


async def password_fits(password_hash: str, password: str) -> bool:
    """Whether the hash is that of `password`; without a hash the same work is done for nothing."""
    return await asyncio.to_thread(_verify, password_hash, password)


def _verify(password_hash: str, password: str) -> bool:
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        nobodys_hash = _nobodys_hash()
        _hasher().verify(password_hash or nobodys_hash, password)
    except (InvalidHashError, VerificationError):
        return False
    return password_hash != ""


class AccessTokens:
    """Signs and reads access tokens."""

    def __init__(self, settings: TokenSettings) -> None:
        self._secret_key = settings.secret_key
        self._life = timedelta(minutes=settings.access_minutes)
        self._derivation_key = _sign(settings.secret_key.encode(), "what follows a refresh token")

    @property
    def seconds(self) -> int:
        return int(self._life.total_seconds())

    def sign(self, user_id: str, role: Role, moment: datetime, token_id: str | None = None) -> str:
        """A token that begins in the second of `moment`: of the same id and moment always the
        same."""
        import jwt

        begins = int(moment.timestamp())
        claims: dict[str, Any] = {
            "sub": user_id,
            "iat": begins,
            "exp": begins + self.seconds,
            "jti": token_id or secrets.token_hex(16),
            "role": role.value,
        }
        return jwt.encode(claims, self._secret_key, algorithm=_ALGORITHM)

    def follow(self, refresh: "RefreshToken") -> "Successor":
        """What a refresh token is exchanged for: always the same, and nothing of it is stored."""
        secret = _sign(self._derivation_key, f"refresh {refresh}")
        token_id = _sign(self._derivation_key, f"access {refresh}").hex()[:32]
        encoded = urlsafe_b64encode(secret).rstrip(b"=").decode()
        return Successor(RefreshToken(refresh.family, encoded), token_id)

    def read(self, token: str) -> Claims:
        """The claims of a token that we signed and that has not expired.

        Raises Unauthenticated for any other.
        """
        import jwt

        try:
            # Another machine's clock may be a little ahead of ours: iat is not held against now.
            options: Any = {"require": _CLAIMS, "verify_iat": False}
            claims = jwt.decode(token, self._secret_key, algorithms=[_ALGORITHM], options=options)
            return Claims.model_validate(claims)
        except (jwt.PyJWTError, ValidationError):
            raise Unauthenticated("The access token is not valid; please sign in again.") from None


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`{family}.{secret}`: the row of a family holds the hash of its present secret only."""

    family: str
    secret: str

    @classmethod
    def new(cls, family: str | None = None) -> "RefreshToken":
        return cls(family or secrets.token_hex(16), secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "RefreshToken":
        """Raises Unauthenticated for what cannot be one."""
        family, _, secret = text.partition(".")
        if len(family) != 32 or not all(digit in "0123456789abcdef" for digit in family):
            raise Unauthenticated("The refresh token is not valid; please sign in again.")
        return cls(family, secret)

    @property
    def hash(self) -> str:
        return sha256(self.secret.encode(errors="replace")).hexdigest()

    def has_hash(self, stored: str) -> bool:
        return hmac.compare_digest(self.hash, stored)

    def __str__(self) -> str:
        return f"{self.family}.{self.secret}"


@dataclass(frozen=True, slots=True)
class Successor:
    """The refresh token that follows another, and the id of the access token beside it."""

    refresh: RefreshToken
    token_id: str


@dataclass(frozen=True, slots=True)
class ResetToken:
    """`{user}.{secret}`: lets its holder set the password of a user, whose row has its hash."""

    user_id: str
    secret: str

    @classmethod
    def new(cls, user_id: str) -> "ResetToken":
        return cls(user_id, secrets.token_urlsafe(32))

    @classmethod
    def parse(cls, text: str) -> "ResetToken":
        """What cannot be one is a token of nobody."""
        user_id, _, secret = text.partition(".")
        return cls(user_id if is_user_id(user_id) else "0" * 16, secret)

    @property
    def hash(self) -> str:
        return sha256(self.secret.encode(errors="replace")).hexdigest()

    def fits(self, user: StoredUser, moment: datetime) -> bool:
        is_known = hmac.compare_digest(self.hash, user.reset_hash)
        return is_known and moment.timestamp() < user.reset_until

    def __str__(self) -> str:
        return f"{self.user_id}.{self.secret}"


def token_pair(
    access: AccessTokens,
    user: StoredUser,
    refresh: RefreshToken,
    *,
    at: datetime,
    token_id: str | None = None,
) -> Tokens:
    """What a login answers. However wrong a clock is, the token is no older than it must be."""
    begins = max(at, datetime.fromtimestamp(ceil(user.tokens_from), UTC))
    signed = access.sign(user.id, user.role, begins, token_id)
    return Tokens(access_token=signed, expires_in=access.seconds, refresh_token=str(refresh))


def _sign(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(errors="replace"), "sha256")
