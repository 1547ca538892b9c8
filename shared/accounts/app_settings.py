"""What administrators set while the app runs: who may register, and what may be used.

One row among those of users, so that a change and its audit event are one transaction. Each process
remembers it for half a minute: what depends on it costs no storage call of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass

from shared.accounts.authorization import check_admin
from shared.accounts.principal import Principal
from shared.accounts.repository import UserChange, Users
from shared.accounts.rows import row
from shared.audit.chain import Draft
from shared.clients.tables import Table, Verb, Write
from shared.errors import NotFound, TooLarge
from shared.models import AppSettings, AppSettingsChanges, AuditAction
from shared.models.clock import Clock
from shared.storage.conflicts import retry_on_conflict
from shared.storage.keys import USERS
from shared.storage.locks import Locks
from shared.text import strict_json

REMEMBERED_SECONDS = 30.0
_KEY = "settings"
_MAX_BYTES = 60_000
"""They lie in a column, which holds little more."""


@dataclass(frozen=True, slots=True)
class KnownSettings:
    """Settings as read; without an `etag` nobody has set anything yet."""

    settings: AppSettings
    etag: str

    @property
    def version(self) -> str:
        return f"settings {self.etag}"


Expects = Callable[[str], None]
"""Raises PreconditionFailed for a version that the caller has not seen."""


class AppSettingsStore:
    """`registration_open` is what holds until somebody sets it."""

    def __init__(
        self, *, table: Table, users: Users, registration_open: bool, clock: Clock
    ) -> None:
        self._table = table
        self._users = users
        self._start = AppSettings(registration_open=registration_open)
        self._clock = clock
        self._known: KnownSettings | None = None
        self._read_at = 0.0
        self._locks = Locks()

    async def recent(self) -> AppSettings:
        """The settings as of at most half a minute ago. Raises Unavailable."""
        async with self._locks.of(_KEY):
            known, age = self._known, self._clock.monotonic() - self._read_at
            if known is None or age >= REMEMBERED_SECONDS:
                known = await self._read()
        return known.settings

    async def read(self, principal: Principal) -> KnownSettings:
        """The settings as they are now: one storage call. Raises Forbidden."""
        check_admin(principal)
        return await self._read()

    async def change(
        self, principal: Principal, changes: AppSettingsChanges, expects: Expects
    ) -> KnownSettings:
        """Set what is given. Raises Forbidden, PreconditionFailed, TooLarge."""
        check_admin(principal)
        given = changes.dump_given()
        tried = False

        async def attempt() -> KnownSettings:
            nonlocal tried
            known = await self._read()
            settings = known.settings.model_copy(update=given)
            if tried and settings == known.settings:
                return known  # An earlier try took effect although its answer was lost.
            expects(known.version)
            if settings == known.settings:
                return known
            content, tried = _dump(settings), True
            await self._write(principal, known, settings, content)
            return await self._read()

        return await retry_on_conflict(attempt)

    async def _write(
        self, principal: Principal, known: KnownSettings, settings: AppSettings, content: bytes
    ) -> None:
        user = await self._users.by_id(principal.id)
        if user is None:
            raise NotFound("There is no such user.")
        draft = Draft(
            AuditAction.SETTINGS_CHANGED,
            principal.actor,
            "Settings of the app changed",
            old_values=known.settings.model_dump(mode="json", exclude_none=True),
            new_values=settings.model_dump(mode="json", exclude_none=True),
        )
        verb = Verb.MERGE if known.etag else Verb.INSERT
        write = Write(verb, row(_KEY, {"settings": content}), known.etag)
        await self._users.apply(user, UserChange({}, draft, (write,)))

    async def _read(self) -> KnownSettings:
        at, found = self._clock.monotonic(), await self._table.read(USERS, _KEY)
        settings = self._start
        if found is not None:
            settings = AppSettings.model_validate_json(found.values["settings"])
        self._known = KnownSettings(settings, found.etag if found else "")
        self._read_at = at
        return self._known


def _dump(settings: AppSettings) -> bytes:
    content = strict_json.dumps(settings.model_dump(mode="json", exclude_none=True))
    if len(content) > _MAX_BYTES:
        raise TooLarge(
            f"These settings have {len(content)} bytes; at most {_MAX_BYTES} are allowed."
        )
    return content
