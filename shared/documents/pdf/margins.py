"""Running headers and footers: lines that come back at the edge of page after page. Each is kept
where it comes first, as it may be a clause or the head of a table."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.documents.extract import HOLE
from shared.documents.pdf.gaps import Gap
from shared.documents.pdf.pages import Page

_EDGE = 3
_FEWEST_PAGES = 3
_MAX_NUMBERS = 5
_MAX_CHARACTERS = 200
_NUMBER = re.compile(r"\d{1,9}")
_COUNTING = "…"

Mark = tuple[str, int]
"""A line with `…` for a number that counts with the pages, and by how much it is ahead of them."""


def without_margins(pages: list[Page]) -> tuple[list[Page], dict[str, int]]:
    """The pages without running headers and footers that were there before, for which HOLE stands;
    and for each of these lines on how many pages it was left out.

    Such a line stands among the first or last 3 of at least 3 pages and of half of those with
    text, and is the same but for a number that counts with the pages: `Page 3`, not `Total 3`.
    """
    seen: Counter[Mark] = Counter()
    texts = [page for page in pages if page.text.strip()]
    for page in texts:
        seen.update({mark for _, line in _edges(page) for mark in _marks(line, page.number)})
    fewest = max(_FEWEST_PAGES, len(texts) // 2)
    running = {mark: times for mark, times in seen.items() if times >= fewest}
    if not running:
        return pages, {}
    left_out: Counter[Mark] = Counter()
    kept = [_without(page, running, left_out) for page in pages]
    return kept, {mark[0]: times - 1 for mark, times in left_out.items() if times > 1}


def _without(page: Page, running: dict[Mark, int], met: Counter[Mark]) -> Page:
    """The page without running lines that were met before; as it is when it would be left with
    nothing to see."""
    found = {
        index: max(marks, key=running.__getitem__)
        for index, line in _edges(page)
        if (marks := [mark for mark in _marks(line, page.number) if mark in running])
    }
    lines = page.text.split("\n")
    rest = [line for index, line in enumerate(lines) if index not in found]
    if not any(map(str.strip, rest)):
        return replace(page, text="") if page.shown is Gap.IMAGE else page
    again = {index for index, mark in found.items() if met[mark]}
    met.update(found.values())
    kept: list[str] = []
    for index, line in enumerate(lines):
        if index not in again:
            kept.append(line)
        elif not kept or kept[-1] != HOLE:
            kept.append(HOLE)
    return replace(page, text="\n".join(kept))


def _edges(page: Page) -> Iterable[tuple[int, str]]:
    """The first and last lines that are not empty, each with its number from 0."""
    lines = [item for item in enumerate(page.text.split("\n")) if item[1].strip()]
    return lines[:_EDGE] + lines[_EDGE:][-_EDGE:]


def _marks(line: str, page: int) -> Iterator[Mark]:
    """What the line may have in common with lines of other pages: itself, and itself with any one
    of its numbers counting."""
    line = " ".join(line.split())
    if len(line) > _MAX_CHARACTERS:
        return
    yield line, 0
    for number in list(_NUMBER.finditer(line))[:_MAX_NUMBERS]:
        ahead = int(number.group()) - page
        yield f"{line[: number.start()]}{_COUNTING}{line[number.end() :]}", ahead


def describe_margin(line: str, times: int) -> str:
    """A sentence about a line that was left out on so many pages."""
    what = "the page number" if line == _COUNTING else f"“{line}”"
    pages = "1 page" if times == 1 else f"{times} pages"
    return f"Left out on {pages} after the first ({HOLE}), as a running header or footer: {what}."
