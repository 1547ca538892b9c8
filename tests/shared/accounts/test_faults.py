"""Accounts when storage does what was asked and its answer is lost, or when it is away."""

from collections.abc import Awaitable, Callable

import pytest
from starlette.responses import Response

from shared.errors import Unavailable
from shared.models import AuditAction, UserChanges, validate_model
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.chains import first_invalid
from tests.support.servers.storage_proxy import Call, StorageProxy, lose_answers


async def test_a_registration_whose_answer_is_lost_is_one(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    storage.reset(after=lose_answers(1))
    ann = await accounts.register(names("ann"))
    assert (await accounts.caller((await accounts.login("ann")).access_token)).id == ann.id
    assert len(await accounts.users.page(0, 9)) == 1


async def test_a_change_whose_answer_is_lost_is_one(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    storage.reset(after=lose_answers(1))
    changes = validate_model(UserChanges, {"username": "anna"})
    changed = await accounts.administration.change(by(boss), ann.id, changes)
    assert changed.username == "anna"
    assert await accounts.login("anna")
    events = await accounts.trail.of_user(ann.id)
    assert [event.action for event in events] == [
        AuditAction.USER_CREATED,
        AuditAction.USER_UPDATED,
        AuditAction.LOGIN_SUCCEEDED,
    ]
    assert first_invalid(events) is None


async def test_a_password_is_asked_for_once_though_answers_are_lost(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    ann = await accounts.hire("ann")
    storage.reset(after=lose_answers(1))
    assert (await accounts.change_own(ann, username="anna")).username == "anna"
    events = await accounts.trail.of_user(ann.id)
    assert [event.action for event in events][1:] == [AuditAction.USER_UPDATED]


async def test_a_deletion_whose_answer_is_lost_is_one(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    storage.reset(after=lose_answers(1))
    await accounts.administration.delete(by(boss), ann.id)
    events = await accounts.trail.of_user(ann.id)
    assert [event.action for event in events][1:] == [AuditAction.USER_DELETED]


async def test_a_refresh_whose_answer_is_lost_is_no_reuse(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    await accounts.register(names("ann"))
    tokens = await accounts.login("ann")
    storage.reset(after=lose_answers(1))
    assert await accounts.refresh(await accounts.refresh(tokens))


async def test_a_login_whose_answer_is_lost_lets_in(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    ann = await accounts.register(names("ann"))
    storage.reset(after=lose_answers(1))
    tokens = await accounts.login("ann")
    assert (await accounts.caller(tokens.access_token)).id == ann.id
    assert await accounts.refresh(tokens)
    assert first_invalid(await accounts.trail.of_user(ann.id)) is None


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_while_storage_is_away_everything_is_unavailable(
    accounts: AccountsUnderTest, storage: StorageProxy, name: str
) -> None:
    await accounts.register(names("ann"))
    tokens = await accounts.login("ann")

    async def away(_: Call) -> Response:
        return Response(status_code=503)

    uses: list[Callable[[], Awaitable[object]]] = [
        lambda: accounts.login(name),
        lambda: accounts.caller(tokens.access_token),
        lambda: accounts.refresh(tokens),
        lambda: accounts.register(names("bob")),
    ]
    for use in uses:
        storage.reset(before=away)
        with pytest.raises(Unavailable):
            await use()
    storage.reset()
    assert await accounts.refresh(tokens), "nothing was used up"
