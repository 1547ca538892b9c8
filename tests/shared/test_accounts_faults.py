"""Accounts when storage does what was asked and its answer is lost, or when it is away."""

from collections.abc import Awaitable, Callable

import pytest
from starlette.responses import Response

from shared.audit.chain import first_invalid
from shared.errors import Unavailable
from shared.models import AuditAction
from tests.proxy import Call, Meddle, StorageProxy
from tests.shared.office import HERE, Office, names


def losing(answers: int) -> Meddle:
    """Loses the answers to the first transactions, which have taken effect."""
    left = [answers]

    async def meddle(call: Call) -> Response | None:
        if call.path.endswith("$batch") and left[0]:
            left[0] -= 1
            return Response(status_code=503)
        return None

    return meddle


async def test_a_registration_whose_answer_is_lost_is_one(
    office: Office, storage: StorageProxy
) -> None:
    storage.reset(after=losing(1))
    ann = await office.accounts.register(names("ann"), HERE)
    assert (await office.caller((await office.login("ann")).access_token)).id == ann.id
    assert len(await office.users.page(0, 9)) == 1


async def test_a_change_whose_answer_is_lost_is_one(office: Office, storage: StorageProxy) -> None:
    ann = await office.hire("ann")
    storage.reset(after=losing(1))
    changed = await office.members.change_own(ann, {"username": "anna"}, HERE)
    assert changed.username == "anna"
    events = await office.trail.of_user(ann.id)
    assert [event.action for event in events] == [
        AuditAction.USER_CREATED,
        AuditAction.USER_UPDATED,
    ]
    assert first_invalid(events) is None


async def test_a_deletion_whose_answer_is_lost_is_one(
    office: Office, storage: StorageProxy
) -> None:
    ann, boss = await office.hire("ann"), await office.boss()
    storage.reset(after=losing(1))
    await office.members.delete(boss, ann.id, HERE)
    events = await office.trail.of_user(ann.id)
    assert [event.action for event in events][1:] == [AuditAction.USER_DELETED]


async def test_a_refresh_whose_answer_is_lost_is_no_reuse(
    office: Office, storage: StorageProxy
) -> None:
    await office.accounts.register(names("ann"), HERE)
    tokens = await office.login("ann")
    storage.reset(after=losing(1))
    assert await office.refresh(await office.refresh(tokens))


async def test_a_login_whose_answer_is_lost_lets_in(office: Office, storage: StorageProxy) -> None:
    ann = await office.accounts.register(names("ann"), HERE)
    storage.reset(after=losing(1))
    tokens = await office.login("ann")
    assert (await office.caller(tokens.access_token)).id == ann.id
    assert await office.refresh(tokens)
    assert first_invalid(await office.trail.of_user(ann.id)) is None


@pytest.mark.parametrize("name", ["ann", "nobody"])
async def test_while_storage_is_away_everything_is_unavailable(
    office: Office, storage: StorageProxy, name: str
) -> None:
    await office.accounts.register(names("ann"), HERE)
    tokens = await office.login("ann")

    async def away(_: Call) -> Response:
        return Response(status_code=503)

    uses: list[Callable[[], Awaitable[object]]] = [
        lambda: office.login(name),
        lambda: office.caller(tokens.access_token),
        lambda: office.refresh(tokens),
        lambda: office.accounts.register(names("bob"), HERE),
    ]
    for use in uses:
        storage.reset(before=away)
        with pytest.raises(Unavailable):
            await use()
    storage.reset()
    assert await office.refresh(tokens), "nothing was used up"
