"""Columns of prose that a PDF's page writes row by row, so that their lines come mixed: in which
order the pieces of its text are to be read.

A table is written so, too, and stays: what tells prose is that its lines are full, and go on in the
next line of their column in the middle of a sentence.
"""

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice

from pypdfium2 import PdfTextPage

from shared.documents.pdf.drawn import Box

_MAX_LINES = 1_000
_LEAST_ROWS = 4
_LEAST_WIDTH = 8.0  # of the height of its lines
_LEAST_GUTTER = 0.5  # the same
_FULL = 0.85  # of the widest line of the column
_LEAST_FULL = 0.6
_LEAST_GOING_ON = 0.4

Piece = tuple[int, int]
Numbers = Sequence[int]


class _Lines:
    """The lines of a page as they are written, by number. What they say is looked for only where
    they stand like columns, as that takes its time."""

    def __init__(self, text: str, textpage: PdfTextPage) -> None:
        self._text, self._textpage = text, textpage
        count = textpage.count_rects()
        looked_at = range(count if count <= _MAX_LINES else 0)
        self.boxes = [Box(*textpage.get_rect(at)) for at in looked_at]

    @cached_property
    def pieces(self) -> list[Piece]:
        """Where each stands in the text; none where they cannot be told from each other."""
        seen = [at for at, char in enumerate(self._text) if not char.isspace()]
        found, taken = [], 0
        for box in self.boxes:
            letters = "".join(self._textpage.get_text_bounded(*box).split())
            places = seen[taken : taken + len(letters)]
            if not letters or "".join(self._text[at] for at in places) != letters:
                return []
            taken += len(letters)
            found.append((places[0], places[-1] + 1))
        return found if taken == len(seen) else []

    def list_rows(self) -> Iterator[Numbers]:
        """Lines that stand beside each other."""
        row: list[int] = []
        for number, box in enumerate(self.boxes):
            if row and not _is_beside(self.boxes[row[-1]], box):
                yield row
                row = []
            row.append(number)
        if row:
            yield row

    def is_apart(self, above: Numbers, below: Numbers) -> bool:
        """Whether there is room for a line between two rows."""
        low = min(self.boxes[number].low for number in above)
        high = max(self.boxes[number].high for number in below)
        return low - high > _height(self.boxes[above[0]])

    def is_prose(self, column: Numbers) -> bool:
        """Whether these lines are full, and most begin within a sentence: with a small letter, or
        one of a script that has no other."""
        boxes = [self.boxes[number] for number in column]
        width = max(map(_width, boxes))
        full = sum(_width(box) >= _FULL * width for box in boxes)
        if (
            len(column) < _LEAST_ROWS - 1
            or width < _LEAST_WIDTH * max(map(_height, boxes))
            or full < _LEAST_FULL * len(column)
            or not self.pieces
        ):
            return False
        firsts = [self._text[self.pieces[number][0]] for number in column[1:]]
        going_on = sum(first.isalpha() and not first.isupper() for first in firsts)
        return going_on >= _LEAST_GOING_ON * len(firsts)


def order_pieces(text: str, textpage: PdfTextPage) -> list[Piece]:
    """The pieces of the text of the page in the order in which they are read, each from its first
    character to behind its last; the whole of it where nothing is mixed."""
    lines = _Lines(text, textpage)
    rows = list(lines.list_rows())
    order: list[Numbers] = []
    at = 0
    while at < len(rows):
        columns, count = _find_prose(rows[at:], lines)
        order += [[number] for column in columns for number in column] or [rows[at]]
        at += count
    if len(order) == len(rows):
        return [(0, len(text))]
    return [(lines.pieces[row[0]][0], lines.pieces[row[-1]][1]) for row in order]


def _find_prose(rows: Sequence[Numbers], lines: _Lines) -> tuple[list[list[int]], int]:
    """The columns of prose that the first row begins, and of how many rows they are; a table that
    stands below them is none of them. No columns and one row where it begins none."""
    if len(rows[0]) < 2:
        return [], 1
    tries = [_collect_columns(rows, lines)]
    gaps = (at for at in range(1, tries[0][1]) if lines.is_apart(rows[at - 1], rows[at]))
    tries += [_collect_columns(rows[:at], lines) for at in islice(gaps, 1)]
    for columns, count in tries:
        if count >= _LEAST_ROWS and all(map(lines.is_prose, columns)):
            return columns, count
    return [], 1


def _collect_columns(rows: Sequence[Numbers], lines: _Lines) -> tuple[list[list[int]], int]:
    """The columns that the first row begins, and of how many rows they are. A row belongs to them
    while each of its lines stays within one; the last ones may be shorter."""
    columns = [[number] for number in rows[0]]
    spans = [(lines.boxes[number].left, lines.boxes[number].right) for number in rows[0]]
    for count, row in enumerate(rows[1:], 1):
        boxes = [lines.boxes[number] for number in row]
        found = [at for box in boxes if (at := _find_column(spans, box)) is not None]
        if len(set(found)) < len(row):
            return columns, count
        for at, number, box in zip(found, row, boxes, strict=True):
            columns[at].append(number)
            spans[at] = min(spans[at][0], box.left), max(spans[at][1], box.right)
    return columns, len(rows)


def _find_column(spans: Sequence[tuple[float, float]], box: Box) -> int | None:
    """The only one that a line lies in, of all from left to right."""
    found = [at for at, (left, right) in enumerate(spans) if box.left < right and left < box.right]
    return found[0] if len(found) == 1 else None


def _is_beside(left: Box, right: Box) -> bool:
    """Whether one stands at the right of the other, a gutter between them."""
    height = min(_height(left), _height(right))
    shared = min(left.high, right.high) - max(left.low, right.low)
    return shared > height / 2 and right.left - left.right > _LEAST_GUTTER * height


def _width(box: Box) -> float:
    return box.right - box.left


def _height(box: Box) -> float:
    return box.high - box.low
