"""Tokens with which a user sets a password: made by administrators, good once, for an hour."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from shared.accounts.login_throttle import MAX_BY_NAME
from shared.accounts.password_resets import LIFE
from shared.accounts.repository import draft_created
from shared.audit.chain import Actor
from shared.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from shared.models import AuditAction, NewPassword, Role, StoredUser, UserChanges, validate_model
from tests.support.product.accounts import HERE, AccountsUnderTest, by, names
from tests.support.product.app import PASSWORD
from tests.support.product.chains import first_invalid
from tests.support.servers.storage_proxy import StorageProxy, lose_answers

NEW = "another good password"


async def issue(accounts: AccountsUnderTest, user: StoredUser) -> str:
    answer = await accounts.app.password_resets.issue(by(await accounts.boss()), user.id)
    return answer.token


def redeem(
    accounts: AccountsUnderTest, token: str, password: str = NEW, actor: Actor = HERE
) -> Awaitable[None]:
    body = validate_model(NewPassword, {"token": token, "password": password})
    return accounts.app.password_resets.redeem(body, actor)


async def test_a_token_sets_the_password_once_and_ends_all_tokens(
    accounts: AccountsUnderTest,
) -> None:
    ann = await accounts.hire("ann")
    before = await accounts.login("ann")
    token = await issue(accounts, ann)
    assert await accounts.login("ann"), "until then the old one counts"
    await redeem(accounts, token)
    for use in (accounts.caller(before.access_token), accounts.refresh(before)):
        with pytest.raises(Unauthenticated):
            await use
    with pytest.raises(Unauthenticated):
        await accounts.login("ann", PASSWORD)
    assert await accounts.login("ann", NEW)
    with pytest.raises(Unauthenticated, match="ask an administrator"):
        await redeem(accounts, token, "a third password")
    assert await accounts.login("ann", NEW)


async def test_it_is_in_the_audit_trail_and_its_token_nowhere(
    accounts: AccountsUnderTest,
) -> None:
    ann, boss = await accounts.hire("ann"), await accounts.boss()
    token = await issue(accounts, ann)
    await redeem(accounts, token)
    events = await accounts.trail.of_user(ann.id)
    assert [event.action for event in events] == [
        AuditAction.USER_CREATED,
        AuditAction.RESET_ISSUED,
        AuditAction.RESET_REDEEMED,
    ]
    assert [event.user_id for event in events] == [boss.id, boss.id, ann.id]
    assert first_invalid(events) is None
    stored = str([row.values async for row in accounts.table.query("users", " ", "~")])
    for secret in (token.partition(".")[2], NEW):
        assert secret not in stored


async def test_of_eight_at_once_one_sets_the_password(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann")
    token = await issue(accounts, ann)
    processes = [accounts, accounts.another()]
    answers = await asyncio.gather(
        *(redeem(processes[n % 2], token, f"password {n}") for n in range(8)),
        return_exceptions=True,
    )
    assert answers.count(None) == 1
    assert [type(one) for one in answers].count(Unauthenticated) == 7
    assert await accounts.login("ann", f"password {answers.index(None)}")
    actions = [event.action for event in await accounts.trail.of_user(ann.id)]
    assert actions.count(AuditAction.RESET_REDEEMED) == 1


async def test_an_answer_that_storage_loses_uses_it_up_once(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    ann = await accounts.hire("ann")
    token = await issue(accounts, ann)
    storage.reset(after=lose_answers(1))
    await redeem(accounts, token)
    assert await accounts.login("ann", NEW)


@pytest.mark.parametrize(
    "ending",
    [{"password": "set by an admin"}, {"role": "manager"}, {"is_active": False}, "hour", "another"],
    ids=str,
)
async def test_what_ends_a_token(accounts: AccountsUnderTest, ending: Any) -> None:
    ann = await accounts.hire("ann")
    token = await issue(accounts, ann)
    if ending == "hour":
        accounts.clock.advance(LIFE.total_seconds())
    elif ending == "another":
        assert await issue(accounts, ann) != token
    else:
        changes = validate_model(UserChanges, ending)
        await accounts.administration.change(by(await accounts.boss()), ann.id, changes)
    with pytest.raises(Unauthenticated):
        await redeem(accounts, token)


async def test_who_gets_one(accounts: AccountsUnderTest) -> None:
    ann, mia = await accounts.hire("ann"), await accounts.hire("mia", Role.MANAGER)
    for user_id in (ann.id, mia.id, "0" * 16):
        with pytest.raises(Forbidden):
            await accounts.app.password_resets.issue(by(mia), user_id)
    boss = by(await accounts.boss())
    for user_id in ("0" * 16, "no id"):
        with pytest.raises(NotFound):
            await accounts.app.password_resets.issue(boss, user_id)
    eve = accounts.users.make_user({"email": "eve@example.com", "username": "eve"})
    await accounts.users.add(eve, draft_created(eve, HERE))
    with pytest.raises(Conflict):
        await accounts.app.password_resets.issue(boss, eve.id)


@pytest.mark.parametrize(
    "made_up", ["", ".", "x", "0" * 16, f"{'0' * 16}.x", "{ann}", "{ann}.", "{ann}.x", "../x.y"]
)
async def test_made_up_tokens_fail_alike(
    accounts: AccountsUnderTest, storage: StorageProxy, made_up: str
) -> None:
    ann = await accounts.hire("ann")
    storage.reset()
    with pytest.raises(Unauthenticated) as refusal:
        await redeem(accounts, made_up.format(ann=ann.id))
    assert refusal.value.detail.startswith("This token does not count any more")
    assert len(storage.calls) == 3
    with pytest.raises(Invalid):
        validate_model(NewPassword, {"token": "x", "password": "short"})


async def test_guesses_are_throttled(accounts: AccountsUnderTest) -> None:
    ann = await accounts.hire("ann")
    token = await issue(accounts, ann)
    for _ in range(MAX_BY_NAME):
        with pytest.raises(Unauthenticated):
            await redeem(accounts, f"{ann.id}.guess")
    with pytest.raises(TooMany):
        await redeem(accounts, token)
    await redeem(accounts, token, actor=Actor(None, "203.0.113.9"))
    assert await accounts.register(names("bob"))
