"""All changed files of a pull request, given a way to read a page of them.

Once the patches of a page reach about 20,000 lines, GitHub lists the files after them as if nothing
had changed in them, and marks them in no way; the same rows are complete on a smaller page. What is
missing shows in the sum: it falls short of the lines that the pull request itself counts.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from shared.clients.github.models import MAX_FILES, ChangedFile, FileRow, NoPatch, Pull
from shared.clients.github.patches import patch_between
from shared.errors import PermanentFailure
from shared.models import FileStatus

PAGE = 100
_SMALLER_PAGES = (25, 5, 1)
_MAX_SMALLER_PAGES = 60
# Half of what GitHub gives at most, in case its own count of lines is wrong.
_HEAVY_LINES = 10_000
_MAX_CHARACTERS = 64 * 1024 * 1024
_EMPTY_BLOBS = (
    "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
    "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
)

Fetch = Callable[[int, int], Awaitable[list[FileRow]]]
"""Given the size of a page and its number, from 1: its rows."""

Read = Callable[[str, str], Awaitable[bytes | NoPatch]]
"""Given a path and a commit: the file, or why it is not to be had."""


async def list_rows(pull: Pull, fetch: Fetch) -> list[FileRow]:
    """The rows as GitHub's pages of 100 have them. Raises what `fetch` raises, PermanentFailure."""
    rows: list[FileRow] = []
    for number in range(1, -(-min(pull.changed_files, MAX_FILES) // PAGE) + 1):
        rows += await _page(fetch, PAGE, number)
        if len(rows) < PAGE * number:
            break
    return rows


async def refill(rows: list[FileRow], pull: Pull, fetch: Fetch) -> set[int]:
    """Read rows that may have lost their patch again, in place, on smaller and smaller pages.

    Returns the places of those that are still in doubt. Raises as `list_rows`.
    """
    doubtful = _doubtful(rows, pull, PAGE, range(len(rows)))
    read = 0
    for size in _SMALLER_PAGES:
        for place in sorted({index // size for index in doubtful}):
            if read == _MAX_SMALLER_PAGES:
                return doubtful
            read += 1
            for index, row in enumerate(await _page(fetch, size, place + 1), place * size):
                if index < len(rows) and row.filename == rows[index].filename:
                    rows[index] = row
        doubtful = _doubtful(rows, pull, size, doubtful)
    return doubtful


async def _page(fetch: Fetch, size: int, number: int) -> list[FileRow]:
    rows = await fetch(size, number)
    if len(rows) > size:
        raise PermanentFailure(
            "GitHub's list of files does not come in pages as its API describes."
        )
    return rows


def _doubtful(rows: list[FileRow], pull: Pull, size: int, among: Iterable[int]) -> set[int]:
    """Those that may have lost their patch when they were last read in pages of `size`."""
    falls_short = sum(row.lines for row in rows) < pull.additions + pull.deletions
    heavy = {
        start // size
        for start in range(0, len(rows), size)
        if sum(_patch_lines(row) for row in rows[start : start + size]) >= _HEAVY_LINES
    }
    return {
        index
        for index in among
        if rows[index].is_bare
        and not _is_empty(rows[index])
        and (falls_short or index // size in heavy)
    }


def _is_empty(row: FileRow) -> bool:
    """A file without a byte has no patch to lose."""
    return row.sha in _EMPTY_BLOBS and row.status in (FileStatus.ADDED, FileStatus.REMOVED)


def _patch_lines(row: FileRow) -> int:
    return row.patch.count("\n") + 1 if row.patch else 0


def make_changed_files(rows: list[FileRow]) -> list[ChangedFile]:
    """The files of `rows`; beyond a size in all, patches are left out as too large."""
    room = _MAX_CHARACTERS
    files = []
    for row in rows:
        room -= len(row.patch or "")
        fits = row.patch is not None and room >= 0
        files.append(
            ChangedFile(
                path=row.filename,
                status=row.status,
                additions=row.additions,
                deletions=row.deletions,
                previous_path=row.previous_filename,
                sha=row.sha,
                patch=row.patch if fits else None,
                no_patch=None if fits else _reason(row),
            )
        )
    return files


def _reason(row: FileRow) -> NoPatch:
    if row.patch is not None:
        return NoPatch.TOO_LARGE
    if row.lines:
        return NoPatch.NOT_GIVEN
    if _is_empty(row):
        return NoPatch.EMPTY
    if row.status in (FileStatus.RENAMED, FileStatus.COPIED):
        return NoPatch.SAME_TEXT
    return NoPatch.NO_LINES


async def compare_versions(file: ChangedFile, read: Read, base: str, head: str) -> ChangedFile:
    """The file with a patch made from its versions at two commits, or with the reason why not."""
    old = (
        b""
        if file.status is FileStatus.ADDED
        else await read(file.previous_path or file.path, base)
    )
    if isinstance(old, NoPatch):
        return _with_patch(file, old)
    new = b"" if file.status is FileStatus.REMOVED else await read(file.path, head)
    if isinstance(new, NoPatch):
        return _with_patch(file, new)
    return _with_patch(file, await asyncio.to_thread(patch_between, old, new))


def _with_patch(file: ChangedFile, made: str | NoPatch) -> ChangedFile:
    if isinstance(made, NoPatch):
        return file.model_copy(update={"no_patch": made})
    lines = made.split("\n")
    return file.model_copy(
        update={
            "patch": made,
            "no_patch": None,
            "made_here": True,
            "additions": sum(line.startswith("+") for line in lines),
            "deletions": sum(line.startswith("-") for line in lines),
        }
    )
