"""Names: which characters they have, when two are one, and that older rows are still found."""

import asyncio
from typing import Any

import pytest

from shared.clients.tables import Verb, Write
from shared.errors import Conflict, Invalid, SettingsError, Unauthenticated
from shared.models import NewUser, OwnChanges, StoredUser, UserChanges, validate_model
from shared.models.names import fold_name, normalize_name
from shared.settings import read_settings
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import BOSS, PASSWORD, SETTINGS

TWINS = [
    ("ann@example.com", "ANN@EXAMPLE.COM"),
    ("r\u00e9n\u00e9@example.com", "re\u0301ne\u0301@example.com"),
    ("stra\u00dfe@example.com", "strasse@example.com"),
    ("stra\u00dfe@example.com", "STRA\u1e9eE@example.com"),
    ("ann@example.com", "\uff41\uff4e\uff4e@example.com"),
    ("ann@example.com", "ann\uff20example.com"),
    ("fin@example.com", "\ufb01n@example.com"),
    ("kim@example.com", "\u212aim@example.com"),
    ("\u03c3\u03bf\u03c6\u03cc\u03c2@example.com", "\u03a3\u039f\u03a6\u038c\u03a3@example.com"),
    ("\u01c6@example.com", "\u01c4@example.com"),
    ("x1@example.com", "x\u00b9@example.com"),
    ("\u1e9b\u0323@example.com", "\u1e69@example.com"),
    ("ann@mail.example.com", "ann@mail\uff61example\u3002com"),
    ("ann@b\u00fccher.example", "ann@XN--BCHER-kva.example"),
    ("ilij@example.com", "\u0130l\u0131\u0237@example.com"),
    ("ilij@example.com", "i\u0307li\u0307j\u0307@example.com"),
]


@pytest.mark.parametrize(("one", "other"), TWINS, ids=ascii)
async def test_twins_are_one_name(accounts: AccountsUnderTest, one: str, other: str) -> None:
    first = await accounts.register(names("first") | {"email": one})
    second = await accounts.hire("second")
    change = {"email": other}
    for taking in (
        accounts.register(names("third") | change),
        accounts.hire("third", email=other),
        accounts.change_own(second, email=other),
        accounts.administration.change(
            by(await accounts.boss()), second.id, validate_model(UserChanges, change)
        ),
    ):
        with pytest.raises(Conflict):
            await taking
    for spelling in (one, other):
        tokens = await accounts.login(spelling)
        assert (await accounts.caller(tokens.access_token)).id == first.id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Ann",
        "\u0130",
        "\u0149",
        "\u1fb3\u0345",
        "\u0390\u1fd3",
        "\ufdfa",
        "\ufb05\ufb06",
        "I\u0131\u0130i\u0307",
        "a@xn--bcher-kva.xn--p1ai",
        "a@xn--99999999999.xn---",
    ],
    ids=ascii,
)
def test_a_name_is_folded_once_and_for_all(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)
    assert fold_name(normalize_name(text)) == fold_name(text)
    assert fold_name(text.upper()) == fold_name(text.lower())


@pytest.mark.parametrize(
    "hidden",
    [
        *("\u202e", "\u202a", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c"),
        *("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e"),
        *("\u3164", "\u115f", "\uffa0", "\u2800", "\ufe0f", "\U000e0100", "\U000e0041"),
        *("\x00", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\u00a0", "\u3000", "\n", "\t"),
        *("\ue000", "\U0010fffd", "\u0378", "\uffff", "\U0001d159", "\U00016fe4", "\ufffc"),
    ],
    ids=ascii,
)
async def test_a_name_has_no_character_that_cannot_be_seen(
    accounts: AccountsUnderTest, hidden: str
) -> None:
    for field, value in (("email", f"an{hidden}n@example.com"), ("username", f"an{hidden}n")):
        for model in (NewUser, OwnChanges, UserChanges):
            with pytest.raises(Invalid) as invalid:
                validate_model(model, names("other") | {field: value})
            assert [fault["loc"] for fault in invalid.value.errors] == [[field]]


@pytest.mark.parametrize(
    "email",
    [
        *('"ann"@example.com', "ann(x)@example.com", "<ann@example.com>", "ann@[192.0.2.1].x"),
        *("ann@example..com", "ann@.example.com", "ann@example.com.", "ann@example\u3002"),
        *("ann@xn--ab-\u0001.com", "\ufdfa" * 200 + "@example.com"),
    ],
    ids=ascii,
)
def test_an_email_is_written_in_one_way(email: str) -> None:
    with pytest.raises(Invalid) as invalid:
        validate_model(NewUser, names("ann") | {"email": email})
    assert [fault["loc"] for fault in invalid.value.errors] == [["email"]]


@pytest.mark.parametrize(
    ("full_name", "is_taken"),
    [
        ("Jose\u0301", True),
        ("\u200f\u05e9\u05dc\u05d5\u05dd", True),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", True),
        ("An\u202en", False),
        ("An\u2066n", False),
        ("An\nn", False),
        ("An\x1b[31mn", False),
        ("An\u2028n", False),
        ("\x00", False),
    ],
    ids=ascii,
)
def test_a_full_name_may_have_marks_but_no_controls(full_name: str, *, is_taken: bool) -> None:
    for field in ("full_name", "department", "job_title"):
        body = names("ann") | {field: full_name}
        if is_taken:
            assert getattr(validate_model(NewUser, body), field) == full_name
        else:
            with pytest.raises(Invalid):
                validate_model(NewUser, body)


@pytest.mark.parametrize(
    ("email", "spelling"),
    [
        ("stra\u00dfe@example.com", "strasse@example.com"),
        ("Stra\u00dfe@example.com", "STRASSE@EXAMPLE.COM"),
        ("re\u0301ne\u0301@example.com", "r\u00e9n\u00e9@example.com"),
        ("\uff42oss@example.com", "boss@example.com"),
    ],
    ids=ascii,
)
async def test_the_first_admin_has_one_name_in_all_spellings(
    accounts: AccountsUnderTest, email: str, spelling: str
) -> None:
    here = accounts.another(BOOTSTRAP_ADMIN_EMAIL=email)
    ann = await accounts.register(names("ann"))
    for name in (email, spelling):
        for taking in (
            here.register(names("eve") | {"email": name}),
            here.change_own(ann, email=name),
        ):
            with pytest.raises(Conflict):
                await taking
    admins = [await here.login(name) for name in (spelling, email)]
    assert len({(await here.caller(one.access_token)).id for one in admins}) == 1
    for name in (email, spelling):
        with pytest.raises(Conflict):
            await here.register(names("eve") | {"email": name})


def test_the_first_admin_has_no_character_that_cannot_be_seen() -> None:
    settings = SETTINGS | {"STORAGE_CONNECTION": "UseDevelopmentStorage=true"}
    with pytest.raises(SettingsError, match="BOOTSTRAP_ADMIN_EMAIL"):
        read_settings(settings | {"BOOTSTRAP_ADMIN_EMAIL": "bo\u202ess@example.com"})


async def test_of_twins_at_once_one_is_made(accounts: AccountsUnderTest) -> None:
    async def register(number: int) -> bool:
        email = ["stra\u00dfe@x.de", "STRASSE@x.de", "\uff53trasse@x.de"][number % 3]
        try:
            await accounts.register(names(f"user{number}") | {"email": email})
        except Conflict:
            return False
        return True

    assert sum(await asyncio.gather(*(register(number) for number in range(9)))) == 1


async def store_older(accounts: AccountsUnderTest, username: str, email: str) -> StoredUser:
    """A user as an older version stored them: the email as it was typed, found in any case."""
    user = await accounts.hire(username, email=f"{username}@example.com")
    known = await accounts.users.by_id(user.id)
    assert known is not None
    rows = [row async for row in accounts.table.query("users", "name_", "name`")]
    new = [row for row in rows if row.values["user_id"] == user.id]
    [now_] = [row for row in new if row.key == key_of(user.email)]
    claim: dict[str, Any] = {"PartitionKey": "users", "user_id": user.id, "expires_at": "never"}
    stored = {"PartitionKey": "users", "RowKey": f"user_{user.id}", "email": email}
    await accounts.table.write(
        [
            Write(Verb.DELETE, {"PartitionKey": "users", "RowKey": now_.key}),
            Write(Verb.INSERT, claim | {"RowKey": key_of(email)}),
            Write(Verb.MERGE, stored),
        ]
    )
    return user.model_copy(update={"email": email})


def key_of(email: str) -> str:
    from hashlib import sha256

    return f"name_{sha256(email.casefold().encode()).hexdigest()}"


OLDER, PRESENT = "re\u0301ne\u0301@example.com", "r\u00e9n\u00e9@example.com"


async def test_who_was_stored_by_an_older_version_signs_in(accounts: AccountsUnderTest) -> None:
    user = await store_older(accounts, "rene", OLDER)
    for name in (OLDER, OLDER.upper(), "rene"):
        tokens = await accounts.login(name)
        assert (await accounts.caller(tokens.access_token)).id == user.id
    assert await accounts.app.migration.run() > 0
    for name in (OLDER, PRESENT, PRESENT.upper()):
        assert await accounts.login(name)
    with pytest.raises(Conflict):
        await accounts.register(names("twin") | {"email": PRESENT})
    await accounts.change_own(user, email="new@example.com")
    for name in (OLDER, PRESENT):
        with pytest.raises(Unauthenticated):
            await accounts.login(name)
    assert await accounts.register(names("other") | {"email": PRESENT})


async def test_of_twins_that_an_older_version_stored_each_signs_in(
    accounts: AccountsUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither takes the other's name away, whatever becomes of them."""
    older = await store_older(accounts, "older", OLDER)
    other = await accounts.register(names("other") | {"email": PRESENT})
    with caplog.at_level("WARNING"):
        await accounts.app.migration.run()
    assert f"Users {older.id} and {other.id} have the same name" in caplog.text
    assert OLDER not in caplog.text
    renamed = await accounts.change_own(older, username="renamed")
    for name, user in ((OLDER, older), (PRESENT, other), ("renamed", older)):
        tokens = await accounts.login(name)
        assert (await accounts.caller(tokens.access_token)).id == user.id
    await accounts.administration.delete(by(await accounts.boss()), renamed.id)
    tokens = await accounts.login(PRESENT)
    assert (await accounts.caller(tokens.access_token)).id == other.id
    with pytest.raises(Conflict):
        await accounts.register(names("third") | {"email": OLDER})


async def test_names_are_brought_to_the_present_form_once(accounts: AccountsUnderTest) -> None:
    for number in range(3):
        await accounts.hire(f"user{number}")
    await store_older(accounts, "rene", OLDER)
    assert await accounts.app.name_claims.upgrade_page("") == (1, "")
    assert await accounts.app.name_claims.upgrade_page("") == (0, "")
    assert await accounts.login(BOSS, PASSWORD)
