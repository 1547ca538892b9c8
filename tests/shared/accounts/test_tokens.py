"""Tokens: which count, and what ends them."""

import asyncio
from datetime import timedelta
from typing import Any

import jwt
import pytest

from shared.accounts.credentials import AccessTokens
from shared.errors import Forbidden, Invalid, Unauthenticated
from shared.models import (
    AuditAction,
    OwnChanges,
    Refresh,
    Role,
    StoredUser,
    Tokens,
    UserChanges,
    validate_model,
)
from shared.settings.accounts import TokenSettings
from tests.support.product.accounts import HERE, AccountsUnderTest, by, names
from tests.support.product.app import PASSWORD, SECRET
from tests.support.product.chains import first_invalid
from tests.support.product.clock import now
from tests.support.servers.storage_proxy import StorageProxy

GRACE = 10
PATIENT = {"REFRESH_GRACE_SECONDS": "300"}
"""However slow the machine is, a test is faster."""


def signed(key: str = SECRET, algorithm: str = "HS256", **changes: Any) -> str:
    stamp = now().timestamp()
    claims = {"sub": "0" * 16, "iat": stamp, "exp": stamp + 60, "jti": "j", "role": "admin"}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm)


async def signed_in(accounts: AccountsUnderTest) -> tuple[StoredUser, Tokens]:
    user = await accounts.register(names("ann"))
    return user, await accounts.login("ann")


def altered(token: str) -> str:
    """The token with another role, its signature as it was."""
    head, body, signature = token.split(".")
    claims = jwt.utils.base64url_decode(body).replace(b'"user"', b'"admin"')
    return f"{head}.{jwt.utils.base64url_encode(claims).decode()}.{signature}"


@pytest.mark.parametrize(
    "token",
    [
        signed(exp=None),
        signed(iat=None),
        signed(jti=None),
        signed(role=None),
        signed(sub=None),
        signed(exp=now().timestamp() - 1),
        signed(exp=str(int(now().timestamp()) + 60)),
        signed(exp=float("inf")),
        signed(jti=5),
        signed(sub="../users"),
        signed(),
        signed(key="y" * 32),
        signed(key="", algorithm="none"),
        signed(key=SECRET * 2, algorithm="HS512"),
        "a.b.c",
        "",
        "é",
    ],
)
async def test_only_our_own_whole_tokens_of_known_users_count(
    accounts: AccountsUnderTest, token: str
) -> None:
    with pytest.raises(Unauthenticated):
        await accounts.caller(token)


async def test_an_altered_role_is_refused(accounts: AccountsUnderTest) -> None:
    _, tokens = await signed_in(accounts)
    assert altered(tokens.access_token) != tokens.access_token
    with pytest.raises(Unauthenticated):
        await accounts.caller(altered(tokens.access_token))


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer  "])
async def test_other_authorization_is_none(accounts: AccountsUnderTest, header: str) -> None:
    with pytest.raises(Unauthenticated):
        await accounts.authentication.caller(header)


def test_an_access_token_lives_as_long_as_it_says() -> None:
    tokens = AccessTokens(TokenSettings(secret_key=SECRET, access_minutes=30, refresh_days=30))
    claims = tokens.read(tokens.sign("x", Role.USER, now()))
    assert claims.exp - claims.iat == 1800
    with pytest.raises(Unauthenticated):
        tokens.read(tokens.sign("x", Role.USER, now() - timedelta(minutes=31)))


@pytest.mark.parametrize(
    "change",
    [{"is_active": False}, {"role": "manager"}, {"password": "another password"}],
    ids=str,
)
async def test_what_ends_the_tokens_of_a_user(
    accounts: AccountsUnderTest, change: dict[str, Any]
) -> None:
    user, tokens = await signed_in(accounts)
    await accounts.administration.change(
        by(await accounts.boss()), user.id, validate_model(UserChanges, change)
    )
    with pytest.raises(Unauthenticated):
        await accounts.caller(tokens.access_token)
    with pytest.raises(Unauthenticated):
        await accounts.refresh(tokens)
    await accounts.administration.change(
        by(await accounts.boss()), user.id, validate_model(UserChanges, {"is_active": True})
    )
    with pytest.raises(Unauthenticated):
        await accounts.refresh(tokens)
    again = await accounts.login("ann", change.get("password", PASSWORD))
    assert (await accounts.caller(again.access_token)).id == user.id
    assert (await accounts.refresh(again)).access_token


async def test_each_change_within_a_second_ends_the_tokens_before_it(
    accounts: AccountsUnderTest,
) -> None:
    """Although tokens tell their begin in whole seconds."""
    user, tokens = await signed_in(accounts)
    for number in range(3):
        change = validate_model(UserChanges, {"password": f"password {number}"})
        await accounts.administration.change(by(await accounts.boss()), user.id, change)
        with pytest.raises(Unauthenticated):
            await accounts.caller(tokens.access_token)
        tokens = await accounts.login("ann", f"password {number}")
        assert (await accounts.caller(tokens.access_token)).id == user.id
        claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
        assert [type(claims[name]) for name in ("iat", "exp")] == [int, int]


async def test_other_changes_end_no_token(accounts: AccountsUnderTest) -> None:
    user, tokens = await signed_in(accounts)
    change = {"role": "user", "full_name": "Ann B.", "is_verified": True, "email": "b@example.com"}
    await accounts.administration.change(
        by(await accounts.boss()), user.id, validate_model(UserChanges, change)
    )
    assert (await accounts.caller(tokens.access_token)).full_name == "Ann B."


async def test_a_deactivated_or_deleted_user_cannot_sign_in(accounts: AccountsUnderTest) -> None:
    user, _ = await signed_in(accounts)
    await accounts.administration.change(
        by(await accounts.boss()), user.id, validate_model(UserChanges, {"is_active": False})
    )
    with pytest.raises(Unauthenticated, match="Username or password is wrong"):
        await accounts.login("ann")
    await accounts.administration.delete(by(await accounts.boss()), user.id)
    with pytest.raises(Unauthenticated, match="Username or password is wrong"):
        await accounts.login("ann")


async def test_a_deleted_users_tokens_have_ended(accounts: AccountsUnderTest) -> None:
    user, tokens = await signed_in(accounts)
    await accounts.administration.delete(by(await accounts.boss()), user.id)
    for use in (accounts.caller(tokens.access_token), accounts.refresh(tokens)):
        with pytest.raises(Unauthenticated):
            await use


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(
    accounts: AccountsUnderTest,
) -> None:
    user, first = await signed_in(accounts)
    other = await accounts.login("ann")
    second = await accounts.refresh(first)
    assert (await accounts.caller(second.access_token)).id == user.id

    accounts.clock.advance(GRACE + 1)
    for used in (first, second):
        with pytest.raises(Unauthenticated):
            await accounts.refresh(used)
    assert await accounts.refresh(other), "another family goes on"
    events = await accounts.trail.of_user(user.id)
    assert [event.action for event in events].count(AuditAction.REFRESH_REUSED) == 1
    assert first_invalid(events) is None


async def test_whoever_uses_a_refresh_token_within_the_grace_gets_the_same_pair(
    accounts: AccountsUnderTest,
) -> None:
    accounts = accounts.another(**PATIENT)
    user, tokens = await signed_in(accounts)
    processes = [accounts, accounts.another()]
    answers = await asyncio.gather(*(processes[n % 2].refresh(tokens) for n in range(8)))
    pairs = {(pair.access_token, pair.refresh_token) for pair in answers}
    assert len(pairs) == 1
    accounts.clock.advance(200)
    assert await accounts.refresh(tokens) == answers[0], "an answer was lost on its way"
    assert (await accounts.caller(answers[0].access_token)).id == user.id
    assert await accounts.refresh(answers[0])
    actions = {event.action for event in await accounts.trail.of_user(user.id)}
    assert AuditAction.REFRESH_REUSED not in actions


async def test_each_token_of_a_quick_row_has_its_own_grace(accounts: AccountsUnderTest) -> None:
    accounts = accounts.another(**PATIENT)
    _, first = await signed_in(accounts)
    second = await accounts.refresh(first)
    accounts.clock.advance(200)
    third = await accounts.refresh(second)
    assert await accounts.refresh(first) == second
    assert await accounts.refresh(second) == third
    accounts.clock.advance(101)
    assert await accounts.refresh(second) == third
    with pytest.raises(Unauthenticated):
        await accounts.refresh(first)
    for ended in (second, third):
        with pytest.raises(Unauthenticated):
            await accounts.refresh(ended)


async def test_the_grace_revives_nothing_that_has_ended(accounts: AccountsUnderTest) -> None:
    user, first = await signed_in(accounts)
    second = await accounts.refresh(first)
    other = await accounts.login("ann")
    last = await accounts.refresh(other)
    await accounts.logout(second.access_token, second.refresh_token)
    with pytest.raises(Unauthenticated):
        await accounts.refresh(first)
    change = validate_model(UserChanges, {"password": "another password"})
    await accounts.administration.change(by(await accounts.boss()), user.id, change)
    for ended in (other, last):
        with pytest.raises(Unauthenticated):
            await accounts.refresh(ended)


async def test_without_a_grace_a_refresh_token_counts_once(accounts: AccountsUnderTest) -> None:
    _, tokens = await signed_in(accounts)
    strict = accounts.another(REFRESH_GRACE_SECONDS="0")
    second = await strict.refresh(tokens)
    accounts.clock.advance(0.001)
    for used in (tokens, second):
        with pytest.raises(Unauthenticated):
            await strict.refresh(used)


async def test_neither_token_of_a_pair_lies_in_storage(accounts: AccountsUnderTest) -> None:
    _, first = await signed_in(accounts)
    second = await accounts.refresh(first)
    stored = str([row.values async for row in accounts.table.query("users", " ", "~")])
    assert "exchanged" in stored
    for pair in (first, second):
        assert pair.refresh_token.partition(".")[2] not in stored
        assert pair.access_token not in stored


async def test_what_follows_a_refresh_token_needs_the_key(accounts: AccountsUnderTest) -> None:
    """With another one nobody can say what the pair was, so it is used twice as after the grace."""
    _, tokens = await signed_in(accounts)
    second = await accounts.refresh(tokens)
    with pytest.raises(Unauthenticated):
        await accounts.another(SECRET_KEY="y" * 32).refresh(tokens)
    with pytest.raises(Unauthenticated):
        await accounts.refresh(second)


async def test_a_refresh_takes_three_storage_calls(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    _, tokens = await signed_in(accounts)
    storage.reset()
    await accounts.refresh(tokens)
    assert len(storage.calls) == 3


@pytest.mark.parametrize("token", ["", "x", "0" * 32, "0" * 32 + ".x", "../" * 11])
async def test_no_refresh_token_is_refused(accounts: AccountsUnderTest, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await accounts.self_service.refresh(validate_model(Refresh, {"refresh_token": token}), HERE)


@pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": 5}, [], None])
async def test_a_refresh_without_a_token_is_invalid(accounts: AccountsUnderTest, body: Any) -> None:
    with pytest.raises(Invalid):
        await accounts.self_service.refresh(validate_model(Refresh, body), HERE)


async def test_logout_ends_this_access_token_and_this_family(accounts: AccountsUnderTest) -> None:
    user, tokens = await signed_in(accounts)
    other = await accounts.login("ann")
    await accounts.logout(tokens.access_token, tokens.refresh_token)
    for use in (accounts.caller(tokens.access_token), accounts.refresh(tokens)):
        with pytest.raises(Unauthenticated):
            await use
    assert (await accounts.caller(other.access_token)).id == user.id
    assert await accounts.refresh(other)
    assert (await accounts.trail.of_user(user.id))[-1].action is AuditAction.LOGOUT


async def test_logout_ends_no_family_of_another(accounts: AccountsUnderTest) -> None:
    _, tokens = await signed_in(accounts)
    await accounts.register(names("bob"))
    bob = await accounts.login("bob")
    await accounts.logout(tokens.access_token, bob.refresh_token)
    assert await accounts.refresh(bob)


async def test_many_logouts_at_once_end_every_token(accounts: AccountsUnderTest) -> None:
    await signed_in(accounts)
    pairs = [await accounts.login("ann") for _ in range(6)]
    await asyncio.gather(*(accounts.logout(p.access_token, p.refresh_token) for p in pairs))
    for pair in pairs:
        with pytest.raises(Unauthenticated):
            await accounts.caller(pair.access_token)


async def test_a_caller_is_remembered_but_not_beyond_a_change(
    accounts: AccountsUnderTest, storage: StorageProxy
) -> None:
    accounts = accounts.another(USER_CACHE_SECONDS="60")
    user, tokens = await signed_in(accounts)
    await accounts.caller(tokens.access_token)
    storage.reset()
    await accounts.caller(tokens.access_token)
    assert not storage.calls

    boss = await accounts.boss()
    await accounts.administration.change(
        by(boss), user.id, validate_model(UserChanges, {"full_name": "Ann B."})
    )
    assert (await accounts.caller(tokens.access_token)).full_name == "Ann B."
    await accounts.administration.change(
        by(boss), user.id, validate_model(UserChanges, {"is_active": False})
    )
    with pytest.raises(Unauthenticated):
        await accounts.caller(tokens.access_token)


async def test_a_change_by_another_process_is_seen_within_the_time(
    accounts: AccountsUnderTest,
) -> None:
    here, there = accounts.another(USER_CACHE_SECONDS="5"), accounts
    user, tokens = await signed_in(here)
    await here.caller(tokens.access_token)
    await there.administration.change(
        by(await there.boss()), user.id, validate_model(UserChanges, {"is_active": False})
    )
    here.clock.advance(5)
    with pytest.raises(Unauthenticated):
        await here.caller(tokens.access_token)


async def test_a_password_is_changed_by_who_knows_the_present_one(
    accounts: AccountsUnderTest,
) -> None:
    user, tokens = await signed_in(accounts)
    for current in ({}, {"current_password": "wrong"}, {"current_password": ""}):
        with pytest.raises(Forbidden):
            await accounts.administration.change_own(
                by(user), validate_model(OwnChanges, {"password": "new password"} | current)
            )
    body = {"password": "new password", "current_password": PASSWORD}
    await accounts.administration.change_own(by(user), validate_model(OwnChanges, body))
    with pytest.raises(Unauthenticated):
        await accounts.caller(tokens.access_token)
    assert await accounts.login("ann", "new password")
    trail = str([event.model_dump() for event in await accounts.trail.of_user(user.id)])
    assert "password_changed" in trail
    assert not any(secret in trail for secret in ("new password", PASSWORD, "argon2"))
