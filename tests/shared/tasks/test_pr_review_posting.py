"""The review on GitHub: once, on lines that are there, and knowing what was said before."""

import asyncio
import json
import re
from typing import Any

import httpx2
import pytest
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from infra.local.github.pulls import Limits
from shared.audit.chain import Actor
from shared.tasks import pr_review
from shared.workflow.messages import StartInput, Step
from tests.github_server import Script
from tests.proxy import Call, StorageProxy
from tests.reviewer import BASE, HEAD, JsonObject, proposed
from tests.shared.conftest import user
from tests.shared.tasks.pull_requests import Desk
from tests.shared.test_processing import order_of, run

PAGE, GUARD, CENTS = "    start = page * 20", "    require_admin(user)", "    return cents"
MARK = re.compile(r"<!-- amida-review-1:\S+ -->")


def change(desk: Desk, **serve: Any) -> str:
    """A pull request; two faults are found in it: a check that went, and a page that is wrong."""
    url = desk.change({"shop/orders.py": BASE}, {"shop/orders.py": HEAD}, **serve)
    desk.reviewer.findings = found(GUARD, PAGE)
    return url


def found(*quotes: str, **more: Any) -> Any:
    """A reviewer who finds these, where they are still there."""
    return lambda diff: [
        proposed(quote, **more) for quote in quotes if re.search(re.escape(quote), diff)
    ]


async def until_posting(desk: Desk, url: str) -> tuple[StartInput, Step]:
    """A ticket whose next step is to post."""
    order = await desk.open(url, post_review=True)
    step = await desk.house.processing.plan(order)
    while step["facts"]["stage"] != "posting":
        for index, item in enumerate(step["items"]):
            await desk.house.processing.work(order, step["facts"], index, item)
        step = await desk.house.processing.combine(order, step["facts"])
    return order, step


class Taken(Response):
    """The stand-in takes the call, and its answer is lost."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._stand_in = desk.github.stand_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def nowhere(_: Message) -> None:
            """Nobody hears it."""

        await self._stand_in(scope, receive, nowhere)
        await Response(status_code=502)(scope, receive, send)


def once(answer: Response, method: str = "POST") -> Script:
    """The first call of that method is answered so, the rest by the stand-in."""
    left = [answer]
    return lambda _, request: left.pop() if left and request.method == method else None


async def test_one_review_is_posted_with_comments_on_lines(desk: Desk) -> None:
    result = await desk.review(change(desk), post_review=True)
    # The pull request, its files, two looks for instructions, and the reviews.
    assert [asked.method for asked in desk.github.asked] == ["GET"] * 5 + ["POST"]
    [review] = desk.reviews()
    guard, page = desk.comments()
    assert desk.posts() == [200]
    assert (review["state"], review["commit_id"]) == ("COMMENTED", result["head_sha"])
    assert (guard["path"], guard["side"], guard["line"]) == ("shop/orders.py", "LEFT", 2)
    assert (page["side"], page["line"], page["start_line"]) == ("RIGHT", 2, None)
    assert result["posted"] == {
        "url": review["html_url"],
        "reason": None,
        "comments": 2,
        "still_open": [],
        "gone": [],
    }
    assert review["body"].startswith("# Review: Request changes")
    assert "## Findings" not in review["body"], "what has a comment is not told twice"
    assert len(MARK.findall(review["body"])) == 1


async def test_nothing_is_posted_unasked(desk: Desk) -> None:
    result = await desk.review(change(desk))
    assert (desk.reviews(), result["posted"]) == ([], None)


async def test_posted_and_then_dead_is_posted_once(desk: Desk, storage: StorageProxy) -> None:
    order, step = await until_posting(desk, change(desk))

    loop = asyncio.get_running_loop()
    working = asyncio.create_task(desk.house.processing.work(order, step["facts"], 0, {}))

    async def die(call: Call) -> Response | None:
        if call.method == "PUT" and call.path.endswith("/2/00000.json"):
            loop.call_soon_threadsafe(working.cancel)
            return Response(status_code=503)
        return None

    storage.reset(before=die)
    with pytest.raises(asyncio.CancelledError):
        await working
    assert len(desk.reviews()) == 1
    storage.reset()

    await desk.house.worker().work(order, step["facts"], 0, {})
    await desk.house.worker().work(order, step["facts"], 0, {})
    done = await desk.house.processing.combine(order, step["facts"])
    await desk.house.processing.finish(order, done)
    assert len(desk.reviews()) == 1
    posted = (await desk.shown(order)).result_data["posted"]
    assert (posted["url"], posted["comments"]) == (desk.reviews()[0]["html_url"], 2)


async def test_an_answer_that_is_lost_is_looked_up_before_posting_again(desk: Desk) -> None:
    order, step = await until_posting(desk, change(desk))
    desk.github.script = once(Taken(desk))
    waited = await desk.house.processing.work(order, step["facts"], 0, {})
    assert waited["kind"] == "wait"
    assert len(desk.reviews()) == 1
    assert (await desk.house.worker().work(order, step["facts"], 0, {}))["kind"] == "outcome"
    assert len(desk.reviews()) == 1


@pytest.mark.parametrize(
    ("answer", "waits", "words"),
    [
        (JSONResponse({}, 503), 4, "out of order"),
        (JSONResponse({}, 429, {"Retry-After": "3000"}), 0, "rate limit"),
        (JSONResponse({"message": "no"}, 403), 0, "may not write reviews"),
        (JSONResponse({"message": "no"}, 422), 0, "refused the review"),
    ],
)
async def test_a_result_is_not_lost_because_it_cannot_be_posted(
    desk: Desk, answer: Response, waits: int, words: str
) -> None:
    order, step = await until_posting(desk, change(desk))
    desk.github.script = lambda _, request: answer if request.method == "POST" else None
    for _ in range(waits):
        worked = await desk.house.processing.work(order, step["facts"], 0, {})
        assert worked["kind"] == "wait"
    assert (await desk.house.processing.work(order, step["facts"], 0, {}))["kind"] == "outcome"
    done = await desk.house.processing.combine(order, step["facts"])
    await desk.house.processing.finish(order, done)
    result = (await desk.shown(order)).result_data
    assert len(result["findings"]) == 2
    assert words in result["posted"]["reason"]
    assert any("was not posted" in warning for warning in result["warnings"])
    assert "was not posted" in result["review_analysis"]


async def test_without_a_token_the_reason_names_the_setting(desk: Desk) -> None:
    url = change(desk)
    desk.use(token="")
    result = await desk.review(url, post_review=True)
    assert "GITHUB_TOKEN" in result["posted"]["reason"]
    assert len(result["findings"]) == 2


async def test_comments_that_are_refused_are_told_in_the_body(desk: Desk) -> None:
    url = change(desk)
    desk.github.script = once(JSONResponse({"message": "Unprocessable Entity"}, 422))
    result = await desk.review(url, post_review=True)
    [review] = desk.reviews()
    assert (desk.comments(), result["posted"]["comments"]) == ([], 0)
    assert GUARD.strip() in review["body"]
    assert PAGE in review["body"]


async def test_a_push_meanwhile_is_no_reason_to_fail(desk: Desk) -> None:
    order, step = await until_posting(desk, change(desk))
    desk.push({"shop/orders.py": HEAD.replace("page * 20", "page * 10")})
    await desk.house.processing.work(order, step["facts"], 0, {})
    [review] = desk.reviews()
    assert review["commit_id"] != desk.history.sha("feature")
    assert 422 not in desk.posts()


async def test_a_later_review_tells_what_is_open_gone_and_new(desk: Desk) -> None:
    url = change(desk)
    await desk.review(url, post_review=True)
    moved = "# Moved down.\n\n\n" + HEAD.replace("page * 20", "(page - 1) * 20")
    desk.push({"shop/orders.py": moved})
    desk.reviewer.findings = found(GUARD, PAGE, CENTS)
    desk.owner = user()
    result = await desk.review(url, post_review=True)

    posted = result["posted"]
    assert [one["title"] for one in posted["still_open"]] == [f"Wrong: {GUARD.strip()}"]
    assert [one["title"] for one in posted["gone"]] == [f"Wrong: {PAGE.strip()}"]
    assert posted["comments"] == 1
    first, second = desk.reviews()
    assert len(desk.comments()) == 3, "what was said before gets no second comment"
    assert CENTS.strip() in desk.comments()[-1]["body"]
    assert "## Since the last review" in second["body"]
    assert "Still open: Wrong: require" in second["body"]
    assert "No longer found: Wrong: start" in second["body"]
    assert "Since the last review" not in first["body"]
    assert "Still open" in result["review_analysis"]

    desk.push({"shop/orders.py": BASE + "\n# Calm.\n"})
    third = await desk.review(url, post_review=True)
    assert [one["title"] for one in third["posted"]["gone"]] == [
        f"Wrong: {GUARD.strip()}",
        f"Wrong: {CENTS.strip()}",
    ], "what was gone before is not told again"
    assert 422 not in desk.posts()


async def test_the_same_of_the_same_head_is_not_said_again(desk: Desk) -> None:
    url = change(desk)
    first = await desk.review(url, post_review=True)
    order = await desk.open(url, post_review=True)
    await run(desk.house.processing, order)
    again = await desk.house.changing.reprocess(desk.owner, order["ticket_id"], Actor())
    await run(desk.house.worker(), order_of(again))
    assert len(desk.reviews()) == 1
    result = (await desk.shown(order)).result_data
    assert result["posted"]["url"] == first["posted"]["url"]
    assert (result["posted"]["comments"], len(result["posted"]["still_open"])) == (0, 2)
    assert len(desk.model.bodies) == 2


async def strangers_write(desk: Desk, body: str) -> None:
    answer = await asyncio.to_thread(
        httpx2.post,
        f"{desk.github.origin}/api/v3/repos/ann/app/pulls/1/reviews",
        json={"body": body, "event": "COMMENT"},
        headers={"Authorization": "Bearer another"},
    )
    assert answer.status_code == 200


async def test_marks_of_strangers_do_not_count(desk: Desk) -> None:
    await desk.review(change(desk, number=2), post_review=True)
    [ours] = desk.reviews(2)
    true = MARK.findall(ours["body"])[0]
    data, signature = re.findall(r":([^: ]+)", true)[-2:]
    url = desk.github.serve(desk.history)
    for forged in (
        true,
        true.replace(signature, signature[::-1]),
        true.replace(data, data[:-8] + "AAAAAAA="),
        true.replace(data, "A" * 30_000),
        "<!-- amida-review-1::" + "0" * 64 + " -->",
    ):
        await strangers_write(desk, f"Nothing to see. {forged}")
    result = await desk.review(url, post_review=True)
    assert result["posted"]["comments"] == 2
    assert result["posted"]["still_open"] == []
    assert len(desk.reviews()) == 6


async def test_very_much_is_cut_to_what_github_takes(desk: Desk) -> None:
    names = [f"{'deep/' * 30}{'é' * 60}{n}.py" for n in range(60)]
    url = desk.change({"a.md": "A\n"}, {name: f"value = {name!r}\n" for name in names})
    texts = {"title": "日本" * 90, "body": "@octocat #1 é" * 150, "severity": "low"}
    desk.reviewer.findings = lambda _: [
        proposed(f"value = {name!r}", path=name, **texts | {"title": f"{n} {texts['title']}"})
        for n, name in enumerate(names)
    ]
    desk.reviewer.summary = "```\n" * 400
    desk.github.script = once(JSONResponse({}, 422))
    result = await desk.review(url, post_review=True)
    [review] = desk.reviews()
    assert len(result["findings"]) == 40
    assert len(review["body"]) <= 65_536
    assert "cut: the whole review is in the result" in review["body"]
    assert "@octocat" not in review["body"]
    assert review["body"].endswith(MARK.findall(review["body"])[0])

    desk.push({"b.py": "b = 1\n"})
    later = await desk.review(url, post_review=True)
    assert later["posted"]["comments"] < 40, "the mark is found again"


async def test_a_suggestion_is_code_to_the_letter(desk: Desk) -> None:
    url = desk.change(
        {"a.py": "x = 1\n"},
        {"a.py": "x = 1\n\n\ndef f():\n    debug()\n    return 1  # see #12\n"},
    )
    better = "@cache\ndef f():\n    # ``` @ann, see #12"
    desk.reviewer.findings = lambda _: [
        proposed(
            "def f():",
            path="a.py",
            body="Ask @ann about #12 and `@cache`.",
            suggestion={"existing": "def f():", "improved": better},
        ),
        proposed("debug()", path="a.py", suggestion={"existing": "    debug()", "improved": ""}),
    ]
    await desk.review(url, post_review=True)
    first, second = desk.comments()
    assert f"````suggestion\n{better}\n````" in first["body"]
    assert "@ann" not in first["body"].partition("````")[0]
    assert "#12" not in first["body"].partition("````")[0]
    assert second["body"].endswith("```suggestion\n```"), "an empty line would take their place"
    assert (second["line"], second["start_line"]) == (5, None)


async def test_what_github_shows_no_diff_of_is_told_in_the_body(desk: Desk) -> None:
    lines = [f"value_{n} = {n}" for n in range(40)]
    head = [line + "  # new" for line in lines]
    url = desk.change(
        {"large.py": "\n".join(lines) + "\n", "small.py": "a = 1\n"},
        {"large.py": "\n".join(head) + "\n", "small.py": "a = 2\n"},
        limits=Limits(patch_lines=20),
    )
    desk.reviewer.findings = lambda _: [
        proposed("value_7 = 7  # new", path="large.py"),
        proposed("a = 2", path="small.py"),
    ]
    result = await desk.review(url, post_review=True)
    assert [(one["file"], one["commentable"]) for one in result["findings"]] == [
        ("large.py", False),
        ("small.py", True),
    ]
    assert [comment["path"] for comment in desk.comments()] == ["small.py"]
    assert "value_7 = 7" in desk.reviews()[0]["body"]
    assert desk.posts() == [200]


async def test_the_payload_is_that_of_the_post(desk: Desk) -> None:
    result = await desk.review(change(desk))
    payload: JsonObject = json.loads(pr_review.render(result, "github-review"))
    assert set(payload) == {"commit_id", "body", "event", "comments"}
    answer = await asyncio.to_thread(
        httpx2.post,
        f"{desk.github.origin}/api/v3/repos/ann/app/pulls/1/reviews",
        json=payload,
        headers={"Authorization": "Bearer any"},
    )
    assert answer.status_code == 200
