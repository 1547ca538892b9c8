"""The product's accounts, and short ways to use them in tests."""

from typing import Any

from shared.accounts.principal import Principal
from shared.audit.chain import Actor
from shared.audit.rows import as_user_event
from shared.clients.tables import Table
from shared.models import (
    AuditEvent,
    Login,
    NewUser,
    OwnChanges,
    Refresh,
    Registration,
    Role,
    StoredUser,
    Tokens,
    validate_model,
)
from shared.storage.keys import USERS
from tests.support.product.app import BOSS, PASSWORD, AppUnderTest

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


class AccountsUnderTest:
    """Accounts as one process has them; `table` is where users are."""

    def __init__(self, app: AppUnderTest) -> None:
        self.app = app
        self.clock = app.clock
        self.users = app.users
        self.table = app.clients.table("users")
        self.trail = UserTrail(self.table)
        self.self_service = app.accounts
        self.authentication = app.authentication
        self.administration = app.user_administration

    def another(self, **settings: str) -> "AccountsUnderTest":
        """Accounts as another process has them, with other settings or not."""
        return AccountsUnderTest(self.app.another(**settings))

    async def hire(self, username: str, role: Role = Role.USER, **more: Any) -> StoredUser:
        """A new user with any role."""
        boss = await self.boss()
        return await self.administration.create(
            by(boss), validate_model(NewUser, names(username, role=role, **more))
        )

    async def change_own(self, user: StoredUser, **changes: Any) -> StoredUser:
        """`user` as they change themselves, who know their password."""
        body = {"current_password": PASSWORD, **changes}
        return await self.administration.change_own(by(user), validate_model(OwnChanges, body))

    async def boss(self) -> StoredUser:
        """The first admin."""
        return await self.caller((await self.login(BOSS)).access_token)

    async def register(self, body: JsonObject) -> StoredUser:
        return await self.self_service.register(validate_model(Registration, body), HERE)

    async def login(self, name: str, password: str = PASSWORD, actor: Actor = HERE) -> Tokens:
        return await self.self_service.login(
            validate_model(Login, {"username": name, "password": password}), actor
        )

    async def refresh(self, tokens: Tokens) -> Tokens:
        return await self.self_service.refresh(
            validate_model(Refresh, {"refresh_token": tokens.refresh_token}), HERE
        )

    async def caller(self, token: str) -> StoredUser:
        return await self.authentication.caller(f"Bearer {token}")

    async def logout(self, access_token: str, refresh_token: str) -> None:
        present = await self.authentication.present(f"Bearer {access_token}")
        body = Refresh(refresh_token=refresh_token)
        await self.self_service.logout(by(present.check_user()), present, body)
