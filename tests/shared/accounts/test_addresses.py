"""Accounts and guesses from one address: of IPv6, whoever has one has its whole /64."""

import pytest

from shared.accounts.registrations import WINDOW
from shared.accounts.rows import address_key
from shared.audit.chain import Actor
from shared.errors import Conflict, TooMany
from shared.models import AppSettingsChanges, Registration, validate_model
from tests.support.product.accounts import AccountsUnderTest, by, names


async def register(accounts: AccountsUnderTest, name: str, address: str | None) -> None:
    new = validate_model(Registration, names(name))
    await accounts.self_service.register(new, Actor(None, address))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("2001:DB8:1:2::1", "2001:0db8:0001:0002::9", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("unknown", "unknown", True),
    ],
)
def test_addresses_of_one_network_are_one(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same


async def test_an_address_opens_so_many_accounts_an_hour(accounts: AccountsUnderTest) -> None:
    strict = accounts.another(REGISTRATIONS_PER_ADDRESS="2")
    await register(strict, "ann", "2001:db8:1:2::1")
    with pytest.raises(Conflict):  # It cost a hash all the same.
        await register(strict, "ann", "2001:db8:1:2::2")
    with pytest.raises(TooMany) as refusal:
        await register(strict, "bob", "2001:db8:1:2::3")
    assert 3500 <= refusal.value.seconds <= 3600
    await register(strict, "bob", "2001:db8:1:3::1")
    await register(strict, "cyd", None)
    accounts.clock.advance(WINDOW.total_seconds() + 1)
    await register(strict, "dan", "2001:db8:1:2::1")
    accounts.clock.advance(WINDOW.total_seconds() + 1)
    assert await accounts.users.clear(accounts.clock.now()) == 2


async def test_registration_is_closed_until_an_administrator_opens_it(
    accounts: AccountsUnderTest,
) -> None:
    closed = accounts.another(REGISTRATION_OPEN="false")
    boss = by(await accounts.boss())
    assert not (await closed.app.app_settings.read(boss)).settings.registration_open
    changes = AppSettingsChanges(registration_open=True)
    await closed.app.app_settings.change(boss, changes, lambda _: None)
    await register(accounts.another(REGISTRATION_OPEN="false"), "ann", None)
