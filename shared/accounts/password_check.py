"""Checking what somebody knows, a password or a token in its place: throttled, noted, and alike for
users that there are and are not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from shared.accounts.bootstrap_admin import BootstrapAdmin
from shared.accounts.credentials import ResetToken, password_fits
from shared.accounts.login_throttle import Failures, read_failures
from shared.accounts.repository import UserChange, Users
from shared.accounts.rows import KnownUser, hash_text
from shared.audit.chain import Actor, AuditChains, Draft
from shared.audit.rows import user_event_writes
from shared.clients.tables import Table
from shared.errors import Unauthenticated, Unavailable, WriteConflict
from shared.models import AuditAction, StoredUser
from shared.models.clock import Clock
from shared.models.names import fold_name
from shared.storage.locks import Locks

_TRIES = 30


@dataclass(frozen=True, slots=True)
class Guess:
    """Whose password is tried, all names of a user being one, and what has failed before where that
    is done. `known` is None where there is no such user."""

    known: KnownUser | None
    failures: Failures
    whose: str
    is_right: bool


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
        self._users_in_use = Locks()

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

        nobody = hash_text(fold_name(name))[:16]
        await self._check(find, nobody, _Password(password), actor, then)

    async def check_user(self, user_id: str, password: str, actor: Actor, then: Then) -> None:
        """As `check_name`, for a user whatever they are called by now."""
        find = partial(self._users.by_id, user_id)
        await self._check(find, user_id, _Password(password), actor, then)

    async def check_reset(self, token: ResetToken, actor: Actor, then: Then) -> None:
        """As `check_user`, for a token in place of the password."""
        find = partial(self._users.by_id, token.user_id)
        await self._check(find, token.user_id, _Reset(token, self._clock), actor, then)

    async def _check(
        self, find: Find, nobody: str, proof: "_Proof", actor: Actor, then: Then
    ) -> None:
        """Failures count for the user, for `nobody` where there is none."""

        async def look() -> Guess:
            known = await find()
            # Read after the user: whoever fails in between changes the user.
            failures = await read_failures(self._table, actor.ip_address)
            whose = known.user.id if known else nobody
            failures.check(whose, self._clock.now())
            is_right = await proof.fits(known.user if known else None)
            return Guess(known, failures, whose, is_right)

        guess = await look()
        async with self._take_turn(guess, actor) as has_waited:
            for number in range(_TRIES):
                if number or has_waited:
                    guess = await look()
                with suppress(WriteConflict):
                    if guess.known is not None and guess.is_right and guess.known.user.is_active:
                        return await then(guess.known)
                    await self._refuse(guess, proof, actor)
                    raise Unauthenticated(proof.refusal)
        raise Unavailable("This account is busy at the moment; please try again.")

    @asynccontextmanager
    async def _take_turn(self, guess: Guess, actor: Actor) -> AsyncIterator[bool]:
        """Whether others were in the way, who may have changed what was read.

        Failures stand in line, those of a user and those of an address: however many there are, one
        of them at most is in the way of who knows the password, and waits with all others for them.
        """
        turns = [self._users_in_use.of(guess.whose)]
        if not guess.is_right:
            lines = (guess.whose, f"at {actor.ip_address}")
            turns = [*map(self._lines.of, lines), *turns]
        has_waited = any(turn.locked() for turn in turns)
        async with AsyncExitStack() as stack:
            for turn in turns:
                await stack.enter_async_context(turn)
            yield has_waited

    async def _refuse(self, guess: Guess, proof: "_Proof", actor: Actor) -> None:
        """Count and note a failure, in one transaction. Raises WriteConflict."""
        moment, known = self._clock.now(), guess.known
        counted = guess.failures.count(guess.whose, moment)
        metadata = {"failures": guess.failures.of(guess.whose, moment) + 1}
        draft = Draft(AuditAction.LOGIN_FAILED, actor, proof.failure, metadata=metadata)
        if known is None:
            event = self._chains.nobodys_event(draft, moment)
            await self._table.write([counted, *user_event_writes(event)])
            self._chains.note_written([event])
        else:
            await self._users.apply(known, UserChange({}, draft, (counted,), moment=moment))


class _Proof(Protocol):
    """What somebody knows. `refusal` is what they hear, `failure` what the audit trail says."""

    refusal: str
    failure: str

    async def fits(self, user: StoredUser | None) -> bool: ...


class _Password:
    """It takes as long where there is no user, and is worked out once for each hash."""

    refusal = "Username or password is wrong."
    failure = "A password was wrong"

    def __init__(self, password: str) -> None:
        self._password = password
        self._known: dict[str, bool] = {}

    async def fits(self, user: StoredUser | None) -> bool:
        stored = user.password_hash if user else ""
        if stored not in self._known:
            self._known[stored] = await password_fits(stored, self._password)
        return self._known[stored]


class _Reset:
    refusal = "This token does not count any more; please ask an administrator for another."
    failure = "A token to set another password was wrong"

    def __init__(self, token: ResetToken, clock: Clock) -> None:
        self._token = token
        self._clock = clock

    async def fits(self, user: StoredUser | None) -> bool:
        return user is not None and self._token.fits(user, self._clock.now())
