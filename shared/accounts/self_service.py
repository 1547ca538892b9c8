"""Accounts as their holders use them: registration, login, refresh, logout."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from shared.accounts.app_settings import AppSettingsStore
from shared.accounts.authentication import Presented
from shared.accounts.credentials import AccessTokens, RefreshToken, hash_password, token_pair
from shared.accounts.password_check import PasswordCheck
from shared.accounts.principal import Principal
from shared.accounts.refresh_tokens import RefreshTokens, Session, begin_family
from shared.accounts.registrations import Registrations
from shared.accounts.repository import UserChange, Users, draft_created
from shared.accounts.rows import KnownUser, end_access
from shared.audit.chain import Actor, Draft
from shared.errors import Forbidden, Unauthenticated
from shared.models import (
    AuditAction,
    Login,
    Refresh,
    Registration,
    StoredUser,
    Tokens,
)
from shared.models.clock import Clock
from shared.settings.accounts import AccountSettings

_MAX_REVOKED = 500


class Accounts:
    """Everything that people do with accounts of their own."""

    def __init__(
        self,
        *,
        users: Users,
        passwords: PasswordCheck,
        sessions: RefreshTokens,
        tokens: AccessTokens,
        settings: AccountSettings,
        app_settings: AppSettingsStore,
        registrations: Registrations,
        clock: Clock,
    ) -> None:
        self._users = users
        self._passwords = passwords
        self._sessions = sessions
        self._tokens = tokens
        self._settings = settings
        self._app_settings = app_settings
        self._registrations = registrations
        self._clock = clock

    async def register(self, new: Registration, actor: Actor) -> StoredUser:
        """A new user of the lowest role. Raises Invalid, Forbidden, TooMany, Conflict."""
        if not (await self._app_settings.recent()).registration_open:
            raise Forbidden("Registration is closed; please ask an administrator.")
        await self._registrations.count(actor.ip_address)
        user = self._users.make_user(
            new.model_dump(exclude={"password"}), await hash_password(new.password)
        )
        return await self._users.add(user, draft_created(user, replace(actor, user_id=user.id)))

    async def login(self, login: Login, actor: Actor) -> Tokens:
        """Tokens for a username or email and its password: four storage calls, whether there is
        such a user or not.

        Raises Invalid, TooMany, and Unauthenticated alike for an unknown name, a wrong password and
        a user that is not active.
        """
        answer: list[Tokens] = []

        async def sign_in(known: KnownUser) -> None:
            answer.append(await self._sign_in(known, actor))

        await self._passwords.check_name(login.username, login.password, actor, sign_in)
        return answer[0]

    async def refresh(self, body: Refresh, actor: Actor) -> Tokens:
        """A new pair for a refresh token, which is used up: three storage calls. Within the grace
        it is the same pair for everybody who asks.

        Raises Invalid and Unauthenticated.
        """
        old, moment = RefreshToken.parse(body.refresh_token), self._clock.now()
        session = await self._sessions.read(old, moment)
        known = await self._users.by_id(session.user_id) if session else None
        if session is None or known is None or not _may_refresh(known.user, session):
            raise Unauthenticated("The refresh token is not valid any more; please sign in again.")
        new = self._tokens.follow(old)
        exchanged_at = await self._sessions.exchange(session, old, new.refresh, moment)
        if exchanged_at is not None:
            at = datetime.fromtimestamp(exchanged_at, UTC)
            return token_pair(self._tokens, known.user, new.refresh, at=at, token_id=new.token_id)
        await self._sessions.close(session)
        draft = Draft(AuditAction.REFRESH_REUSED, actor, "A refresh token was used twice")
        await self._users.change(known.user.id, lambda _: UserChange({}, draft))
        raise Unauthenticated("The refresh token has been used before; please sign in again.")

    async def logout(self, principal: Principal, token: Presented, body: Refresh) -> None:
        """End the access token of `principal` and the family of the refresh token in `body`.

        Another's refresh token stays as it is. Raises Invalid.
        """
        session: Session | None = None
        with suppress(Unauthenticated):  # What is no refresh token need not be ended.
            session = await self._sessions.read(
                RefreshToken.parse(body.refresh_token), self._clock.now()
            )
        if session is not None and session.user_id == principal.id:
            await self._sessions.close(session)
        draft = Draft(AuditAction.LOGOUT, principal.actor, "Signed out")
        at = self._clock.now().timestamp()
        await self._users.change(principal.id, lambda stored: _revoke(stored, token, draft, at))

    async def expire(self) -> None:
        """Delete the traces of sessions that have ended and of failures from long ago."""
        await self._users.clear(self._clock.now())

    async def _sign_in(self, known: KnownUser, actor: Actor) -> Tokens:
        moment = self._clock.now()
        user, refresh = known.user, RefreshToken.new()
        until = moment + timedelta(days=self._settings.tokens.refresh_days)
        session = begin_family(refresh, user.id, max(moment.timestamp(), user.tokens_from), until)
        draft = Draft(AuditAction.LOGIN_SUCCEEDED, replace(actor, user_id=user.id), "Signed in")
        change = UserChange({"last_login": moment}, draft, (session,), moment=moment)
        signed_in = await self._users.apply(known, change)
        return token_pair(self._tokens, signed_in, refresh, at=moment)


def _may_refresh(user: StoredUser, session: Session) -> bool:
    return user.is_active and session.opened_at >= user.tokens_from


def _revoke(user: StoredUser, token: Presented, draft: Draft, at: float) -> UserChange | None:
    """Forget the tokens that have expired by themselves; too many at once end all there are."""
    if token.token_id in user.revoked:
        return None
    revoked = {one: ends for one, ends in user.revoked.items() if ends > at}
    revoked[token.token_id] = token.ends
    if len(revoked) > _MAX_REVOKED:
        return UserChange(end_access(user, at), draft)
    return UserChange({"revoked": revoked}, draft)
