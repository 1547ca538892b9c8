"""GitHub, over its REST API. Nothing else speaks to it.

No call is retried here: what is worth another try is raised as RetryLater, so that the workflow
waits and no worker does; what is not is raised as PermanentFailure with a reason for people.
Requests are made to the configured API only, one after the other, and every answer is bounded in
size and time.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import quote, urljoin

from pydantic import TypeAdapter

from shared.clients import http
from shared.clients.etag_cache import EtagCache
from shared.clients.github import urls
from shared.clients.github.files import (
    PAGE,
    compare_versions,
    list_rows,
    make_changed_files,
    refill,
)
from shared.clients.github.models import (
    ChangedFile,
    ChangedFiles,
    Comparison,
    FileRow,
    NoPatch,
    PostedReview,
    Pull,
    PullRef,
    ReviewPayload,
)
from shared.clients.github.patches import MAX_BYTES, text_of
from shared.clients.github.responses import (
    explain_failure,
    github_away,
    no_such_pull,
    parse_answer,
)
from shared.clients.http import Received
from shared.errors import PermanentFailure, ServiceFailure
from shared.models import FileStatus, Model
from shared.settings.github import GitHubSettings
from shared.telemetry.spans import Service, outside_call
from shared.text import strict_json

T = TypeVar("T")

_JSON = "application/vnd.github+json"
_RAW = "application/vnd.github.raw+json"
_VERSION = "2022-11-28"
_MAX_PAGE_BYTES = 32 * 1024 * 1024
_MAX_FILE_BYTES = 10 * 1024 * 1024
_MAX_PATH = 4096
_MAX_PAGES = 30
_MAX_COMPARED = 20
_LISTING_SECONDS = 240.0
_REDIRECTS = {"GET": (301, 302, 307, 308), "POST": (307, 308), "PATCH": (307, 308)}
_MAX_REDIRECTS = 3

_PULL = TypeAdapter(Pull)
_ROWS = TypeAdapter(list[FileRow])
_REVIEW = TypeAdapter(PostedReview)
_REVIEWS = TypeAdapter(list[PostedReview])
_COMPARISON = TypeAdapter(Comparison)


class GitHubClient:
    """Reads pull requests and posts reviews. `timeout` bounds a whole call, in seconds. Raises
    SettingsError for an address that is none."""

    def __init__(self, settings: GitHubSettings, timeout: float = 30.0) -> None:
        self._api_url = settings.api_url.rstrip("/")
        self.graphql = graphql_url(self._api_url)
        self._origins = urls.web_origins(self._api_url)
        self._timeout = timeout
        self._http = http.client(timeout)
        self._http.headers["User-Agent"] = "amida-ticket-orchestrator"
        self._http.headers["X-GitHub-Api-Version"] = _VERSION
        self._has_token = bool(settings.token)
        if settings.token:
            self._http.headers["Authorization"] = f"Bearer {settings.token}"
        self._cache = EtagCache()

    def pull_of(self, pr_url: str) -> PullRef:
        """The pull request that a page of this GitHub shows. Raises PermanentFailure."""
        return urls.pull_of(pr_url, self._origins)

    async def pull(self, ref: PullRef) -> Pull:
        """Raises StepError, as do all that follow."""
        return await self.read(_pull_path(ref), _PULL)

    def no_such_pull(self) -> ServiceFailure:
        """What `pull` raises where there is none."""
        return no_such_pull(self._has_token)

    async def files(self, ref: PullRef, pull: Pull) -> ChangedFiles:
        """Every changed file, with its patch or the reason why there is none.

        One read per 100 files; more only for patches that GitHub left out.
        """
        async with _in_time():
            return await self._files(ref, pull)

    async def compare(self, ref: PullRef, base: str, head: str) -> Comparison | None:
        """Two commits of the repository with the files that differ, at most 300; None where one of
        them is not there any more."""
        path = f"{_repository_path(ref)}/compare/{base}...{head}?per_page=1"
        try:
            return await self.read(path, _COMPARISON)
        except PermanentFailure:
            return None

    async def file_text(self, ref: PullRef, path: str, sha: str) -> str | None:
        """A file of the repository at a commit; None where there is none, or one that is binary
        or larger than 10 MB."""
        content = await self._content(ref, path, sha, _MAX_FILE_BYTES)
        return None if isinstance(content, NoPatch) else text_of(content)

    async def reviews(self, ref: PullRef) -> list[PostedReview]:
        """Every review, oldest first."""
        return await self.read_all(f"{_pull_path(ref)}/reviews", _REVIEWS)

    async def post_review(self, ref: PullRef, payload: ReviewPayload) -> PostedReview:
        """Post once. After RetryLater it may be there nevertheless: look before posting again.

        PermanentFailure means that nothing was posted.
        """
        return await self.write("POST", f"{_pull_path(ref)}/reviews", payload, _REVIEW)

    async def _files(self, ref: PullRef, pull: Pull) -> ChangedFiles:
        async def fetch(size: int, number: int) -> list[FileRow]:
            path = f"{_pull_path(ref)}/files?per_page={size}&page={number}"
            return await self.read(path, _ROWS)

        rows = await list_rows(pull, fetch)
        doubtful = await refill(rows, pull, fetch)
        await self._check_unmoved(ref, pull, rows)
        files = make_changed_files(rows)
        # What became a link or was one has no text of its own to compare.
        unsettled = [
            index
            for index, file in enumerate(files)
            if (index in doubtful or file.no_patch is NoPatch.NOT_GIVEN)
            and file.status is not FileStatus.CHANGED
        ]
        if unsettled:
            await self.compare_files(ref, pull, files, unsettled)
        return ChangedFiles(files=files, unlisted=max(0, pull.changed_files - len(files)))

    async def _check_unmoved(self, ref: PullRef, pull: Pull, rows: list[FileRow]) -> None:
        """Raises RetryLater when the rows are of another head than `pull`, after a push
        meanwhile."""
        here = f"?ref={pull.head.sha}"
        removed = FileStatus.REMOVED
        if all(row.status is removed or row.contents_url.endswith(here) for row in rows):
            return
        if (await self.pull(ref)).head.sha != pull.head.sha:
            raise github_away("The pull request changed while it was read.")

    async def compare_files(
        self, ref: PullRef, pull: Pull, files: list[ChangedFile], indices: list[int]
    ) -> None:
        """Make the patches that GitHub does not give, of the first few of these files, in place."""
        # The second page of a comparison has no files, hence none of their patches.
        path = f"{_repository_path(ref)}/compare/{pull.base.sha}...{pull.head.sha}"
        try:
            comparison = await self.read(f"{path}?per_page=1&page=2", _COMPARISON)
        except PermanentFailure:
            return
        base = comparison.merge_base_commit.sha

        async def read(path: str, sha: str) -> bytes | NoPatch:
            try:
                return await self._content(ref, path, sha, MAX_BYTES)
            except PermanentFailure:  # As of a file that is too large to be told at all.
                return NoPatch.NOT_GIVEN

        for index in indices[:_MAX_COMPARED]:
            files[index] = await compare_versions(files[index], read, base, pull.head.sha)

    async def _content(self, ref: PullRef, path: str, sha: str, max_bytes: int) -> bytes | NoPatch:
        """A file at a commit: its bytes, or why they are not to be had."""
        if len(path) > _MAX_PATH or {"", ".", ".."} & set(path.split("/")):
            return NoPatch.NOT_GIVEN
        where = f"{_repository_path(ref)}/contents/{quote(path)}?ref={quote(sha, safe='')}"
        answer = await self.send("GET", where, accept=_RAW, max_bytes=max_bytes)
        if answer.status == 404:
            return NoPatch.NOT_GIVEN
        self.check(answer)
        # A folder or a submodule is described in JSON; a JSON file comes under the raw type.
        if answer.headers.get("content-type", "").startswith("application/json"):
            return NoPatch.NOT_GIVEN
        return NoPatch.TOO_LARGE if answer.body is None else answer.body

    async def read_all(self, path: str, form: TypeAdapter[list[T]]) -> list[T]:
        items: list[T] = []
        async with _in_time():
            for number in range(1, _MAX_PAGES + 1):
                page = await self.read(f"{path}?per_page={PAGE}&page={number}", form)
                items += page
                if len(page) < PAGE:
                    return items
        raise ServiceFailure(f"The pull request has more than {len(items)} reviews or comments.")

    async def read(self, path: str, form: TypeAdapter[T]) -> T:
        """A read that costs nothing of the rate limit when nothing has changed."""
        kept = self._cache.get(path)
        answer = await self.send("GET", path, etag=kept.etag if kept else None)
        if kept and answer.status == 304:
            return await asyncio.to_thread(parse_answer, form, kept.body)
        self.check(answer)
        if answer.body is None:
            raise ServiceFailure("GitHub's answer is larger than any that its API describes.")
        value = await asyncio.to_thread(parse_answer, form, answer.body)
        self._cache.keep(path, answer.headers.get("etag"), answer.body)
        return value

    async def write(self, method: str, path: str, payload: Model, form: TypeAdapter[T]) -> T:
        """Write once; `path` may be a whole address of the API. Raises as `post_review`."""
        body = strict_json.dumps(payload.model_dump(mode="json", exclude_none=True))
        answer = await self.send(method, path, content=body)
        self.check(answer, writing=True)
        try:
            return parse_answer(form, answer.body or b"")
        except PermanentFailure:
            raise github_away("GitHub took this, but its answer cannot be read.") from None

    def check(self, answer: Received, writing: bool = False) -> None:
        """Raises StepError for an answer that is no success."""
        if not 200 <= answer.status < 300:
            raise explain_failure(answer, self._has_token, writing)

    async def send(
        self,
        method: str,
        path: str,
        accept: str = _JSON,
        max_bytes: int = _MAX_PAGE_BYTES,
        etag: str | None = None,
        content: bytes | None = None,
    ) -> Received:
        """One request; redirects, as of a repository with a new name, are followed within the
        API."""
        headers = {"Accept": accept} | ({"If-None-Match": etag} if etag else {})
        url = f"{self._api_url}{path}" if path.startswith("/") else path
        for _ in range(_MAX_REDIRECTS + 1):
            request = self._http.build_request(method, url, headers=headers, content=content)
            with outside_call(Service.GITHUB, method, request.url.host) as call:
                answer = await http.send(
                    self._http, request, "GitHub", max_bytes, self._timeout, Service.GITHUB
                )
                call.note_answer(answer.status)
            if not 300 <= answer.status < 400 or answer.status == 304:
                return answer
            url = self._follow_redirect(url, method, answer)
        raise ServiceFailure("GitHub redirects again and again.")

    def _follow_redirect(self, url: str, method: str, answer: Received) -> str:
        location = answer.headers.get("location", "")
        there = urljoin(url, location) if re.fullmatch(r"[!-~]{1,2000}", location) else ""
        if answer.status not in _REDIRECTS[method] or not there.startswith(f"{self._api_url}/"):
            raise ServiceFailure(
                f"GitHub redirects to somewhere else (HTTP {answer.status}), which is not followed."
            )
        return there


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    """Bounds what takes many calls. Raises RetryLater; what was read is confirmed next time."""
    try:
        async with asyncio.timeout(_LISTING_SECONDS):
            yield
    except TimeoutError:
        raise github_away(
            f"GitHub did not answer all within {_LISTING_SECONDS:g} seconds."
        ) from None


def graphql_url(api_url: str) -> str:
    """`https://api.github.com/graphql`, or `https://HOST/api/graphql` of an Enterprise Server."""
    return f"{api_url.removesuffix('/v3')}/graphql"


def _repository_path(ref: PullRef) -> str:
    return f"/repos/{ref.repository}"


def _pull_path(ref: PullRef) -> str:
    return f"{_repository_path(ref)}/pulls/{ref.number}"
