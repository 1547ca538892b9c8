"""The HTTP side of the stand-in: routes, tokens, the record of calls."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.local.calls import Calls
from infra.local.github import API, GRAPHQL
from infra.local.github.conversation import (
    read_query,
    read_said,
    thread_number,
    threads_json,
)
from infra.local.github.pages import pull_page
from infra.local.github.protocol import (
    Rate,
    blob_answer,
    conditional,
    entry_json,
    origin,
    paged,
    refuse_path,
)
from infra.local.github.pulls import (
    Hosted,
    Limits,
    Present,
    present,
    pull_json,
    rows_json,
)
from infra.local.github.repository import GitError
from infra.local.github.review_rules import RefusedError, checked, error_json
from infra.local.github.reviews import Reviews

_REPO = f"{API}/repos/{{owner}}/{{repo}}"
_PULL = f"{_REPO}/pulls/{{number:int}}"
_RATE = f"{API}/rate_limit"
_MOST_COMPARED_FILES = 300

Act = Callable[[Request, bytes], Response]


def application(
    repositories: Iterable[Hosted],
    token: str = "",
    limits: Limits | None = None,
    state: Path | None = None,
    rate_limit: int = 5000,
) -> Starlette:
    """The stand-in as an ASGI application.

    With a `token` the repositories are private to it; without one everybody reads, and any token
    may post. Reviews outlive the process in the file `state`. `rate_limit` is in calls an hour.
    """
    standin = _GitHub(repositories, token, limits or Limits(), Reviews(state), rate_limit)
    paths: list[tuple[str, str, Act]] = [
        ("GET", f"{API}/meta", standin.meta),
        ("GET", _RATE, standin.rate_limit),
        ("GET", _PULL, standin.pull),
        ("GET", f"{_PULL}/files", standin.files),
        ("GET", f"{_PULL}/reviews", standin.list_reviews),
        ("POST", f"{_PULL}/reviews", standin.post_review),
        ("GET", f"{_PULL}/comments", standin.list_comments),
        ("POST", f"{_PULL}/comments/{{comment:int}}/replies", standin.reply),
        ("GET", f"{_REPO}/issues/{{number:int}}/comments", standin.list_said),
        ("POST", f"{_REPO}/issues/{{number:int}}/comments", standin.say),
        ("PATCH", f"{_REPO}/issues/comments/{{comment:int}}", standin.say_again),
        ("POST", GRAPHQL, standin.graphql),
        ("GET", f"{_REPO}/contents/{{path:path}}", standin.contents),
        ("GET", f"{_REPO}/git/blobs/{{sha}}", standin.blob),
        ("GET", f"{_REPO}/git/trees/{{sha}}", standin.tree),
        ("GET", f"{_REPO}/compare/{{basehead:path}}", standin.compare),
        ("GET", "/{owner}/{repo}/pull/{number:int}", standin.page),
    ]
    routes = [Route(path, standin.endpoint(act), methods=[verb]) for verb, path, act in paths]
    return Starlette(
        routes=[standin.calls.route(), *routes],
        exception_handlers={HTTPException: refuse_path},
    )


class _GitHub:
    def __init__(
        self,
        repositories: Iterable[Hosted],
        token: str,
        limits: Limits,
        reviews: Reviews,
        rate_limit: int,
    ) -> None:
        self._repositories = {hosted.name.lower(): hosted for hosted in repositories}
        self._token = token
        self._limits = limits
        self._reviews = reviews
        self._rate = Rate(rate_limit)
        self.calls = Calls()

    def endpoint(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        """Does a call in a thread, as git takes a while, and records it whatever became of it."""

        async def endpoint(request: Request) -> Response:
            body, counts = await request.body(), request.url.path != _RATE
            try:
                self._admit(request)
                response = await asyncio.to_thread(act, request, body)
            except RefusedError as error:
                response = JSONResponse(error_json(error), error.status)
            except GitError as error:
                response = JSONResponse({"message": str(error)}, 500)
            response = conditional(request, response)
            response.headers.update(self._rate.headers(counts and response.status_code != 304))
            self._record(request, body, response.status_code)
            return response

        return endpoint

    def _admit(self, request: Request) -> None:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() in ("bearer", "token") else ""
        if self._token and given and given != self._token:
            raise RefusedError(401, "Bad credentials")
        if not given and request.method in ("POST", "PATCH"):
            raise RefusedError(401, "Requires authentication")
        if self._token and not given and "owner" in request.path_params:
            raise RefusedError(404, "Not Found")
        if self._rate.is_used_up and request.url.path != _RATE:
            raise RefusedError(403, "API rate limit exceeded")

    def _record(self, request: Request, body: bytes, status: int) -> None:
        self.calls.record(
            method=request.method,
            path=request.url.path,
            query=dict(request.query_params),
            sha256=hashlib.sha256(body).hexdigest() if body else None,
            status=status,
        )

    def meta(self, _: Request, __: bytes) -> Response:
        return JSONResponse({"verifiable_password_authentication": False, "stand_in": True})

    def rate_limit(self, _: Request, __: bytes) -> Response:
        return JSONResponse(self._rate.describe())

    def _hosted(self, request: Request) -> Hosted:
        name = "{owner}/{repo}".format(**request.path_params).lower()
        if name not in self._repositories:
            raise RefusedError(404, "Not Found")
        return self._repositories[name]

    def _present(self, request: Request) -> Present:
        hosted = self._hosted(request)
        pull = hosted.pulls.get(request.path_params["number"])
        if pull is None:
            raise RefusedError(404, "Not Found")
        return present(hosted, pull)

    def _commit(self, hosted: Hosted, revision: str) -> str:
        found = hosted.repository.commit(revision)
        if found is None:
            raise RefusedError(404, f"No commit found for the ref {revision}")
        return found

    def pull(self, request: Request, _: bytes) -> Response:
        return JSONResponse(
            pull_json(origin(request), self._present(request), is_private=bool(self._token))
        )

    def files(self, request: Request, _: bytes) -> Response:
        now = self._present(request)
        page, headers = paged(request, now.changes[: self._limits.files])
        shas = (now.merge_base, now.head)
        rows = rows_json(origin(request), now.hosted.name, shas, page, self._limits)
        return JSONResponse(rows, headers=headers)

    def list_reviews(self, request: Request, _: bytes) -> Response:
        page, headers = paged(request, self._reviews.reviews(self._present(request)))
        return JSONResponse(page, headers=headers)

    def list_comments(self, request: Request, _: bytes) -> Response:
        page, headers = paged(request, self._reviews.comments(self._present(request)))
        return JSONResponse(page, headers=headers)

    def post_review(self, request: Request, body: bytes) -> Response:
        now = self._present(request)
        review = checked(body, now, self._limits)
        return JSONResponse(self._reviews.add(origin(request), now, review))

    def reply(self, request: Request, body: bytes) -> Response:
        now, to = self._present(request), request.path_params["comment"]
        made = self._reviews.reply(origin(request), now, to, read_said(body))
        if made is None:
            raise RefusedError(404, "Not Found")
        return JSONResponse(made, 201)

    def list_said(self, request: Request, _: bytes) -> Response:
        page, headers = paged(request, self._reviews.said(self._present(request)))
        return JSONResponse(page, headers=headers)

    def say(self, request: Request, body: bytes) -> Response:
        said = self._reviews.say(origin(request), self._present(request), read_said(body))
        return JSONResponse(said, 201)

    def say_again(self, request: Request, body: bytes) -> Response:
        name, number = self._hosted(request).name, request.path_params["comment"]
        said = self._reviews.say_again(name, number, read_said(body))
        if said is None:
            raise RefusedError(404, "Not Found")
        return JSONResponse(said)

    def graphql(self, request: Request, body: bytes) -> Response:
        asked = read_query(body)
        if "resolveReviewThread" in asked.query:
            number = thread_number(asked)
            if number is None or not self._reviews.resolve(number):
                return JSONResponse({"errors": [{"type": "NOT_FOUND", "message": "No thread."}]})
            thread = {"id": f"PRRT_{number}", "isResolved": True}
            return JSONResponse({"data": {"resolveReviewThread": {"thread": thread}}})
        given = asked.variables
        hosted = self._repositories.get(f"{given.get('owner')}/{given.get('name')}".lower())
        pull = hosted.pulls.get(given.get("number", 0)) if hosted else None
        if hosted is None or pull is None:
            return JSONResponse({"errors": [{"type": "NOT_FOUND", "message": "No such pull."}]})
        now = present(hosted, pull)
        return JSONResponse(threads_json(self._reviews, now, given.get("after")))

    def contents(self, request: Request, _: bytes) -> Response:
        hosted, path = self._hosted(request), request.path_params["path"].strip("/")
        commit = self._commit(hosted, request.query_params.get("ref", "HEAD"))
        entry = hosted.repository.followed(commit, path)
        if entry is None:
            raise RefusedError(404, "Not Found")
        if entry.kind == "tree":
            inside = hosted.repository.inside(commit, path)
            return JSONResponse([entry_json(found) for found in inside])
        if entry.kind != "blob":
            return JSONResponse(entry_json(entry))
        content = hosted.repository.blob(entry.sha) or b""
        return blob_answer(request, content, entry_json(entry))

    def blob(self, request: Request, _: bytes) -> Response:
        sha = request.path_params["sha"]
        content = self._hosted(request).repository.blob(sha)
        if content is None:
            raise RefusedError(404, "Not Found")
        return blob_answer(request, content, {"sha": sha})

    def tree(self, request: Request, _: bytes) -> Response:
        """Always the whole of it, without its folders."""
        hosted = self._hosted(request)
        commit = self._commit(hosted, request.path_params["sha"])
        entries = hosted.repository.everything(commit)
        kinds = {"commit": "commit"}
        tree = [
            {"path": one.path, "type": kinds.get(one.kind, "blob"), "sha": one.sha}
            for one in entries
        ]
        return JSONResponse({"sha": commit, "tree": tree, "truncated": False})

    def compare(self, request: Request, _: bytes) -> Response:
        hosted = self._hosted(request)
        base, dots, head = request.path_params["basehead"].partition("...")
        if not dots:
            raise RefusedError(404, "Not Found")
        old, new = self._commit(hosted, base), self._commit(hosted, head)
        merge_base = hosted.repository.merge_base(old, new)
        commits = hosted.repository.commits(old, new)
        page, headers = paged(request, [{"sha": sha} for sha in reversed(commits)])
        answer: dict[str, Any] = {
            "merge_base_commit": {"sha": merge_base},
            "ahead_by": len(commits),
            "behind_by": len(hosted.repository.commits(new, old)),
            "total_commits": len(commits),
            "commits": page,
        }
        if request.query_params.get("page", "1") == "1":
            changes = hosted.repository.changes(merge_base, new)[:_MOST_COMPARED_FILES]
            shas = (merge_base, new)
            rows = rows_json(origin(request), hosted.name, shas, changes, self._limits)
            answer["files"] = rows
        return JSONResponse(answer, headers=headers)

    def page(self, request: Request, _: bytes) -> Response:
        now = self._present(request)
        kept = self._reviews
        return pull_page(now, kept.said(now), kept.reviews(now), kept.comments(now))
