"""Forgotten passwords: an administrator makes a token and hands it over in a way of their own; who
has it sets another password, once. Only its hash is stored, in the user's row."""

from dataclasses import replace
from datetime import timedelta

from shared.accounts.authorization import check_admin
from shared.accounts.credentials import ResetToken, hash_password
from shared.accounts.password_check import PasswordCheck
from shared.accounts.principal import Principal
from shared.accounts.repository import UserChange, Users
from shared.accounts.rows import KnownUser, end_tokens
from shared.audit.chain import Actor, Draft
from shared.errors import Conflict, NotFound, WriteConflict
from shared.models import AuditAction, NewPassword, PasswordReset, StoredUser
from shared.models.clock import Clock

LIFE = timedelta(hours=1)


class PasswordResets:
    """A new token takes the place of one that was made before; so do a new password, a new role and
    the end of being active."""

    def __init__(self, users: Users, passwords: PasswordCheck, clock: Clock) -> None:
        self._users = users
        self._passwords = passwords
        self._clock = clock

    async def issue(self, principal: Principal, user_id: str) -> PasswordReset:
        """A token for a user. Raises Forbidden, NotFound, and Conflict for one without a password
        here."""
        check_admin(principal)
        token, expires_at = ResetToken.new(user_id), self._clock.now() + LIFE

        def decide(user: StoredUser) -> UserChange:
            if not user.password_hash:
                raise Conflict("This user signs in with Microsoft Entra ID, and has no password.")
            text = "A token to set another password was made"
            draft = Draft(AuditAction.RESET_ISSUED, principal.actor, text)
            values = {"reset_hash": token.hash, "reset_until": expires_at.timestamp()}
            return UserChange(values, draft)

        if await self._users.change(user_id, decide) is None:
            raise NotFound("There is no such user.")
        return PasswordReset(token=str(token), expires_at=expires_at)

    async def redeem(self, new: NewPassword, actor: Actor) -> None:
        """Set the password of the user whose token it is, and end all their tokens: four storage
        calls. Raises TooMany, and Unauthenticated for a token that does not count (any more)."""
        token = ResetToken.parse(new.token)

        async def set_password(_: KnownUser) -> None:
            password_hash = await hash_password(new.password)

            def decide(user: StoredUser) -> UserChange:
                moment = self._clock.now()
                if not token.fits(user, moment):
                    raise WriteConflict(0)  # Somebody was faster.
                by = replace(actor, user_id=user.id)
                draft = Draft(AuditAction.RESET_REDEEMED, by, "Another password was set by a token")
                values = {"password_hash": password_hash, "updated_at": moment}
                return UserChange({**values, **end_tokens(user, moment)}, draft, moment=moment)

            await self._users.change(token.user_id, decide)

        await self._passwords.check_reset(token, actor, set_password)
