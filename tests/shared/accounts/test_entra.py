"""Microsoft Entra ID tokens against a local tenant: which count, and whom they make."""

import asyncio
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import HMACAlgorithm

from shared.clients.entra import EntraTokens
from shared.errors import Conflict, Forbidden, Unauthenticated, Unavailable
from shared.models import AuditAction, OwnChanges, Role, UserChanges, validate_model
from shared.settings.accounts import EntraSettings
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import BOSS, PASSWORD, SECRET, AppUnderTest
from tests.support.servers.entra import AUDIENCE, TENANT, Entra, entra_server, new_key
from tests.support.servers.storage_proxy import StorageProxy


@pytest.fixture
def entra() -> Iterator[Entra]:
    with entra_server() as running:
        yield running


def entra_settings(authority: str) -> EntraSettings:
    return EntraSettings(authority=authority, tenant_id=TENANT, audiences=(AUDIENCE, "other"))


@pytest.fixture
def accounts(app: AppUnderTest, entra: Entra) -> AccountsUnderTest:
    settings = {
        "ENTRA_AUTHORITY": entra.authority,
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_AUDIENCE": f"{AUDIENCE},other",
    }
    return AccountsUnderTest(app.another(**settings))


async def test_a_token_makes_a_user_at_first_sight(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    token = entra.token(oid="a", email="Eve@Contoso.example")
    first = await accounts.caller(token)
    assert (first.email, first.username) == ("Eve@Contoso.example", "Eve")
    assert (first.full_name, first.role, first.is_active) == ("Eve", Role.USER, True)
    assert (await accounts.caller(entra.token(oid="a", name="Other"))).id == first.id
    assert (await accounts.caller(entra.token(oid="b"))).id != first.id
    events = await accounts.trail.of_user(first.id)
    assert [event.action for event in events] == [AuditAction.USER_CREATED]


async def test_many_first_sights_at_once_make_one_user(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    token = entra.token(oid="a")
    callers = await asyncio.gather(*(accounts.caller(token) for _ in range(6)))
    assert len({caller.id for caller in callers}) == 1
    assert len(await accounts.users.page(0, 10)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "99999999999"},
        {"iat": None},
        {"iat": "1"},
        {"nbf": 99999999999},
        {"aud": "api://another"},
        {"aud": None},
        {"iss": "https://login.microsoftonline.com/x/v2.0"},
        {"iss": None},
        {"tid": "another"},
        {"oid": None},
        {"oid": ""},
        {"oid": 5},
        {"roles": "admin"},
    ],
    ids=str,
)
async def test_other_claims_are_refused(
    accounts: AccountsUnderTest, entra: Entra, changes: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        await accounts.caller(entra.token(**changes))
    assert await accounts.users.page(0, 10) == []


async def test_other_keys_and_algorithms_are_refused(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    public = entra.keys["key-1"].public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    claims = entra.claims()
    own_claims = {"sub": "0" * 16, "iat": 1, "exp": 9e9, "jti": "j", "role": "admin"}
    stolen = {"kid": "key-1", "jku": "http://127.0.0.1:1/keys", "x5u": "http://127.0.0.1:1"}
    other = new_key()
    for token in (
        entra.token(key=other),
        jwt.encode(claims, other, "RS256", headers=stolen),
        jwt.encode(claims, other, "RS256", headers={"kid": "../../etc/passwd"}),
        jwt.encode(claims, other, "RS256", headers={"jwk": entra.published()["keys"][0]}),
        jwt.encode(claims, entra.keys["key-1"], "RS512", headers={"kid": "key-1"}),
        jwt.encode(claims, "", "none", headers={"kid": "key-1"}),
        jwt.encode(claims, SECRET, "HS256", headers={"kid": "key-1"}),
        hs256_with_public_key(claims, pem),
        hs256_with_public_key(own_claims, pem),
    ):
        with pytest.raises(Unauthenticated):
            await accounts.caller(token)


def hs256_with_public_key(claims: dict[str, Any], pem: bytes) -> str:
    """What PyJWT refuses to sign, but an attacker does not."""
    head, body, _ = jwt.encode(claims, SECRET, "HS256", headers={"kid": "key-1"}).split(".")
    hmac = HMACAlgorithm(HMACAlgorithm.SHA256)
    signature = hmac.sign(f"{head}.{body}".encode(), pem)
    return f"{head}.{body}.{jwt.utils.base64url_encode(signature).decode()}"


async def test_without_the_settings_such_tokens_are_refused(
    app: AppUnderTest, entra: Entra
) -> None:
    with pytest.raises(Unauthenticated):
        await AccountsUnderTest(app).caller(entra.token())


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        (["admin"], Role.ADMIN),
        (["Manager", "user"], Role.MANAGER),
        (["user"], Role.USER),
        (["superadmin", "root"], Role.USER),
        ([], Role.USER),
        (None, Role.USER),
    ],
)
async def test_app_roles_are_ours(
    accounts: AccountsUnderTest, entra: Entra, roles: list[str] | None, role: Role
) -> None:
    assert (await accounts.caller(entra.token(roles=roles))).role is role


async def test_a_changed_app_role_counts_at_once_and_ends_older_tokens(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    stamp = entra.claims()["iat"]
    old = entra.token(oid="a", roles=["admin"], iat=stamp - 60)
    new = entra.token(oid="a", roles=[], iat=stamp)
    assert (await accounts.caller(old)).role is Role.ADMIN
    user = await accounts.caller(new)
    assert user.role is Role.USER
    with pytest.raises(Unauthenticated):
        await accounts.caller(old)
    event = (await accounts.trail.of_user(user.id))[-1]
    assert (event.old_values, event.new_values) == ({"role": "admin"}, {"role": "user"})


async def test_a_manager_of_elsewhere_manages_no_department_that_they_chose(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    stamp = entra.claims()["iat"]
    user = await accounts.caller(entra.token(oid="a", roles=[], iat=stamp - 60))
    await accounts.administration.change_own(by(user), OwnChanges(department="Board"))
    manager = await accounts.caller(entra.token(oid="a", roles=["manager"], iat=stamp))
    assert (manager.role, manager.department) == (Role.MANAGER, None)


async def test_a_name_leads_to_no_account_that_is_there(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    ann = await accounts.register(names("ann"))
    for number, address in enumerate(("ann@example.com", "ann@contoso.example", "boss", "", "@")):
        token = entra.token(oid=str(number), preferred_username=address)
        user = await accounts.caller(token)
        assert user.id != ann.id
        assert user.username != "ann"
        assert user.email != ann.email
    assert (await accounts.caller((await accounts.login("ann")).access_token)).id == ann.id


async def test_who_comes_first_does_not_get_the_first_admins_address(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    for number, address in enumerate((BOSS, BOSS.upper(), "\uff42oss@example.com")):
        user = await accounts.caller(entra.token(oid=str(number), email=address))
        assert user.role is Role.USER
        assert user.email == f"{user.id}@entra.invalid"
    boss = await accounts.boss()
    assert (boss.email, boss.role) == (BOSS, Role.ADMIN)


async def test_what_a_token_says_is_shown_without_controls(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    odd = entra.token(oid="a", email="e\u202eve@x.example", name="E\u202ev\x1be\n")
    user = await accounts.caller(odd)
    assert (user.full_name, user.email) == ("Eve", f"{user.id}@entra.invalid")
    wide = await accounts.caller(entra.token(oid="b", email="\uff45ve@x.example"))
    assert (wide.email, wide.username) == ("eve@x.example", "eve")


async def test_who_signs_in_elsewhere_has_no_password_here(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    eve = await accounts.caller(entra.token(oid="a"))
    for password in ("", PASSWORD, "wrong"):
        with pytest.raises(Unauthenticated):
            await accounts.login(eve.username, password)
    with pytest.raises(Forbidden):
        await accounts.administration.change_own(
            by(eve), validate_model(OwnChanges, {"password": PASSWORD})
        )
    for change in ({"password": PASSWORD}, {"role": "admin"}):
        with pytest.raises(Conflict):
            await accounts.administration.change(
                by(await accounts.boss()), eve.id, validate_model(UserChanges, change)
            )


async def test_deactivating_deleting_and_logout_hold(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    token, other = entra.token(oid="a"), entra.token(oid="a", uti="2")
    eve = await accounts.caller(token)
    await accounts.logout(token, "")
    with pytest.raises(Unauthenticated):
        await accounts.caller(token)
    assert await accounts.caller(other)

    boss = await accounts.boss()
    await accounts.administration.change(
        by(boss), eve.id, validate_model(UserChanges, {"is_active": False})
    )
    with pytest.raises(Unauthenticated):
        await accounts.caller(other)
    await accounts.administration.delete(by(boss), eve.id)
    with pytest.raises(Unauthenticated):
        await accounts.caller(entra.token(oid="a"))


async def test_keys_are_fetched_once_and_again_for_no_made_up_id(
    accounts: AccountsUnderTest, entra: Entra, storage: StorageProxy
) -> None:
    token = entra.token(oid="a")
    await accounts.caller(token)
    storage.reset()
    await accounts.caller(token)
    assert len(storage.calls) == 1
    other = new_key()
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await accounts.caller(entra.token(key_id=f"made-up-{number}", key=other))
    assert entra.fetches == 1


async def test_without_keys_it_is_unavailable_and_recovers(
    accounts: AccountsUnderTest, entra: Entra
) -> None:
    entra.away = True
    with pytest.raises(Unavailable):
        await accounts.caller(entra.token())
    entra.away = False
    assert await accounts.caller(entra.token())


def test_the_public_cloud_issues_tokens_of_two_versions() -> None:
    tokens = EntraTokens(entra_settings("https://login.microsoftonline.com"))
    assert tokens.issuers == (
        f"https://login.microsoftonline.com/{TENANT}/v2.0",
        f"https://sts.windows.net/{TENANT}/",
    )
