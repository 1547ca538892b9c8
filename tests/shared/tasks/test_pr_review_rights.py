"""Who may have what reviewed and posted: what one may not read is not there."""

import json

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from shared.errors import Forbidden
from shared.models import Role, TicketChanges, UserChanges
from shared.workflow.messages import StartInput
from tests.support.product.accounts import AccountsUnderTest, by, names
from tests.support.product.app import user
from tests.support.product.workflow import order_of, run
from tests.support.servers.github import TOKEN, Script
from tests.support.tasks.reviewer import BASE, HEAD, JsonObject
from tests.support.tasks.reviews import Reviews

SHOP = ({"shop/orders.py": BASE}, {"shop/orders.py": HEAD})
SECRET = "Buy the competitor"
EVERYTHING = '{"user": ["*/*"]}'
NOTHING = '{"user": []}'


def private(reviews: Reviews) -> str:
    """A pull request that only the app's token sees."""
    return reviews.change(*SHOP, title=SECRET, body=SECRET, token=TOKEN)


async def fail(reviews: Reviews, order: StartInput) -> str:
    """Run a ticket that fails, and why it does."""
    end = await run(reviews.app.activities, order)
    assert end["kind"] == "failure", end
    await reviews.app.activities.fail(order, end["reason"], end["cause"])
    return str(end["reason"])


async def failed(reviews: Reviews, url: str) -> JsonObject:
    """A ticket that failed, without what is its own."""
    order = await reviews.open(url)
    await fail(reviews, order)
    ticket = (await reviews.shown(order)).model_dump(mode="json")
    own = {
        "id",
        "task_data",
        "processing_time_seconds",
        *(name for name in ticket if "_at" in name),
    }
    return {name: value for name, value in ticket.items() if name not in own} | {
        "processing_logs": [
            line.split(" ", 1)[1] for line in ticket["processing_logs"].splitlines()
        ]
    }


def telling(reviews: Reviews, repository: JsonObject | None) -> Script:
    """A GitHub that says this of the base's repository."""
    pull = httpx2.get(f"{reviews.github.origin}/api/v3/repos/ann/app/pulls/1").json()
    pull["base"]["repo"] = repository and {**pull["base"]["repo"], **repository}

    def script(_: int, request: Request) -> Response | None:
        return JSONResponse(pull) if request.url.path.endswith("/pulls/1") else None

    return script


async def test_what_one_may_not_read_fails_as_what_is_not_there(reviews: Reviews) -> None:
    url = private(reviews)
    hidden = await failed(reviews, url)
    assert [asked.path for asked in reviews.github.asked] == ["/api/v3/repos/ann/app/pulls/1"]
    assert reviews.model.bodies == []
    absent = await failed(reviews, url.replace("pull/1", "pull/2"))
    assert "There is no such pull request" in hidden["error_message"]
    assert hidden == absent
    container = reviews.app.container
    stored = [await container.read(name) or b"" for name in await container.names("")]
    assert all(SECRET.encode() not in content for content in stored)


@pytest.mark.parametrize(
    ("said", "may"),
    [
        ({"private": False, "visibility": "public"}, True),
        ({"private": False, "visibility": None}, True),
        ({"private": True, "visibility": "internal"}, False),
        ({"private": True, "visibility": None}, False),
        ({"private": True, "visibility": "public"}, False),
        ({"private": False, "visibility": "private"}, False),
        (None, False),
    ],
)
async def test_public_is_what_is_so_in_every_word(
    reviews: Reviews, said: JsonObject | None, may: bool
) -> None:
    url = reviews.change(*SHOP)
    reviews.github.script = telling(reviews, said)
    if may:
        await reviews.review(url)
    else:
        assert "no such pull request" in await reviews.failure(url)


@pytest.mark.parametrize("status", [403, 404, 410, 451])
async def test_only_who_may_read_it_is_told_why_github_refuses(
    reviews: Reviews, status: int
) -> None:
    url = private(reviews)
    reviews.github.script = lambda *_: JSONResponse({"message": SECRET}, status)
    reason = await reviews.failure(url)
    assert "no such pull request" in reason
    assert "HTTP 404" in reason
    reviews.use(REVIEW_REPOSITORIES=EVERYTHING)
    assert f"HTTP {status}" in await reviews.failure(url)


@pytest.mark.parametrize(
    ("patterns", "may"),
    [
        (["ann/app"], True),
        (["Ann/*"], True),
        (["*/a?p"], True),
        (["ann/ap"], False),
        (["an/app", "*/shop"], False),
        ([], False),
    ],
)
async def test_a_setting_names_what_a_role_may_read(
    reviews: Reviews, patterns: list[str], may: bool
) -> None:
    url = private(reviews)
    grants = {"user": patterns, "manager": ["*/*"], "Sales": ["*/*"]}
    reviews.use(REVIEW_REPOSITORIES=json.dumps(grants if patterns else {"manager": ["*/*"]}))
    if may:
        assert (await reviews.review(url))["pr_url"] == url
    else:
        assert "no such pull request" in await reviews.failure(url)


async def test_a_department_counts_if_an_administrator_gave_it(
    reviews: Reviews, accounts: AccountsUnderTest
) -> None:
    url = private(reviews)
    reviews.use(REVIEW_REPOSITORIES='{"Ships": ["ann/*"]}')
    await accounts.boss()
    reviews.owner = await accounts.register(names("mallory", department="Ships"))
    assert "no such pull request" in await reviews.failure(url)
    given = UserChanges.model_validate({"department": "Ships"})
    boss, mallory = by(await accounts.boss()), reviews.owner.id
    await accounts.administration.change(boss, mallory, given)
    await reviews.review(url)
    kept = await accounts.hire("ann", department="Ships")
    assert kept.given_department == "Ships"


async def test_a_renamed_repository_counts_by_its_present_name(reviews: Reviews) -> None:
    url = private(reviews)
    here = f"{reviews.github.origin}/api/v3/repos/ann"

    def renamed(_: int, request: Request) -> Response | None:
        if "/ann/old/" not in request.url.path:
            return None
        return RedirectResponse(f"{here}/app/{request.url.path.rpartition('/ann/old/')[2]}", 301)

    reviews.github.script = renamed
    reviews.use(REVIEW_REPOSITORIES='{"user": ["ann/old"]}')
    assert "no such pull request" in await reviews.failure(url.replace("/app/", "/old/"))
    reviews.use(REVIEW_REPOSITORIES='{"user": ["ann/app"]}')
    reviews.github.asked.clear()
    await reviews.review(url.replace("/app/", "/old/"))
    old = [asked.path for asked in reviews.github.asked if "/old/" in asked.path]
    assert len(old) == 1, "all that follows goes by the name that was judged"


async def test_who_may_nothing_opens_changes_and_repeats_no_ticket(reviews: Reviews) -> None:
    url = reviews.change(*SHOP)
    order = await reviews.open(url)
    before = reviews.app
    reviews.use(REVIEW_REPOSITORIES=NOTHING)
    with pytest.raises(Forbidden, match="REVIEW_REPOSITORIES"):
        await reviews.open(url)
    owner, service = by(reviews.owner), reviews.app.ticket_service
    changes = TicketChanges.model_validate({"task_data": {"pr_url": url, "post_review": True}})
    with pytest.raises(Forbidden):
        await service.edit(owner, order["ticket_id"], changes, lambda _: None)
    await run(before.activities, order)
    with pytest.raises(Forbidden):
        await service.reprocess(owner, order["ticket_id"])


async def test_rights_are_looked_at_in_each_attempt(reviews: Reviews) -> None:
    url = private(reviews)
    reviews.use(REVIEW_REPOSITORIES=EVERYTHING)
    order = await reviews.open(url)
    assert (await run(reviews.app.activities, order))["kind"] == "done"
    reviews.use(REVIEW_REPOSITORIES="{}")
    again = await reviews.app.ticket_service.reprocess(by(reviews.owner), order["ticket_id"])
    reviews.github.asked.clear()
    assert "no such pull request" in await fail(reviews, order_of(again))
    assert len(reviews.github.asked) == 1


async def test_an_admin_lends_nobody_their_rights(reviews: Reviews) -> None:
    """Whose ticket it is reads the result."""
    url = private(reviews)
    reviews.use(REVIEW_REPOSITORIES='{"admin": ["*/*"]}')
    order = await reviews.open(url)
    await fail(reviews, order)
    admin = by(user(Role.ADMIN))
    again = await reviews.app.ticket_service.reprocess(admin, order["ticket_id"])
    assert "no such pull request" in await fail(reviews, order_of(again))


async def test_posting_is_a_right_of_its_own(reviews: Reviews) -> None:
    url = reviews.change(*SHOP)
    reviews.use(REVIEW_POSTING_REPOSITORIES='{"user": ["ann/other"]}')
    result = await reviews.review(url, post_review=True)
    assert "You may not post reviews to ann/app" in result["posted"]["reason"]
    assert any("REVIEW_POSTING_REPOSITORIES" in warning for warning in result["warnings"])
    assert reviews.posts() == []
    reviews.use(REVIEW_POSTING_REPOSITORIES="{}", REVIEW_REPOSITORIES=EVERYTHING)
    await reviews.review(url)
    with pytest.raises(Forbidden, match="REVIEW_POSTING_REPOSITORIES"):
        await reviews.open(url, post_review=True)
