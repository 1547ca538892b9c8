"""The review on GitHub: once, on lines that are there, and knowing what was said before."""

import asyncio
import json
import re
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from infra.local.github.pulls import Limits
from infra.local.github.repository import git
from shared.tasks import pr_review
from shared.workflow.messages import StartInput
from tests.support.product.accounts import by
from tests.support.product.app import user
from tests.support.product.workflow import order_of, run
from tests.support.servers.storage_proxy import Call, StorageProxy
from tests.support.tasks.reviewer import BASE, HEAD, JsonObject, diff_of, proposed
from tests.support.tasks.reviews import Reviews, check_placed

PAGE, GUARD, CENTS = "    start = page * 20", "    require_admin(user)", "    return cents"
MARK = re.compile(r"<!-- amida-summary-1:\S+ -->")


def change(reviews: Reviews, **serve: Any) -> str:
    """A pull request; two faults are found in it: a check that went, and a page that is wrong."""
    url = reviews.change({"shop/orders.py": BASE}, {"shop/orders.py": HEAD}, **serve)
    reviews.reviewer.findings = found(GUARD, PAGE)
    return url


def found(*quotes: str, **more: Any) -> Any:
    """A reviewer who finds these, where they are still there."""
    return lambda diff: [
        proposed(quote, **more) for quote in quotes if re.search(re.escape(quote), diff)
    ]


async def until_posting(reviews: Reviews, url: str) -> tuple[StartInput, Any]:
    """A ticket whose next step is to post."""
    order = await reviews.open(url, post_review=True)
    step: Any = await reviews.app.activities.plan(order)
    while step["facts"]["stage"] != "posting":
        for index, item in enumerate(step["items"]):
            await reviews.app.activities.work(order, step["facts"], index, item)
        step = await reviews.app.activities.combine(order, step["facts"])
    return order, step


class Taken(Response):
    """The stand-in takes the call, and its answer is lost."""

    def __init__(self, reviews: Reviews) -> None:
        super().__init__()
        self._stand_in = reviews.github.stand_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def nowhere(_: Message) -> None:
            """Nobody hears it."""

        await self._stand_in(scope, receive, nowhere)
        await Response(status_code=502)(scope, receive, send)


class Refusing(Response):
    """422 for a review with this text; the rest is the stand-in's."""

    def __init__(self, reviews: Reviews, text: bytes) -> None:
        super().__init__()
        self._stand_in, self._text = reviews.github.stand_in, text

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        refusal = JSONResponse({"message": "Unprocessable Entity"}, 422)
        answer = refusal if self._text in body else self._stand_in

        async def again() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await answer(scope, again, send)


async def test_one_comment_tells_the_review_and_one_review_has_the_comments_on_lines(
    reviews: Reviews,
) -> None:
    result = await reviews.review(change(reviews), post_review=True)
    # The pull request, its files, what the base branch has, and what was said. Then what was
    # said, the pull request, reviews of earlier versions, and the comments on lines.
    assert [asked.method for asked in reviews.github.asked] == ["GET"] * 8 + ["POST"] * 2
    [review], [told] = reviews.posted(), reviews.said()
    guard, page = reviews.comments()
    assert reviews.posts() == [200]
    assert (review["state"], review["commit_id"]) == ("COMMENTED", result["head_sha"])
    assert review["body"] == f"2 new findings at `{result['head_sha'][:12]}`."
    assert (guard["path"], guard["side"], guard["line"]) == ("shop/orders.py", "LEFT", 2)
    assert (page["side"], page["line"], page["start_line"]) == ("RIGHT", 2, None)
    assert result["posted"] == {
        "url": told["html_url"],
        "reason": None,
        "comments": 2,
        "head_now": None,
        "still_open": [],
        "gone": [],
    }
    assert told["body"].startswith("# Review: Request changes")
    assert "## Findings" not in told["body"], "what has a comment is not told twice"
    assert len(MARK.findall(told["body"])) == 1


async def test_a_review_that_finds_nothing_is_told_in_a_line_and_no_review(
    reviews: Reviews,
) -> None:
    url = change(reviews)
    reviews.reviewer.findings = found()
    result = await reviews.review(url, post_review=True)
    [told] = reviews.said()
    assert reviews.posted() == []
    shown = MARK.sub("", told["body"])
    assert shown.startswith("**Approve** – nothing was found.")
    assert "#" not in shown
    assert not re.search(r"\b0\b", shown)
    assert not re.search(r": 0\b|Nothing was found", result["review_analysis"])


async def test_nothing_is_posted_unasked(reviews: Reviews) -> None:
    result = await reviews.review(change(reviews))
    assert (reviews.posted(), result["posted"]) == ([], None)


async def settle(reviews: Reviews, order: StartInput, step: Any) -> JsonObject:
    """The ticket's result, after its last step."""
    done: Any = await reviews.app.activities.combine(order, step["facts"])
    await reviews.app.activities.finish(order, done)
    return (await reviews.shown(order)).result_data


async def test_posted_and_then_dead_is_posted_once(reviews: Reviews, storage: StorageProxy) -> None:
    order, step = await until_posting(reviews, change(reviews))

    loop = asyncio.get_running_loop()
    working = asyncio.create_task(reviews.app.activities.work(order, step["facts"], 0, {}))

    async def die(call: Call) -> Response | None:
        if call.method == "PUT" and call.path.endswith("/2/00000.json"):
            loop.call_soon_threadsafe(working.cancel)
            return Response(status_code=503)
        return None

    storage.reset(before=die)
    with pytest.raises(asyncio.CancelledError):
        await working
    assert len(reviews.posted()) == 1
    storage.reset()

    await reviews.app.another().activities.work(order, step["facts"], 0, {})
    await reviews.app.another().activities.work(order, step["facts"], 0, {})
    posted = (await settle(reviews, order, step))["posted"]
    assert (len(reviews.posted()), len(reviews.said()), len(reviews.comments())) == (1, 1, 2)
    assert (posted["url"], posted["comments"]) == (reviews.said()[0]["html_url"], 2)


async def test_whichever_answer_is_lost_everything_is_done_once(reviews: Reviews) -> None:
    """The first run says something of each kind; in the second, each write is taken and its answer
    lost, one after the other."""
    url = change(reviews)
    await reviews.review(url, post_review=True)
    reviews.push({"shop/orders.py": HEAD.replace("page * 20", "(page - 1) * 20")})
    reviews.reviewer.findings = found(GUARD, CENTS)
    order, step = await until_posting(reviews, url)
    lost: list[str] = []

    def lose_each(_: int, request: Request) -> Response | None:
        name = f"{request.method} {request.url.path}"
        if request.method == "GET" or name in lost or len(lost) > 8:
            return None
        lost.append(name)
        return Taken(reviews)

    reviews.github.script = lose_each
    waits = 0
    while (await reviews.app.another().activities.work(order, step["facts"], 0, {}))[
        "kind"
    ] == "wait":
        waits += 1
    assert waits == len(lost) == 3, lost
    result = await settle(reviews, order, step)
    assert (len(reviews.posted()), len(reviews.said()), len(reviews.comments())) == (2, 1, 3)
    assert reviews.resolved() == [False, True, False]
    assert (result["posted"]["comments"], len(result["posted"]["still_open"])) == (1, 1)
    assert [one["title"] for one in result["posted"]["gone"]] == [f"Wrong: {PAGE.strip()}"]


@pytest.mark.parametrize(
    ("answer", "waits", "words"),
    [
        (JSONResponse({}, 503), True, "out of order"),
        (JSONResponse({}, 429, {"Retry-After": "3000"}), False, "rate limit"),
        (JSONResponse({"message": "no"}, 403), False, "may not write reviews"),
        (JSONResponse({"message": "no"}, 422), False, "refused the review"),
    ],
)
async def test_a_result_is_not_lost_because_it_cannot_be_posted(
    reviews: Reviews, answer: Response, waits: bool, words: str
) -> None:
    order, step = await until_posting(reviews, change(reviews))
    reviews.github.script = lambda _, request: answer if request.method == "POST" else None
    if waits:
        worked = await reviews.app.activities.work(order, step["facts"], 0, {})
        assert worked["kind"] == "wait"
        order["spent"] = {"github": 900.0}
    assert (await reviews.app.activities.work(order, step["facts"], 0, {}))["kind"] == "outcome"
    done: Any = await reviews.app.activities.combine(order, step["facts"])
    await reviews.app.activities.finish(order, done)
    result = (await reviews.shown(order)).result_data
    assert len(result["findings"]) == 2
    assert words in result["posted"]["reason"]
    assert any("was not posted" in warning for warning in result["warnings"])
    assert "was not posted" in result["review_analysis"]


async def test_without_a_token_the_reason_names_the_setting(reviews: Reviews) -> None:
    url = change(reviews)
    reviews.use(token="")
    result = await reviews.review(url, post_review=True)
    assert "GITHUB_TOKEN" in result["posted"]["reason"]
    assert len(result["findings"]) == 2


async def test_one_bad_comment_moves_no_other(reviews: Reviews) -> None:
    url = change(reviews)
    reviews.reviewer.findings = found(GUARD, PAGE, CENTS)
    reviews.github.script = lambda _, request: (
        Refusing(reviews, b"admin(user)")
        if request.method == "POST" and request.url.path.endswith("/reviews")
        else None
    )
    result = await reviews.review(url, post_review=True)
    assert len(reviews.comments()) == result["posted"]["comments"] == 2
    [told] = reviews.said()
    assert GUARD.strip() in told["body"]
    assert PAGE.strip() not in MARK.sub("", told["body"]).partition("## Coverage")[0]


async def test_a_push_meanwhile_is_told_and_no_reason_to_fail(reviews: Reviews) -> None:
    order, step = await until_posting(reviews, change(reviews))
    head = reviews.push({"shop/orders.py": HEAD.replace("page * 20", "page * 10")})
    await reviews.app.activities.work(order, step["facts"], 0, {})
    [review] = reviews.posted()
    assert review["commit_id"] != reviews.history.sha("feature")
    assert 422 not in reviews.posts()
    result = await settle(reviews, order, step)
    assert any(f"its head is {head[:12]}" in warning for warning in result["warnings"])
    assert f"its head is {head[:12]}" in reviews.said()[0]["body"]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"closed": True}, "is closed"),
        ({"merged": True}, "is merged already"),
        ({"draft": True}, "is a draft"),
    ],
)
async def test_a_closed_one_is_reviewed_and_not_posted_to_a_draft_is(
    reviews: Reviews, state: JsonObject, words: str
) -> None:
    url = change(reviews, **state)
    result = await reviews.review(url, post_review=True)
    assert len(result["findings"]) == 2
    assert any(words in warning for warning in result["warnings"])
    assert bool(reviews.said()) is bool(result["posted"]["url"]) is ("draft" in state)


async def test_a_later_review_tells_what_is_open_gone_and_new(reviews: Reviews) -> None:
    url = change(reviews)
    await reviews.review(url, post_review=True)
    moved = "# Moved down.\n\n\n" + HEAD.replace("page * 20", "(page - 1) * 20")
    reviews.push({"shop/orders.py": moved})
    reviews.reviewer.findings = found(CENTS, category="performance", severity="low")
    reviews.owner = user()
    result = await reviews.review(url, post_review=True)

    posted = result["posted"]
    assert [one["title"] for one in posted["still_open"]] == [f"Wrong: {GUARD.strip()}"]
    assert [one["title"] for one in posted["gone"]] == [f"Wrong: {PAGE.strip()}"]
    assert posted["comments"] == 1
    assert result["verdict"] == "request_changes", "what was found before counts"
    assert len(reviews.comments()) == 3, "what was said before gets no second comment"
    assert CENTS.strip() in reviews.comments()[-1]["body"]
    assert reviews.resolved() == [False, True, False]
    [told] = reviews.said()
    assert "Still open: Wrong: require" in told["body"]
    assert "No longer found: Wrong: start" in told["body"]
    assert "Still open" in result["review_analysis"]

    reviews.push({"shop/orders.py": BASE + "\n# Calm.\n"})
    third = await reviews.review(url, post_review=True)
    assert [one["title"] for one in third["posted"]["gone"]] == [
        f"Wrong: {GUARD.strip()}",
        f"Wrong: {CENTS.strip()}",
    ], "what was gone before is not told again"
    assert len(reviews.posted()) == 2, "nothing new is no review"
    assert reviews.resolved() == [True] * 3

    reviews.push({"shop/orders.py": HEAD})
    reviews.reviewer.findings = found(PAGE)
    fourth = await reviews.review(url, post_review=True)
    assert (fourth["posted"]["comments"], len(reviews.comments())) == (1, 4), "it is back"
    assert len(reviews.said()) == 1
    assert 422 not in reviews.posts()


async def test_a_push_is_read_for_what_changed(reviews: Reviews) -> None:
    other = "".join(f"value_{n} = {n}\n" for n in range(60))
    reviews.history.commit({"shop/orders.py": BASE, "shop/values.py": other})
    reviews.history.branch("feature")
    head = other.replace("value_5 = 5", "value_5 = 50").replace("value_50 = 50", "value_50 = 500")
    reviews.push({"shop/orders.py": HEAD, "shop/values.py": head})
    url = reviews.github.serve(reviews.history)
    reviews.reviewer.findings = found(GUARD, PAGE, "value_50 = 500")
    await reviews.review(url, post_review=True)

    reviews.model.bodies.clear()
    pushed = "# Values.\n" + head.replace("value_50 = 500", "value_50 = 501")
    reviews.push({"shop/values.py": pushed})
    reviews.reviewer.findings = found("value_50 = 501", category="docs", severity="low")
    result = await reviews.review(url, post_review=True)
    read = diff_of(reviews.model.bodies[0])
    assert "value_50 = 501" in read
    assert "orders.py" not in read
    assert result["coverage"]["since"]
    assert set(result["coverage"]["reviewed"]) == {"shop/orders.py", "shop/values.py"}
    assert [one["file"] for one in result["findings"]] == ["shop/orders.py"] * 2 + [
        "shop/values.py"
    ]
    for finding in result["findings"]:
        check_placed(finding, reviews.diffs())
    assert result["verdict"] == "request_changes"

    reviews.model.bodies.clear()
    again = await reviews.review(url, post_review=True)
    assert reviews.model.bodies == []
    assert again["findings"] == result["findings"]
    assert len(reviews.said()) == 1


async def test_after_a_forced_push_everything_is_read_again(reviews: Reviews) -> None:
    url = change(reviews)
    await reviews.review(url, post_review=True)
    reviews.history.amend({"shop/orders.py": "# New.\n" + HEAD})
    reviews.reviewer.findings = found(GUARD, category="security", title="Anybody may")
    reviews.model.bodies.clear()
    result = await reviews.review(url, post_review=True)
    assert PAGE in diff_of(reviews.model.bodies[0])
    assert result["coverage"]["since"] is None
    assert len(result["posted"]["still_open"]) == 2, "the second look upholds what is still there"
    assert {one["line"] for one in result["posted"]["still_open"]} == {2, 3}
    assert len(reviews.comments()) == 2
    assert result["posted"]["gone"] == []


async def test_after_the_base_branch_moved_back_everything_is_read_again(reviews: Reviews) -> None:
    history, folder = reviews.history, reviews.history.folder
    history.commit({"shop/orders.py": BASE})
    history.commit({"shop/tax.py": "RATE = 19\n"})
    history.branch("feature")
    reviews.push({"shop/orders.py": HEAD})
    url = reviews.github.serve(history)
    await reviews.review(url, post_review=True)
    history.go("main")
    history.commit({"other.py": "a = 1\n"})
    history.go("feature")
    reviews.model.bodies.clear()
    result = await reviews.review(url, post_review=True)
    assert result["coverage"]["since"], "that the branch went on changes nothing"
    assert reviews.model.bodies == []
    git(folder, "branch", "--force", "main", "main~2")
    result = await reviews.review(url, post_review=True)
    assert result["coverage"]["since"] is None
    assert set(result["coverage"]["reviewed"]) == {"shop/orders.py", "shop/tax.py"}
    assert "RATE = 19" in diff_of(reviews.model.bodies[0])
    assert len(reviews.said()) == 1


async def test_where_threads_cannot_be_resolved_a_reply_says_that_it_is_fixed(
    reviews: Reviews,
) -> None:
    url = change(reviews)
    await reviews.review(url, post_review=True)
    reviews.github.script = lambda _, request: (
        JSONResponse({"errors": [{"type": "FORBIDDEN"}]}) if "graphql" in request.url.path else None
    )
    for text in (BASE + "# 1\n", BASE + "# 2\n"):
        reviews.push({"shop/orders.py": text})
        reviews.reviewer.findings = found()
        await reviews.review(url, post_review=True)
    replies = [one for one in reviews.comments() if one.get("in_reply_to_id")]
    assert [one["in_reply_to_id"] for one in replies] == [1, 2]
    assert all(one["body"].startswith("Fixed at") for one in replies)


async def test_the_same_of_the_same_head_is_not_said_again(reviews: Reviews) -> None:
    url = change(reviews)
    first = await reviews.review(url, post_review=True)
    order = await reviews.open(url, post_review=True)
    await run(reviews.app.activities, order)
    again = await reviews.app.ticket_service.reprocess(by(reviews.owner), order["ticket_id"])
    await run(reviews.app.another().activities, order_of(again))
    assert (len(reviews.posted()), len(reviews.said())) == (1, 1)
    result = (await reviews.shown(order)).result_data
    assert result["posted"]["url"] == first["posted"]["url"]
    assert (result["posted"]["comments"], len(result["posted"]["still_open"])) == (0, 2)
    assert len(reviews.model.bodies) == 2


async def strangers_write(reviews: Reviews, body: str) -> None:
    answer = await asyncio.to_thread(
        httpx2.post,
        f"{reviews.github.origin}/api/v3/repos/ann/app/issues/1/comments",
        json={"body": body},
        headers={"Authorization": "Bearer another"},
    )
    assert answer.status_code == 201


async def test_marks_of_strangers_do_not_count(reviews: Reviews) -> None:
    await reviews.review(change(reviews, number=2), post_review=True)
    [ours] = reviews.said(2)
    true = MARK.findall(ours["body"])[0]
    data, signature = re.findall(r":([^: ]+)", true)[-2:]
    url = reviews.github.serve(reviews.history)
    for forged in (
        true,
        true.replace(signature, signature[::-1]),
        true.replace(data, data[:-8] + "AAAAAAA="),
        true.replace(data, "A" * 30_000),
        "<!-- amida-summary-1::" + "0" * 64 + " -->",
    ):
        await strangers_write(reviews, f"Nothing to see. {forged}")
    result = await reviews.review(url, post_review=True)
    assert result["posted"]["comments"] == 2
    assert result["posted"]["still_open"] == []
    assert len(reviews.said()) == 6


async def test_very_much_is_cut_to_what_github_takes(reviews: Reviews) -> None:
    names = [f"{'deep/' * 30}{'é' * 60}{n}.py" for n in range(60)]
    url = reviews.change({"a.md": "A\n"}, {name: f"value = {name!r}\n" for name in names})
    texts = {"title": "日本" * 90, "body": "@octocat #1 é" * 150, "severity": "low"}
    reviews.reviewer.findings = lambda _: [
        proposed(f"value = {name!r}", path=name, **texts | {"title": f"{n} {texts['title']}"})
        for n, name in enumerate(names)
    ]
    reviews.reviewer.summary = "```\n" * 400
    result = await reviews.review(url, post_review=True)
    [told] = reviews.said()
    assert len(result["findings"]) == 60
    assert result["posted"]["comments"] == 40
    assert len(told["body"]) <= 65_536
    assert "@octocat" not in told["body"]
    assert told["body"].endswith(MARK.findall(told["body"])[0])

    reviews.push({"b.py": "b = 1\n"})
    later = await reviews.review(url, post_review=True)
    assert later["posted"]["comments"] < 40, "the mark is found again"


async def test_a_suggestion_is_code_to_the_letter(reviews: Reviews) -> None:
    url = reviews.change(
        {"a.py": "from functools import cache\n"},
        {
            "a.py": "from functools import cache\n\n\n"
            "def f():\n    debug()\n    return 1  # see #12\n"
        },
    )
    better = "@cache\ndef f():\n    # ``` @ann, see #12"
    reviews.reviewer.findings = lambda _: [
        proposed(
            "def f():",
            path="a.py",
            body="Ask @ann about #12 and `@cache`.",
            suggestion={"existing": "def f():", "improved": better},
        ),
        proposed("debug()", path="a.py", suggestion={"existing": "    debug()", "improved": ""}),
    ]
    await reviews.review(url, post_review=True)
    first, second = reviews.comments()
    assert f"````suggestion\n{better}\n````" in first["body"]
    assert "@ann" not in first["body"].partition("````")[0]
    assert "#12" not in first["body"].partition("````")[0]
    assert "```suggestion\n```\n\n<!--" in second["body"], "an empty line would take their place"
    assert (second["line"], second["start_line"]) == (5, None)


async def test_what_github_shows_no_diff_of_is_told_in_the_body(reviews: Reviews) -> None:
    lines = [f"value_{n} = {n}" for n in range(40)]
    head = [line + "  # new" for line in lines]
    url = reviews.change(
        {"large.py": "\n".join(lines) + "\n", "small.py": "a = 1\n"},
        {"large.py": "\n".join(head) + "\n", "small.py": "a = 2\n"},
        limits=Limits(patch_lines=20),
    )
    reviews.reviewer.findings = lambda _: [
        proposed("value_7 = 7  # new", path="large.py"),
        proposed("a = 2", path="small.py"),
    ]
    result = await reviews.review(url, post_review=True)
    assert [(one["file"], one["commentable"]) for one in result["findings"]] == [
        ("large.py", False),
        ("small.py", True),
    ]
    assert [comment["path"] for comment in reviews.comments()] == ["small.py"]
    assert "value_7 = 7" in reviews.said()[0]["body"]
    assert reviews.posts() == [200]


async def test_the_payload_is_that_of_the_post(reviews: Reviews) -> None:
    result = await reviews.review(change(reviews))
    payload: JsonObject = json.loads(pr_review.task_type.render(result, "github-review"))
    assert set(payload) == {"commit_id", "body", "event", "comments"}
    answer = await asyncio.to_thread(
        httpx2.post,
        f"{reviews.github.origin}/api/v3/repos/ann/app/pulls/1/reviews",
        json=payload,
        headers={"Authorization": "Bearer any"},
    )
    assert answer.status_code == 200
