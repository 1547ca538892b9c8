"""What a reader makes of a file: its text in blocks, each of which knows its place, and an honest
account of what could not be read."""

from bisect import bisect_right
from itertools import accumulate

from shared.models import Model

OPEN, CLOSE = "⟦", "⟧"
"""What stands between them in a text are words of the reader's own, which no quote may hold."""
HOLE = f"{OPEN}…{CLOSE}"
"""Stands where a line was left out that stands further up."""


class Block(Model):
    """A piece of text as it stands in the file, with the white space that separates it from the
    next one. What tells its place: a `page` (from 1); the `headings` above it, outermost first, and
    the number of the `paragraph` (from 1, within the document); or the `line` (from 1) it begins
    with. `part` names a place beside the running text: `footnote 3`, `comment 2 by Ann`, `header`.
    """

    text: str
    page: int | None = None
    headings: list[str] = []
    paragraph: int | None = None
    line: int | None = None
    part: str | None = None


class Unread(Model):
    """A place that holds something which is not in the text, and why: `p. 12`, `an image without
    text`."""

    place: str
    reason: str


class Extract(Model):
    """The text of a document is that of its blocks, one after another.

    `pages` is how many there are, None where a file has none; `pages_read` those that have text or
    are blank. `notes` say, a sentence each, what was set aside or must be known to judge the text.
    `title` and `author` are as the file says; `encoding` is that of a text, by Python's name.
    `left_out` are lines that come again and again, and stand only where they come first.
    """

    blocks: list[Block]
    pages: int | None = None
    pages_read: int | None = None
    unread: list[Unread] = []
    notes: list[str] = []
    title: str | None = None
    author: str | None = None
    encoding: str | None = None
    left_out: list[str] = []

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)


class Places:
    """Where a part of a text lies, told from its offsets (in characters, from `base`)."""

    def __init__(self, blocks: list[Block], base: int = 0) -> None:
        self._blocks = blocks
        ends = list(accumulate((len(block.text) for block in blocks), initial=base))
        self._starts = ends[:-1]
        self._counted: dict[int, tuple[int, int]] = {}

    def part(self, start: int, end: int) -> list[Block]:
        """The blocks between two offsets, cut to them; their own places stay true."""
        found = []
        for index in range(self._index(start), len(self._blocks)):
            block, at = self._blocks[index], self._starts[index]
            if at >= end:
                break
            first, last = max(start - at, 0), min(end - at, len(block.text))
            if first < last:
                cut = {"text": block.text[first:last], "line": self._line(index, first)}
                found.append(block.model_copy(update=cut))
        return found

    def place(self, start: int, end: int) -> str:
        """`p. 12`, `pp. 12–13`, `Term › Length, paragraph 3`, `line 40`, `footnote 3`."""
        first, at = self._at(start)
        last, _ = self._at(max(start, end - 1))
        if first.part:
            return f"{first.part}, p. {first.page}" if first.page else first.part
        if first.page:
            pages = (first.page, last.page or first.page)
            return f"p. {pages[0]}" if pages[0] == pages[1] else f"pp. {pages[0]}–{pages[1]}"
        if first.line:
            return f"line {first.line + first.text.count(chr(10), 0, at)}"
        path = " › ".join(first.headings)
        paragraph = f"paragraph {first.paragraph}" if first.paragraph else ""
        return ", ".join(filter(None, (path, paragraph))) or "the document"

    def _line(self, index: int, offset: int) -> int | None:
        """The line at an offset in a block that has lines. Parts are mostly asked for in their
        order: lines are counted on from the last one, not from the beginning each time."""
        block = self._blocks[index]
        if not block.line:
            return None
        at, lines = self._counted.get(index, (0, 0))
        if at > offset:
            at, lines = 0, 0
        lines += block.text.count("\n", at, offset)
        self._counted[index] = (offset, lines)
        return block.line + lines

    def _at(self, offset: int) -> tuple[Block, int]:
        """The block that an offset lies in, and the offset within it."""
        index = self._index(offset)
        return self._blocks[index], offset - self._starts[index]

    def _index(self, offset: int) -> int:
        return max(0, bisect_right(self._starts, offset) - 1)
