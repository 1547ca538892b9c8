"""The files of pull requests from real git histories, over HTTP."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.local.github.pulls import Limits
from shared.clients.github.models import ChangedFile, ChangedFiles, NoPatch
from shared.errors import RetryLater
from shared.models import FileStatus
from tests.support.git.history import History, patched
from tests.support.servers.github import PULL, SHA, GitHubServer

BINARY = bytes(range(256)) * 8
LINES = "".join(f"line {number}\n" for number in range(60))


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "app")


async def read(github: GitHubServer, url: str) -> ChangedFiles:
    client = github.client()
    ref = client.pull_of(url)
    return await client.files(ref, await client.pull(ref))


def by_path(changed: ChangedFiles) -> dict[str, ChangedFile]:
    return {file.path: file for file in changed.files}


def reads(github: GitHubServer, ending: str = "") -> int:
    return sum(asked.path.endswith(ending) for asked in github.asked)


@pytest.fixture
def all_kinds(history: History) -> History:
    """A history with a change of every kind."""
    history.commit(
        {
            "modified.py": LINES,
            "crlf.txt": "a\r\nb\r\n",
            "no newline.txt": "a\nb",
            "moved.py": LINES,
            "moved and edited.py": LINES.upper(),
            "gone.py": "require_admin(user)\n",
            "picture.png": BINARY,
            "old picture.png": BINARY + b"old",
            "run.sh": "echo\n",
            "link": "a file\n",
            "naïve/ü.txt": "a\n",
            "untouched": "a\n",
        }
    )
    history.branch("feature")
    for name in ("gone.py", "old picture.png", "link"):
        (history.folder / name).unlink()
    (history.folder / "moved.py").rename(history.folder / "there.py")
    (history.folder / "moved and edited.py").rename(history.folder / "edited.py")
    (history.folder / "run.sh").chmod(0o755)
    (history.folder / "link").symlink_to("untouched")
    edited: dict[str, str | bytes] = {
        "modified.py": LINES.replace("line 30\n", "LINE 30\nanother\n"),
        "crlf.txt": "a\r\nb\n",
        "no newline.txt": "a\nb\n",
        "edited.py": LINES.upper().replace("LINE 9\n", ""),
        "picture.png": BINARY + b"new",
        "new.py": "print('diff --git a/x b/x')\n\\ No newline at end of file\n",
        "new picture.png": BINARY[::-1],
        "empty": "",
        "naïve/ü.txt": "b\n",
    }
    history.commit(edited)
    return history


async def test_every_kind_of_change_is_told_with_its_patch_or_the_reason_why_not(
    github: GitHubServer, all_kinds: History, tmp_path: Path
) -> None:
    files = by_path(await read(github, github.serve(all_kinds)))

    status, why = FileStatus, NoPatch
    assert {
        path: (file.status, file.previous_path, file.additions, file.deletions, file.no_patch)
        for path, file in files.items()
    } == {
        "crlf.txt": (status.MODIFIED, None, 1, 1, None),
        "edited.py": (status.RENAMED, "moved and edited.py", 0, 1, None),
        "empty": (status.ADDED, None, 0, 0, why.EMPTY),
        "gone.py": (status.REMOVED, None, 0, 1, None),
        "link": (status.CHANGED, None, 1, 1, why.NOT_GIVEN),
        "modified.py": (status.MODIFIED, None, 2, 1, None),
        "naïve/ü.txt": (status.MODIFIED, None, 1, 1, None),
        "new picture.png": (status.ADDED, None, 0, 0, why.NO_LINES),
        "new.py": (status.ADDED, None, 2, 0, None),
        "no newline.txt": (status.MODIFIED, None, 1, 1, None),
        "old picture.png": (status.REMOVED, None, 0, 0, why.NO_LINES),
        "picture.png": (status.MODIFIED, None, 0, 0, why.NO_LINES),
        "run.sh": (status.MODIFIED, None, 0, 0, why.NO_LINES),
        "there.py": (status.RENAMED, "moved.py", 0, 0, why.SAME_TEXT),
    }
    assert files["gone.py"].patch == "@@ -1 +0,0 @@\n-require_admin(user)"
    for path, file in files.items():
        assert (file.patch is None) == (file.no_patch is not None)
        if file.patch and file.status in (status.MODIFIED, status.RENAMED):
            old = all_kinds.text("main", file.previous_path or path)
            assert patched(tmp_path / "apply", old, file.patch) == all_kinds.text("feature", path)


async def test_an_ordinary_pull_request_costs_a_read_and_one_per_hundred_files(
    github: GitHubServer, history: History
) -> None:
    history.commit({f"binary {number}.png": BINARY for number in range(3)})
    history.branch("feature")
    history.commit({f"{number:03}.txt": f"{number}\n" for number in range(320)})
    history.commit({f"binary {number}.png": BINARY[:-1] for number in range(3)})

    changed = await read(github, github.serve(history))

    assert len(changed.files) == len(by_path(changed)) == 323
    assert changed.unlisted == 0
    assert all(file.patch or file.path.endswith(".png") for file in changed.files)
    assert len(github.asked) == 1 + 4


# Lines of patches that a page has room for: those of GitHub, and few, so that every file of its own
# must be asked for.
@pytest.mark.parametrize(("room", "lines", "files"), [(20_000, 4_500, 9), (5, 7, 40)])
async def test_patches_that_github_lost_on_a_full_page_are_read_on_smaller_ones(
    github: GitHubServer, history: History, room: int, lines: int, files: int
) -> None:
    history.commit({"a": "a\n"})
    history.branch("feature")
    added = "".join(f"{number}\n" for number in range(lines))
    texts = {f"{number:02}.txt": f"{number}\n{added}" for number in range(files)}
    history.commit({**texts, "z.png": BINARY})

    changed = await read(github, github.serve(history, Limits(page_lines=room)))

    assert [file.path for file in changed.files if file.patch is None] == ["z.png"]
    for number, file in enumerate(changed.files[:-1]):
        assert file.additions == lines + 1
        assert file.patch is not None
        assert file.patch.startswith(f"@@ -0,0 +1,{lines + 1} @@\n+{number}\n")
        assert not file.made_here
    assert len(github.asked) == reads(github, "/files") + 1


async def test_what_a_full_page_hid_at_its_end_is_no_binary_file(
    github: GitHubServer, history: History
) -> None:
    """The trap: a renamed, edited file looks like one whose text is the same."""
    history.commit({"z old.py": LINES})
    history.branch("feature")
    (history.folder / "z old.py").unlink()
    history.commit({"a": "a\n" * 50, "z new.py": LINES.replace("line 9\n", "")})

    files = by_path(await read(github, github.serve(history, Limits(page_lines=50))))

    assert files["z new.py"].status is FileStatus.RENAMED
    assert "-line 9" in (files["z new.py"].patch or "")
    assert reads(github, "/files") == 4  # of 100, 25, 5, and alone


async def test_a_patch_that_github_never_gives_is_made_from_both_versions(
    github: GitHubServer, history: History, tmp_path: Path
) -> None:
    """Since the merge base: what happened on the base branch meanwhile is not the author's."""
    history.commit({"large.py": LINES, "gone.py": LINES, "old name.py": LINES.upper()})
    history.branch("feature")
    for name in ("gone.py", "old name.py"):
        (history.folder / name).unlink()
    history.commit(
        {
            "large.py": LINES.replace("line 30\n", "LINE 30\r\nanother\n"),
            "new.py": LINES.title(),
            "new name.py": LINES.upper().replace("LINE 9\n", ""),
            "picture.png": BINARY,
        }
    )
    history.go("main")
    history.commit({"large.py": "of others\n" + LINES})

    files = by_path(await read(github, github.serve(history, Limits(patch_bytes=20))))

    base = history.sha("feature~1")
    assert len(files) == 5
    assert files["picture.png"].no_patch is NoPatch.NO_LINES
    for path in ("large.py", "new.py", "new name.py", "gone.py"):
        file = files[path]
        assert file.made_here
        assert file.no_patch is None
        if file.status not in (FileStatus.ADDED, FileStatus.REMOVED):
            old = history.text(base, file.previous_path or path)
            assert patched(tmp_path / "apply", old, file.patch) == history.text("feature", path)
    assert (files["new.py"].additions, files["gone.py"].deletions) == (60, 60)
    assert (files["large.py"].additions, files["large.py"].deletions) == (2, 1)
    # Two versions of two files, one of two, and one comparison for the merge base.
    assert len(github.asked) == 1 + 1 + 1 + 6


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\0" + b"a\n" * 3000, NoPatch.BINARY), (b"a\n" * 1_100_000, NoPatch.TOO_LARGE)],
)
async def test_a_file_that_cannot_be_compared_says_why(
    github: GitHubServer, history: History, content: bytes, reason: NoPatch
) -> None:
    history.commit({"data": b"a\n", ".gitattributes": "data diff\n"})
    history.branch("feature")
    history.commit({"data": content})

    [file] = (await read(github, github.serve(history, Limits(patch_bytes=20)))).files

    assert (file.patch, file.no_patch, file.made_here) == (None, reason, False)


async def test_a_push_in_between_is_noticed(github: GitHubServer, history: History) -> None:
    history.commit({"a": "a\n"})
    history.branch("feature")
    history.commit({"a": "b\n"})
    client = github.client()
    ref = client.pull_of(github.serve(history))
    before = await client.pull(ref)
    history.commit({"a": "c\n"})

    with pytest.raises(RetryLater, match="changed while it was read"):
        await client.files(ref, before)


async def test_texts_of_files_at_a_commit(github: GitHubServer, history: History) -> None:
    old = history.commit({"docs/a b#?%.md": "old\r\n", "picture.png": BINARY, "data.json": "{}"})
    history.branch("feature")
    (history.folder / "CLAUDE.md").symlink_to("docs/a b#?%.md")
    (history.folder / "link").symlink_to("docs")
    (history.folder / "away").symlink_to("../../etc/passwd")
    new = history.commit({"docs/a b#?%.md": "new", "latin": b"caf\xe9\n", "big": "a" * 10_485_761})
    client = github.client()
    ref = client.pull_of(github.serve(history))

    assert await client.file_text(ref, "docs/a b#?%.md", old) == "old\r\n"
    assert await client.file_text(ref, "docs/a b#?%.md", new) == "new"
    assert await client.file_text(ref, "CLAUDE.md", new) == "new"
    assert await client.file_text(ref, "data.json", new) == "{}"
    assert await client.file_text(ref, "latin", new) == "caf\ufffd\n"
    for absent in ("none", "docs", "link", "away", "picture.png", "big"):
        assert await client.file_text(ref, absent, new) is None
    asked = len(github.asked)
    for unsafe in ("", "docs/../latin", "/latin", "./latin"):
        assert await client.file_text(ref, unsafe, new) is None
    assert len(github.asked) == asked
    assert await client.file_text(ref, "latin", old) is None
    assert await client.file_text(ref, "latin", "0" * 40) is None


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "filename": f"{number:05}",
        "status": "modified",
        "additions": 1,
        "deletions": 0,
        "patch": "@@ -0,0 +1 @@\n+a",
        "contents_url": f"https://api.github.com/contents/{number:05}?ref={SHA}",
    } | changes


def listing(
    pull: dict[str, Any], make: Callable[[int], dict[str, Any]]
) -> Callable[[int, Request], Response]:
    """A server whose n-th file is `make(n)`; it has no end, and names a next page each time."""

    def script(_: int, request: Request) -> Response:
        if not request.url.path.endswith("/files"):
            return JSONResponse(pull)
        size, page = (int(request.query_params[name]) for name in ("per_page", "page"))
        rows = [make(number) for number in range((page - 1) * size, page * size)]
        return JSONResponse(rows, headers={"Link": '</next>; rel="next"'})

    return script


async def test_of_more_files_than_github_names_the_number_is_told(github: GitHubServer) -> None:
    github.reset(listing(PULL | {"changed_files": 3105, "additions": 3000}, row))

    changed = await read(github, f"{github.origin}/ann/app/pull/1")

    assert [file.path for file in changed.files] == [f"{number:05}" for number in range(3000)]
    assert changed.unlisted == 105
    assert len(github.asked) == 1 + 30


async def test_rows_that_stay_empty_are_not_read_without_end(github: GitHubServer) -> None:
    def bare(number: int) -> dict[str, Any]:
        return row(number, additions=0, patch=None)

    github.reset(listing(PULL | {"changed_files": 1000, "additions": 9}, bare))

    changed = await read(github, f"{github.origin}/ann/app/pull/1")

    assert len(changed.files) == 1000
    assert {file.no_patch for file in changed.files} == {NoPatch.NO_LINES}
    assert len(github.asked) <= 1 + 10 + 60 + 1 + 2 * 20


async def test_files_without_a_byte_are_not_read_again(github: GitHubServer) -> None:
    empty = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"

    def empties(number: int) -> dict[str, Any]:
        return row(number, status="added", additions=0, patch=None, sha=empty)

    github.reset(listing(PULL | {"changed_files": 200, "additions": 9}, empties))

    changed = await read(github, f"{github.origin}/ann/app/pull/1")

    assert {file.no_patch for file in changed.files} == {NoPatch.EMPTY}
    assert len(github.asked) == 1 + 2


@pytest.mark.parametrize("status", [403, 404, 200])
async def test_versions_that_are_not_to_be_had_leave_the_file_without_patch(
    github: GitHubServer, status: int
) -> None:
    names = ["a.py", "../../../x", "x" * 70_000]
    rows = [row(0, filename=name, patch=None) for name in names]

    def script(_: int, request: Request) -> Response:
        path = request.url.path
        if path.endswith("/files"):
            return JSONResponse(rows)
        if "/compare/" in path:
            return JSONResponse({"merge_base_commit": {"sha": SHA}})
        wanted = PULL | {"changed_files": 3, "additions": 3}
        return JSONResponse([], status) if "/contents/" in path else JSONResponse(wanted)

    github.reset(script)

    changed = await read(github, f"{github.origin}/ann/app/pull/1")

    assert [(file.path, file.no_patch) for file in changed.files] == [
        (name, NoPatch.NOT_GIVEN) for name in names
    ]
    asked = [one.path for one in github.asked if "/contents/" in one.path]
    assert asked == ["/api/v3/repos/ann/app/contents/a.py"]


async def test_patches_are_bounded_in_all(github: GitHubServer) -> None:
    def large(number: int) -> dict[str, Any]:
        return row(number, patch="@@ -0,0 +1 @@\n+" + "a" * 250_000)

    github.reset(listing(PULL | {"changed_files": 300, "additions": 300}, large))

    changed = await read(github, f"{github.origin}/ann/app/pull/1")

    kept = sum(len(file.patch or "") for file in changed.files)
    assert 60 * 1024 * 1024 < kept <= 64 * 1024 * 1024
    assert {file.no_patch for file in changed.files} == {None, NoPatch.TOO_LARGE}
