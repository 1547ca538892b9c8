"""The GitHub client against a real HTTP server that behaves, or does not."""

import asyncio
import gzip
import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from shared.clients.etag_cache import EtagCache
from shared.clients.github.client import GitHubClient
from shared.clients.github.models import Pull, PullRef, PullState, ReviewComment, ReviewPayload
from shared.errors import PermanentFailure, RetryLater, StepError
from shared.models import Side
from shared.settings.github import GitHubSettings
from tests.support.ports import find_free_port
from tests.support.servers.github import PULL, SHA, TOKEN, GitHubServer

REF = PullRef(owner="ann", repo="app", number=1)
REVIEW = {"id": 7, "state": "COMMENTED", "html_url": "https://github.com/ann/app/pull/1#r7"}
PAYLOAD = ReviewPayload(commit_id=SHA, body="<!-- marker -->")
CANARY = "canary-words"
PATH = "/api/v3/repos/ann/app/pulls/1"

Ask = Callable[[GitHubClient], Awaitable[object]]


def always(*answers: Response) -> Callable[[int, Request], Response]:
    return lambda number, _: answers[min(number, len(answers)) - 1]


def refusal(status: int, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return JSONResponse({"message": CANARY, "errors": [CANARY]}, status, headers=named)


async def failed(github: GitHubServer, ask: Ask, **options: Any) -> StepError:
    with pytest.raises(StepError) as error:
        await ask(github.client(**options))
    assert CANARY not in str(error.value)
    assert TOKEN not in str(error.value)
    return error.value


def get_pull(client: GitHubClient) -> Awaitable[object]:
    return client.pull(REF)


def post(client: GitHubClient) -> Awaitable[object]:
    return client.post_review(REF, PAYLOAD)


async def get_files(client: GitHubClient, ref: PullRef) -> object:
    return await client.files(ref, await client.pull(ref))


async def test_a_pull_request_as_github_tells_it(github: GitHubServer) -> None:
    github.reset(always(JSONResponse(PULL)))

    pull = await github.client().pull(REF)

    assert (pull.title, pull.body, pull.state, pull.merged, pull.draft, pull.user) == (
        *("A change", "", PullState.CLOSED, True, False, "ann"),
    )
    assert pull.base.repo is not None
    assert (pull.base.repo.full_name, pull.head.repo, pull.head.sha) == ("ann/app", None, SHA)
    assert Pull.model_validate(pull.model_dump(mode="json")) == pull
    [asked] = github.asked
    assert asked.path == PATH
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["user-agent"] == "amida-ticket-orchestrator"


async def test_a_deleted_account_is_nobody(github: GitHubServer) -> None:
    github.reset(always(JSONResponse(PULL | {"user": None})))
    assert (await github.client().pull(REF)).user is None


@pytest.mark.parametrize(
    ("status", "token", "words"),
    [
        (401, TOKEN, "check GITHUB_TOKEN"),
        (401, "", "set GITHUB_TOKEN"),
        (403, TOKEN, "no access"),
        (404, TOKEN, "may not see it"),
        (404, "", "GITHUB_TOKEN is needed"),
        (410, TOKEN, "no longer available"),
        (451, TOKEN, "no longer available"),
        (400, TOKEN, "HTTP 400"),
        (304, TOKEN, "HTTP 304"),
        (422, TOKEN, "HTTP 422"),
    ],
)
async def test_refusals_are_final_and_say_what_to_do(
    github: GitHubServer, status: int, token: str, words: str
) -> None:
    github.reset(always(Response(status_code=304) if status == 304 else refusal(status)))
    error = await failed(github, get_pull, token=token)
    assert isinstance(error, PermanentFailure)
    assert words in error.reason
    assert len(github.asked) == 1
    assert ("authorization" in github.asked[0].headers) == bool(token)


@pytest.mark.parametrize(
    ("answer", "least", "most"),
    [
        (refusal(429, retry_after="17"), 17, 17),
        (refusal(403, retry_after="17", x_ratelimit_remaining="0"), 17, 17),
        (refusal(429, x_ratelimit_remaining="0", x_ratelimit_reset="1"), 1, 1),
        (refusal(429, x_ratelimit_remaining="0", x_ratelimit_reset="9" * 12), 3600, 3600),
        (refusal(403, x_ratelimit_remaining="0", x_ratelimit_reset="soon"), 60, 60),
        (refusal(429), 60, 60),
        (refusal(429, x_ratelimit_remaining="4999"), 60, 60),
        (JSONResponse({"message": "You have exceeded a secondary Rate Limit."}, 403), 60, 60),
        (refusal(503, retry_after="9"), 9, 9),
        (refusal(500), None, None),
        (refusal(408), None, None),
    ],
)
async def test_limits_and_faults_say_how_long_to_wait(
    github: GitHubServer, answer: Response, least: float | None, most: float | None
) -> None:
    github.reset(always(answer))
    error = await failed(github, get_pull)
    assert isinstance(error, RetryLater)
    if least is None or most is None:
        assert error.seconds is None
    else:
        assert error.seconds is not None
        assert least <= error.seconds <= most
    assert len(github.asked) == 1


async def test_a_limit_that_is_used_up_says_until_when(github: GitHubServer) -> None:
    reset = f"{time.time() + 900:.0f}"
    github.reset(always(refusal(403, x_ratelimit_remaining="0", x_ratelimit_reset=reset)))
    error = await failed(github, get_pull)
    assert isinstance(error, RetryLater)
    assert error.seconds is not None
    assert 840 <= error.seconds <= 902


@pytest.mark.parametrize(
    "answer",
    [
        Response(CANARY, media_type="application/json"),
        HTMLResponse(f"<html>{CANARY}"),
        Response(b""),
        Response(b"\xff\xfe"),
        JSONResponse([]),
        JSONResponse(None),
        JSONResponse({"title": CANARY}),
        JSONResponse(PULL | {"head": {"sha": "../../x", "ref": "x"}}),
        JSONResponse(PULL | {"changed_files": -1}),
        JSONResponse(PULL | {"state": CANARY}),
        JSONResponse(PULL | {"html_url": "javascript:alert(1)"}),
        Response(b'{"title": "a", "title": "b"}'),
        Response(b"[" * 100_000),
        Response(b'{"changed_files": NaN}'),
    ],
)
async def test_what_is_no_pull_request_is_told_as_such(
    github: GitHubServer, answer: Response
) -> None:
    github.reset(always(answer))
    error = await failed(github, get_pull)
    assert isinstance(error, PermanentFailure)
    assert "GITHUB_API_URL" in error.reason


async def test_redirects_within_the_api_are_followed(github: GitHubServer) -> None:
    moved = "/api/v3/repositories/5/pulls/1"
    answers = {301: moved, 302: f"{github.origin}{moved}", 307: moved, 308: moved}
    for status, location in answers.items():
        github.reset(always(RedirectResponse(location, status), JSONResponse(PULL)))
        assert (await github.client().pull(REF)).title == "A change"
        assert [asked.path for asked in github.asked] == [PATH, moved]

    github.reset(always(RedirectResponse(f"{moved}/reviews", 307), JSONResponse(REVIEW)))
    assert (await github.client().post_review(REF, PAYLOAD)).id == 7
    assert [asked.method for asked in github.asked] == ["POST", "POST"]


@pytest.mark.parametrize(
    ("status", "location", "ask"),
    [
        (301, "https://evil.example/api/v3/x", get_pull),
        (301, "//evil.example/api/v3/x", get_pull),
        (301, "http://127.0.0.1/api/v3/x", get_pull),
        (301, "http://169.254.169.254/latest/meta-data", get_pull),
        (302, "/login", get_pull),
        (302, "file:///etc/passwd", get_pull),
        (302, "/api/v3/é", get_pull),
        (302, "", get_pull),
        (303, "/api/v3/x", get_pull),
        (301, PATH, post),
        (302, PATH, post),
    ],
)
async def test_redirects_to_elsewhere_are_not_followed(
    github: GitHubServer, status: int, location: str, ask: Ask
) -> None:
    github.reset(always(Response(status_code=status, headers={"location": location})))
    assert isinstance(await failed(github, ask), PermanentFailure)
    assert len(github.asked) == 1


async def test_redirects_without_end_are_not_followed(github: GitHubServer) -> None:
    github.reset(always(RedirectResponse(PATH, 301)))
    assert isinstance(await failed(github, get_pull), PermanentFailure)
    assert len(github.asked) == 1 + 3


async def endless(piece: bytes) -> AsyncIterator[bytes]:
    while True:
        yield piece
        await asyncio.sleep(0)


def zeros_in(packings: int) -> bytes:
    body = b" " * (40 * 1024 * 1024)
    for _ in range(packings):
        body = gzip.compress(body)
    return body


@pytest.mark.parametrize("packings", [0, 1])
async def test_a_body_without_end_is_cut_off(github: GitHubServer, packings: int) -> None:
    piece = b" " * 1_000_000
    headers = {"content-encoding": "gzip"} if packings else {}
    answer = (
        Response(zeros_in(1), headers=headers) if packings else StreamingResponse(endless(piece))
    )
    github.reset(always(answer))
    error = await failed(github, get_pull)
    assert isinstance(error, PermanentFailure)
    assert "larger" in error.reason


@pytest.mark.parametrize("packing", ["gzip, gzip", "br", "deflate", "zstd", "x"])
async def test_only_the_packing_that_was_asked_for_is_unpacked(
    github: GitHubServer, packing: str
) -> None:
    github.reset(always(Response(zeros_in(2), headers={"content-encoding": packing})))
    error = await failed(github, get_pull)
    assert isinstance(error, PermanentFailure)
    assert "packing" in error.reason
    assert github.asked[0].headers["accept-encoding"] == "gzip"


async def test_a_packed_answer_is_read(github: GitHubServer) -> None:
    body = gzip.compress(json.dumps(PULL).encode())
    github.reset(always(Response(body, headers={"content-encoding": "gzip"})))
    assert (await github.client().pull(REF)).title == "A change"


async def slow() -> AsyncIterator[bytes]:
    for _ in range(200):
        yield b" "
        await asyncio.sleep(0.05)


async def broken() -> AsyncIterator[bytes]:
    yield b"{"
    raise ConnectionResetError


async def test_a_slow_body_ends_with_the_time_of_the_whole_call(github: GitHubServer) -> None:
    github.reset(always(StreamingResponse(slow())))
    error = await failed(github, get_pull, timeout=0.3)
    assert isinstance(error, RetryLater)
    assert "within 0.3 seconds" in error.reason


@pytest.mark.parametrize("ask", [GitHubClient.reviews, get_files])
async def test_many_slow_calls_end_with_their_time_in_all(
    github: GitHubServer, ask: Callable[..., Awaitable[object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.clients.github.client._LISTING_SECONDS", 0.2)
    pull = JSONResponse(PULL | {"changed_files": 1})
    github.reset(lambda _, asked: StreamingResponse(slow()) if asked.url.query else pull)
    error = await failed(github, lambda client: ask(client, REF))
    assert isinstance(error, RetryLater)
    assert "within 0.2 seconds" in error.reason


@pytest.mark.parametrize(
    "answer",
    [
        lambda: StreamingResponse(broken()),
        lambda: Response(b"no gzip", headers={"content-encoding": "gzip"}),
    ],
)
async def test_an_answer_that_breaks_off_is_worth_another_try(
    github: GitHubServer, answer: Callable[[], Response]
) -> None:
    github.reset(always(answer()))
    assert isinstance(await failed(github, get_pull), RetryLater)


async def test_nobody_there_is_worth_another_try() -> None:
    port = find_free_port()
    with pytest.raises(RetryLater, match="cannot be reached"):
        await GitHubClient(GitHubSettings(api_url=f"http://127.0.0.1:{port}/api/v3")).pull(REF)


async def test_an_answer_that_has_not_changed_is_not_sent_again(github: GitHubServer) -> None:
    def script(_: int, request: Request) -> Response:
        if request.headers.get("if-none-match") == '"1"':
            return Response(status_code=304)
        return JSONResponse(PULL, headers={"etag": '"1"'})

    github.reset(script)
    client = github.client()
    assert await client.pull(REF) == await client.pull(REF)
    await github.client(token="another").pull(REF)
    assert [asked.headers.get("if-none-match") for asked in github.asked] == [None, '"1"', None]


async def test_a_changed_answer_takes_the_place_of_the_old_one(github: GitHubServer) -> None:
    def script(number: int, _: Request) -> Response:
        return JSONResponse(PULL | {"title": str(number)}, headers={"etag": f'"{number}"'})

    github.reset(script)
    client = github.client()
    assert [(await client.pull(REF)).title for _ in range(3)] == ["1", "2", "3"]
    assert [asked.headers.get("if-none-match") for asked in github.asked] == [None, '"1"', '"2"']


def test_what_is_kept_is_bounded_and_the_least_used_goes_first() -> None:
    cache = EtagCache(max_bytes=40)
    for key in "abcd":
        cache.keep(key, "1", b"x" * 10)
    assert cache.get("a") is not None
    cache.keep("e", "1", b"x" * 10)
    cache.keep("large", "1", b"x" * 11)
    cache.keep("without", None, b"x")
    assert [key for key in [*"abcde", "large", "without"] if cache.get(key)] == [*"acde"]
    cache.keep("a", "2", b"y")
    kept = cache.get("a")
    assert kept is not None
    assert (kept.etag, kept.body) == ("2", b"y")
    cache.keep("f", "1", b"x" * 9)
    assert all(cache.get(key) for key in "acdef")


async def test_a_review_is_posted_as_github_wants_it(github: GitHubServer) -> None:
    bodies = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bodies.append(await Request(scope, receive).json())
        await JSONResponse(REVIEW | {"body": "<!-- marker -->"})(scope, receive, send)

    github.reset(stand_in=app)
    one = ReviewComment(path="a", body="x", line=3)
    two = ReviewComment(
        path="é", body="y", line=3, side=Side.LEFT, start_line=1, start_side=Side.LEFT
    )
    payload = PAYLOAD.model_copy(update={"comments": [one, two]})

    posted = await github.client().post_review(REF, payload)

    assert (posted.id, posted.html_url) == (7, REVIEW["html_url"])
    second = {"path": "é", "body": "y", "line": 3, "side": "LEFT"}
    assert bodies == [
        {
            "commit_id": SHA,
            "body": "<!-- marker -->",
            "event": "COMMENT",
            "comments": [
                {"path": "a", "body": "x", "line": 3, "side": "RIGHT"},
                second | {"start_line": 1, "start_side": "LEFT"},
            ],
        }
    ]
    assert (github.asked[0].method, github.asked[0].path) == ("POST", f"{PATH}/reviews")


@pytest.mark.parametrize(
    ("status", "words"),
    [(422, "not on a line of the diff"), (403, "write reviews"), (404, "no such pull request")],
)
async def test_a_refused_review_says_why_in_general(
    github: GitHubServer, status: int, words: str
) -> None:
    github.reset(always(refusal(status)))
    error = await failed(github, post)
    assert isinstance(error, PermanentFailure)
    assert words in error.reason


@pytest.mark.parametrize(
    "answer",
    [
        lambda: StreamingResponse(broken()),
        lambda: Response(b"<html>"),
        lambda: JSONResponse({"id": 7}),
        lambda: Response(b" " * 33 * 1024 * 1024),
    ],
)
async def test_a_review_that_may_have_arrived_is_not_posted_twice_by_itself(
    github: GitHubServer, answer: Callable[[], Response]
) -> None:
    github.reset(always(answer()))
    assert isinstance(await failed(github, post), RetryLater)
    assert len(github.asked) == 1


@pytest.mark.parametrize("body", ["", "x" * 65_537])
def test_a_review_has_a_body_that_github_takes(body: str) -> None:
    with pytest.raises(ValueError, match="String should have at"):
        ReviewPayload(commit_id=SHA, body=body)


async def test_reviews_are_read_to_the_end(github: GitHubServer) -> None:
    def script(_: int, request: Request) -> Response:
        size, page = (int(request.query_params[name]) for name in ("per_page", "page"))
        numbers = range(size * (page - 1), min(size * page, 230))
        return JSONResponse([REVIEW | {"id": number} for number in numbers])

    github.reset(script)
    client = github.client()
    assert [review.id for review in await client.reviews(REF)] == list(range(230))
    assert len(github.asked) == 3


async def test_pages_without_end_are_not_read_without_end(github: GitHubServer) -> None:
    page = JSONResponse([REVIEW] * 100, headers={"Link": '<https://evil.example>; rel="next"'})
    github.reset(always(page))
    error = await failed(github, lambda client: client.reviews(REF))
    assert "more than 3000" in error.reason
    assert len(github.asked) == 30


async def test_a_list_larger_than_its_page_is_refused(github: GitHubServer) -> None:
    row = {"filename": "a", "status": "added", "additions": 0, "deletions": 0}
    github.reset(always(JSONResponse(PULL | {"changed_files": 5}), JSONResponse([row] * 101)))
    client = github.client()
    pull = await client.pull(REF)
    with pytest.raises(PermanentFailure, match="pages"):
        await client.files(REF, pull)


async def test_nothing_of_it_is_logged(
    github: GitHubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    github.reset(always(refusal(500), JSONResponse(PULL | {"title": CANARY})))
    client = github.client()
    with pytest.raises(RetryLater):
        await client.pull(REF)
    await client.pull(REF)
    assert TOKEN not in caplog.text
    assert CANARY not in caplog.text
