"""Running headers and footers: lines that come back at the edge of page after page."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

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


def without_margins(pages: list[Page]) -> tuple[list[Page], list[str]]:
    """The pages without their running headers and footers, and a sentence for each of these.

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
        return pages, []
    set_aside: Counter[Mark] = Counter()
    kept = [_without(page, running, set_aside) for page in pages]
    return kept, [_sentence(mark, times) for mark, times in set_aside.items()]


def _without(page: Page, running: dict[Mark, int], set_aside: Counter[Mark]) -> Page:
    """The page without running lines; as it is when it would be left with nothing to see."""
    found = {
        index: max(marks, key=running.__getitem__)
        for index, line in _edges(page)
        if (marks := [mark for mark in _marks(line, page.number) if mark in running])
    }
    lines = page.text.split("\n")
    text = "\n".join(line for index, line in enumerate(lines) if index not in found)
    if not found or (not text.strip() and page.shown is not Gap.IMAGE):
        return page
    set_aside.update(found.values())
    return replace(page, text=text if text.strip() else "")


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


def _sentence(mark: Mark, times: int) -> str:
    line = "the page number" if mark[0] == _COUNTING else f"“{mark[0]}”"
    return f"Set aside on {times} pages as a running header or footer: {line}."
