"""Checking a name's password: throttled, noted, and alike for names that there are and are not."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass

from shared.accounts.bootstrap_admin import BootstrapAdmin
from shared.accounts.credentials import password_fits
from shared.accounts.login_throttle import Failures, read_failures
from shared.accounts.repository import UserChange, Users
from shared.accounts.rows import KnownUser, hash_text
from shared.audit.chain import Actor, AuditChains, Draft
from shared.audit.rows import user_event_writes
from shared.clients.tables import Table
from shared.errors import Unauthenticated, Unavailable, WriteConflict
from shared.models import AuditAction
from shared.models.clock import Clock
from shared.models.names import fold_name
from shared.storage.locks import Locks

_TRIES = 30


@dataclass(frozen=True, slots=True)
class Guess:
    """Whose password is tried, all names of a user being one, and what has failed before where that
    is done."""

    failures: Failures
    whose: str


Find = Callable[[], Awaitable[KnownUser | None]]
Then = Callable[[KnownUser], Awaitable[None]]


class PasswordCheck:
    """Three reads for a check, and a write when it fails."""

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

    async def check_name(self, name: str, password: str, actor: Actor, then: Then) -> None:
        """Run `then` for the active user with this name and password.

        It may raise WriteConflict, when everything is looked at again, and must where the user has
        changed since. Raises TooMany, and Unauthenticated alike for an unknown name, a wrong
        password and a user that is not active.
        """

        async def find() -> KnownUser | None:
            known = await self._users.by_name(name)
            if known is None and self._first_admin.is_called(name):
                await self._first_admin.make(self._users)
                known = await self._users.by_name(name)
            return known

        await self._check(find, hash_text(fold_name(name))[:16], password, actor, then)

    async def check_user(self, user_id: str, password: str, actor: Actor, then: Then) -> None:
        """As `check_name`, for a user whatever they are called by now."""
        await self._check(lambda: self._users.by_id(user_id), user_id, password, actor, then)

    async def _check(
        self, find: Find, nobody: str, password: str, actor: Actor, then: Then
    ) -> None:
        """Failures count for the user, for `nobody` where there is none."""
        fitting: dict[str, bool] = {}
        for number in range(_TRIES):
            # Whoever was overtaken stands in line, so that many at once do not overtake each other.
            line = self._lines.of(actor.ip_address or nobody) if number else nullcontext()
            async with line:
                known = await find()
                # Read after the user: whoever fails in between changes the user.
                failures = await read_failures(self._table, actor.ip_address)
                guess = Guess(failures, known.user.id if known else nobody)
                failures.check(guess.whose, self._clock.now())
                stored = known.user.password_hash if known else ""
                if stored not in fitting:
                    fitting[stored] = await password_fits(stored, password)
                with suppress(WriteConflict):
                    if known is not None and fitting[stored] and known.user.is_active:
                        return await then(known)
                    await self._refuse(known, guess, actor)
                    raise Unauthenticated("Username or password is wrong.")
        raise Unavailable("This account is busy at the moment; please try again.")

    async def _refuse(self, known: KnownUser | None, guess: Guess, actor: Actor) -> None:
        """Count and note a failure, in one transaction. Raises WriteConflict."""
        moment = self._clock.now()
        counted = guess.failures.count(guess.whose, moment)
        metadata = {"failures": guess.failures.of(guess.whose, moment) + 1}
        draft = Draft(AuditAction.LOGIN_FAILED, actor, "A password was wrong", metadata=metadata)
        if known is None:
            event = self._chains.nobodys_event(draft, moment)
            await self._table.write([counted, *user_event_writes(event)])
            self._chains.note_written([event])
        else:
            await self._users.apply(known, UserChange({}, draft, (counted,), moment=moment))
