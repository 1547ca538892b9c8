"""Accounts over real tables: unique names without races, passwords, tokens and their end."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import jwt
import pytest

from shared.clients.tables import Table
from shared.credentials import AccessTokens, hash_password
from shared.errors import Conflict, Forbidden, Invalid, NotSignedIn, Problem
from shared.models import Role, Tokens, now
from tests.shared.office import HERE, PASSWORD, SECRET, Office

ANN: dict[str, Any] = {
    "email": "Ann@Example.com",
    "username": "Ann.B",
    "password": "a good password",
}


def signed(**changes: Any) -> str:
    stamp = now().timestamp()
    claims = {"sub": "x", "iat": stamp, "exp": stamp + 60, "jti": "j", "role": "admin"} | changes
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(kept, SECRET, algorithm="HS256")


async def bearer(office: Office) -> tuple[str, str]:
    """A registered user's id and `Authorization` header."""
    user = await office.accounts.register(ANN, HERE)
    tokens = await office.accounts.login(ANN, HERE)
    return user.id, f"Bearer {tokens.access_token}"


async def test_a_registered_user_signs_in_by_either_name_in_any_case(office: Office) -> None:
    accounts = office.accounts
    user = await accounts.register(ANN | {"role": "admin", "is_active": False, "id": "x"}, HERE)
    assert (user.role, user.is_active, user.email) == (Role.USER, True, "Ann@Example.com")

    for name in ("ann.b", "ANN@EXAMPLE.COM"):
        tokens = await accounts.login({"username": name, "password": ANN["password"]}, HERE)
        assert (tokens.token_type, tokens.expires_in) == ("bearer", 1800)
        caller = await office.callers.caller(f"bearer {tokens.access_token}")
        assert caller.id == user.id
        assert caller.last_login is not None


@pytest.mark.parametrize(
    "taken", [{"email": "ann@example.COM"}, {"username": "ANN.b"}, {}], ids=str
)
async def test_a_taken_name_is_refused_in_any_case(office: Office, taken: dict[str, str]) -> None:
    await office.accounts.register(ANN, HERE)
    other = {"email": "bob@example.com", "username": "bob", "password": ANN["password"]}
    with pytest.raises(Conflict):
        await office.accounts.register((other | taken) if taken else ANN, HERE)
    if taken:
        await office.accounts.register(other, HERE)  # The refused try left nothing behind.


async def test_of_simultaneous_registrations_one_wins(office: Office) -> None:
    accounts = office.accounts

    async def register(number: int) -> bool:
        body = {"email": f"u{number % 2}@example.com", "username": "same", "password": "x" * 8}
        try:
            await accounts.register(body, HERE)
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(register(number) for number in range(8)))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"email": "nobody"},
        {"email": "a@b"},
        {"email": "a b@example.com"},
        {"username": "ab"},
        {"username": "_ab"},
        {"username": "a b c"},
        {"username": "abc/../d"},
        {"username": "Tickets"},
        {"username": "rejected"},
        {"username": "x" * 101},
        {"password": "1234567"},
        {"password": None},
        {"full_name": 5},
        {"email": "a\ud800@example.com"},
    ],
    ids=str,
)
async def test_what_does_not_validate_is_named_but_not_shown(
    office: Office, change: dict[str, Any]
) -> None:
    with pytest.raises(Invalid) as invalid:
        await office.accounts.register(ANN | change, HERE)
    [fault] = invalid.value.errors
    assert fault["loc"] == list(change)
    assert set(fault) == {"loc", "msg", "type"}
    assert "good password" not in str(invalid.value.body("/"))


async def test_registration_can_be_closed(table: Table) -> None:
    with pytest.raises(Forbidden):
        await Office(table, registration_open=False).accounts.register(ANN, HERE)


@pytest.mark.parametrize("name", ["Ann.B", "nobody", "nobody@example.com", "a/b#c?\\"])
async def test_unknown_and_known_names_fail_alike(office: Office, name: str) -> None:
    await office.accounts.register(ANN, HERE)
    with pytest.raises(NotSignedIn) as refusal:
        await office.accounts.login({"username": name, "password": "wrong"}, HERE)
    assert refusal.value.detail == "Username or password is wrong."


async def test_unknown_and_known_names_take_the_same_time(office: Office) -> None:
    accounts = office.accounts
    await accounts.register(ANN, HERE)

    async def cost(name: str) -> float:
        times = []
        for _ in range(8):
            begin = time.perf_counter()
            with pytest.raises(NotSignedIn):
                await accounts.login({"username": name, "password": "wrong"}, HERE)
            times.append(time.perf_counter() - begin)
        return min(times)

    await cost("warm-up")
    known, unknown = await cost("Ann.B"), await cost("nobody")
    assert 0.6 < known / unknown < 1.6


async def test_the_first_admin_comes_from_the_settings(office: Office) -> None:
    accounts = office.accounts
    with pytest.raises(Conflict):
        await accounts.register(ANN | {"email": "Boss@example.com"}, HERE)
    await accounts.register(ANN | {"username": "admin"}, HERE)

    logins = [
        accounts.login({"username": "BOSS@example.com", "password": PASSWORD}, HERE)
        for _ in range(4)
    ]
    tokens = await asyncio.gather(*logins)

    callers = [await office.callers.caller(f"Bearer {pair.access_token}") for pair in tokens]
    assert len({caller.id for caller in callers}) == 1
    assert callers[0].role is Role.ADMIN


async def test_passwords_are_argon2id_with_19_mib_and_two_passes() -> None:
    assert (await hash_password("x")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


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
        signed(jti=5),
        jwt.encode({"sub": "x", "iat": 0, "exp": 9e9, "jti": "j", "role": "u"}, "y" * 32),
        jwt.encode({"sub": "x", "iat": 0, "exp": 9e9, "jti": "j", "role": "u"}, "", "none"),
        jwt.encode({"sub": "x", "iat": 0, "exp": 9e9, "jti": "j", "role": "u"}, SECRET, "HS512"),
        "a.b.c",
        "",
        "é",
    ],
)
async def test_only_our_own_whole_tokens_count(office: Office, token: str) -> None:
    with pytest.raises(NotSignedIn):
        await office.callers.caller(f"Bearer {token}")


@pytest.mark.parametrize("header", ["", "Bearer", "Basic abc", "Bearer  "])
async def test_other_authorization_is_none(office: Office, header: str) -> None:
    with pytest.raises(NotSignedIn):
        await office.callers.caller(header)


async def test_a_deactivated_user_is_out_at_once(office: Office) -> None:
    user_id, header = await bearer(office)
    await office.users.change(user_id, {"is_active": False})
    for attempt in (office.callers.caller(header), office.accounts.login(ANN, HERE)):
        with pytest.raises(NotSignedIn):
            await attempt


async def test_a_new_stamp_ends_older_tokens_but_not_newer_ones(office: Office) -> None:
    user_id, old = await bearer(office)
    await office.users.change(user_id, {"tokens_from": now().timestamp()})
    with pytest.raises(NotSignedIn):
        await office.callers.caller(old)
    new = await office.accounts.login(ANN, HERE)
    assert (await office.callers.caller(f"Bearer {new.access_token}")).id == user_id


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(office: Office) -> None:
    accounts = office.accounts
    await accounts.register(ANN, HERE)
    first = await accounts.login(ANN, HERE)
    second = await accounts.refresh({"refresh_token": first.refresh_token})
    assert (await office.callers.caller(f"Bearer {second.access_token}")).username == "Ann.B"

    for used in (first, second):
        with pytest.raises(NotSignedIn):
            await accounts.refresh({"refresh_token": used.refresh_token})


async def test_a_refresh_token_used_twice_at_once_gives_at_most_one_pair(office: Office) -> None:
    accounts = office.accounts
    await accounts.register(ANN, HERE)
    pair = await accounts.login(ANN, HERE)

    async def refresh() -> Tokens | Problem:
        try:
            return await accounts.refresh({"refresh_token": pair.refresh_token})
        except NotSignedIn as problem:
            return problem

    answers = await asyncio.gather(*(refresh() for _ in range(5)))
    assert sum(isinstance(answer, Tokens) for answer in answers) <= 1


@pytest.mark.parametrize("token", ["", "x", "0" * 32, "0" * 32 + ".x", "../" * 11, None, 5])
async def test_no_refresh_token_is_refused(office: Office, token: Any) -> None:
    with pytest.raises(NotSignedIn):
        await office.accounts.refresh({"refresh_token": token}, HERE)


def test_an_access_token_lives_as_long_as_it_says() -> None:
    tokens = AccessTokens(SECRET, 30)
    claims = tokens.read(tokens.sign("x", Role.USER, now()))
    assert claims.exp - claims.iat == pytest.approx(1800)
    with pytest.raises(NotSignedIn):
        tokens.read(tokens.sign("x", Role.USER, now() - timedelta(minutes=31)))
