"""Who a request comes from: a token of ours, or one of Microsoft Entra ID, made a stored user."""

from dataclasses import KW_ONLY, dataclass
from hashlib import sha256

from shared.accounts.credentials import AccessTokens
from shared.accounts.entra_users import EntraUsers
from shared.accounts.repository import Users
from shared.clients.entra import EntraTokens
from shared.errors import Unauthenticated
from shared.models import StoredUser


@dataclass(frozen=True, slots=True)
class Presented:
    """A token that came in: whose it is, its own id, and the Unix times of its begin and end."""

    user: StoredUser | None
    token_id: str
    begins: float
    _: KW_ONLY
    ends: float

    def check_user(self) -> StoredUser:
        """The user, unless he is gone, is not active or has ended the token. Raises
        Unauthenticated."""
        user = self.user
        ended = user is None or self.begins < user.tokens_from or self.token_id in user.revoked
        if user is None or ended or not user.is_active:
            raise Unauthenticated("The access token is not valid any more; please sign in again.")
        return user


class Authentication:
    """Turns `Authorization` headers into users; what is stored counts, not what a token says."""

    def __init__(self, users: Users, tokens: AccessTokens, entra: EntraTokens | None) -> None:
        self._users = users
        self._tokens = tokens
        self._entra = entra
        self._entra_users = EntraUsers(users)

    async def caller(self, authorization: str) -> StoredUser:
        """The user whose token an `Authorization` header carries: one storage call, or none
        while the user is remembered. Raises Unauthenticated."""
        return (await self.present(authorization)).check_user()

    async def present(self, authorization: str) -> Presented:
        """The token of an `Authorization` header. Raises Unauthenticated where there is none that
        was signed for us."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("This needs a bearer token; please sign in.")
        if self._entra is not None and self._entra.concern(token):
            claims = await self._entra.read(token)
            user = await self._entra_users.user_of(self._entra.tenant, claims)
            token_id = sha256(token.encode()).hexdigest()[:32]
            return Presented(user, token_id, claims.iat, ends=claims.exp)
        own = self._tokens.read(token)
        return Presented(await self._users.recent(own.sub), own.jti, own.iat, ends=own.exp)
