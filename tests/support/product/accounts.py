"""Accounts over one table, as one process has them, and short ways to use them in tests."""

from dataclasses import dataclass, field
from typing import Any

from shared.accounts.administration import UserAdministration
from shared.accounts.authentication import Authentication
from shared.accounts.bootstrap_admin import BootstrapAdmin
from shared.accounts.credentials import AccessTokens
from shared.accounts.password_check import PasswordCheck
from shared.accounts.principal import Principal
from shared.accounts.refresh_tokens import RefreshTokens
from shared.accounts.repository import Users
from shared.accounts.self_service import Accounts
from shared.audit.chain import Actor
from shared.audit.rows import as_user_event
from shared.clients.entra import EntraTokens
from shared.clients.tables import Table
from shared.models import (
    AuditEvent,
    Login,
    NewUser,
    Refresh,
    Registration,
    Role,
    StoredUser,
    Tokens,
    validated,
)
from shared.settings.accounts import AccountSettings, BootstrapSettings, TokenSettings
from shared.storage.keys import USERS
from shared.storage.sharded_counters import Counters
from tests.support.product.clock import MovedClock

SECRET = "k" * 32
PASSWORD = "a good password"
BOSS = "boss@example.com"
HERE = Actor(None, "192.0.2.1", "test")
JsonObject = dict[str, Any]


def names(username: str, **more: Any) -> JsonObject:
    """What registers `username`."""
    email = f"{username}@example.com"
    return {"email": email, "username": username, "password": PASSWORD, **more}


def by(user: StoredUser) -> Principal:
    """`user`, who asks from HERE."""
    return Principal(user, HERE.ip_address, HERE.user_agent)


class UserTrail:
    """The audit trail of users as it lies in the table."""

    def __init__(self, table: Table) -> None:
        self._table = table

    async def of_user(self, user_id: str) -> list[AuditEvent]:
        """The whole chain of a user, oldest first."""
        rows = self._table.query(USERS, f"event_{user_id}_", f"event_{user_id}`")
        return [as_user_event(row) async for row in rows]

    async def newest(self) -> list[AuditEvent]:
        """The events of everybody, newest first."""
        return [as_user_event(row) async for row in self._table.query(USERS, "log_", "log`")]


@dataclass
class AccountsUnderTest:
    """`remember` is how many seconds users are remembered for."""

    table: Table
    remember: float = 0.0
    registration_open: bool = True
    entra: EntraTokens | None = None
    clock: MovedClock = field(default_factory=MovedClock)

    def __post_init__(self) -> None:
        settings = AccountSettings(
            tokens=TokenSettings(secret_key=SECRET, access_minutes=30, refresh_days=30),
            registration_open=self.registration_open,
            cache_seconds=self.remember,
            bootstrap=BootstrapSettings(email=BOSS, password=PASSWORD),
            entra=None,
        )
        admin = BootstrapAdmin(settings.bootstrap)
        tokens = AccessTokens(settings.tokens)
        self.users = Users(self.table, self.remember, self.clock)
        self.password_check = PasswordCheck(
            users=self.users, table=self.table, first_admin=admin, clock=self.clock
        )
        self.authentication = Authentication(self.users, tokens, self.entra)
        sessions = RefreshTokens(self.table)
        self.self_service = Accounts(
            users=self.users,
            passwords=self.password_check,
            sessions=sessions,
            tokens=tokens,
            first_admin=admin,
            settings=settings,
            clock=self.clock,
        )
        self.trail = UserTrail(self.table)
        self.administration = UserAdministration(
            users=self.users,
            passwords=self.password_check,
            counters=Counters(self.table),
            first_admin=admin,
            clock=self.clock,
        )

    async def hire(self, username: str, role: Role = Role.USER, **more: Any) -> StoredUser:
        """A new user with any role."""
        boss = await self.boss()
        return await self.administration.create(
            by(boss), validated(NewUser, names(username, role=role, **more))
        )

    async def boss(self) -> StoredUser:
        """The first admin."""
        return await self.caller((await self.login(BOSS)).access_token)

    async def register(self, body: JsonObject) -> StoredUser:
        return await self.self_service.register(validated(Registration, body), HERE)

    async def login(self, name: str, password: str = PASSWORD, actor: Actor = HERE) -> Tokens:
        return await self.self_service.login(
            validated(Login, {"username": name, "password": password}), actor
        )

    async def refresh(self, tokens: Tokens) -> Tokens:
        return await self.self_service.refresh(
            validated(Refresh, {"refresh_token": tokens.refresh_token}), HERE
        )

    async def caller(self, token: str) -> StoredUser:
        return await self.authentication.caller(f"Bearer {token}")

    async def logout(self, access_token: str, refresh_token: str) -> None:
        present = await self.authentication.present(f"Bearer {access_token}")
        body = Refresh(refresh_token=refresh_token)
        await self.self_service.logout(by(present.checked()), present, body)
