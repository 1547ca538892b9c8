"""Checking a name's password: throttled, noted, and alike for names that there are and are not."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress

from shared.accounts.bootstrap_admin import BootstrapAdmin
from shared.accounts.credentials import password_fits
from shared.accounts.login_throttle import Door, read_door
from shared.accounts.repository import UserChange, Users
from shared.accounts.rows import KnownUser
from shared.audit.chain import Actor, AuditChains, Draft
from shared.audit.rows import user_event_writes
from shared.clients.tables import Table
from shared.errors import Unauthenticated, Unavailable, WriteConflict
from shared.models import AuditAction
from shared.models.clock import Clock
from shared.storage.locks import Locks

_TRIES = 20
_NOBODY = "0" * 16


class PasswordCheck:
    """Three reads for a check, side by side where they can be, and a write when it fails."""

    def __init__(
        self,
        *,
        users: Users,
        table: Table,
        first_admin: BootstrapAdmin,
        chains: AuditChains,
        clock: Clock,
    ) -> None:
        self._users = users
        self._table = table
        self._first_admin = first_admin
        self._chains = chains
        self._clock = clock
        self._lines = Locks()

    async def check(
        self,
        name: str,
        password: str,
        actor: Actor,
        then: Callable[[KnownUser, Door], Awaitable[None]],
    ) -> None:
        """Run `then` for the active user with this name and password.

        It may raise WriteConflict, when everything is looked at again. Raises TooMany, and
        Unauthenticated alike for an unknown name, a wrong password and a user that is not active.
        """
        fitting: dict[str, bool] = {}
        for number in range(_TRIES):
            # Whoever was overtaken stands in line, so that many at once do not overtake each other.
            line = self._lines.of(actor.ip_address or name) if number else nullcontext()
            async with line:
                door = await read_door(self._table, name, actor.ip_address)
                door.check(self._clock.now())
                known = await self._users.by_id(door.name.user_id or _NOBODY)
                if known is None and self._first_admin.is_called(name):
                    await self._first_admin.make(self._users)
                    continue
                stored = known.user.password_hash if known else ""
                if stored not in fitting:
                    fitting[stored] = await password_fits(stored, password)
                with suppress(WriteConflict):
                    if known is not None and fitting[stored] and known.user.is_active:
                        return await then(known, door)
                    await self._refuse(known, door, actor)
                    raise Unauthenticated("Username or password is wrong.")
        raise Unavailable("This account is busy at the moment; please try again.")

    async def _refuse(self, known: KnownUser | None, door: Door, actor: Actor) -> None:
        """Count and note a failure, in one transaction. Raises WriteConflict."""
        moment = self._clock.now()
        counted = tuple(door.count_failure(moment))
        metadata = {"failures": len(door.name.failures(moment)) + 1}
        draft = Draft(AuditAction.LOGIN_FAILED, actor, "A password was wrong", metadata=metadata)
        if known is None:
            event = self._chains.nobodys_event(draft, moment)
            await self._table.write([*counted, *user_event_writes(event)])
            self._chains.note_written([event])
        else:
            await self._users.apply(known, UserChange({}, draft, counted, moment=moment))
