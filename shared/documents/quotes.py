"""Finding a quote in the text it claims to come from, so that the source's own words are delivered.

A quote and the text may differ in how they are set (see folding) and in nothing else: there is no
likeness that counts as equal, as a word, a number or a `not` makes another statement. What cannot
be found is not there.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from shared.documents.boundaries import is_bound, is_unspaced
from shared.documents.extract import CLOSE, OPEN
from shared.documents.normalization import Hyphen, NormalForm

LEAST_WORDS = 3
LEAST_LETTERS = 12  # of a quote of fewer words; one of a script without spaces counts for two
MAX_OMITTED = 300  # characters that an ellipsis within a quote may stand for
MAX_QUOTE = 10_000
_MAX_TRIES = 10_000  # places looked at for one quote: text and quote may be made to tire

# What a model puts around a quote; the second reads from the end.
_LEADING = re.compile(r"(?:[ ']|- (?!\d)|\.\.\.|\[\.\.\.\]|\(\.\.\.\))*")
_TRAILING = re.compile(r"(?:[ ']|- |\.\.\.|\]\.\.\.\[|\)\.\.\.\()*")
_ELLIPSIS = re.compile(r" ?(?:\[\.\.\.\]|\(\.\.\.\)|\.\.\.) ?")
_THOUSANDS = re.compile("[0-9][\u00a0\u2009\u202f][0-9]")  # spaces that stand within numbers
_CELL_ENDS = re.compile(r"[\n\f\t|]")


class Span(NamedTuple):
    """Offsets in characters; `text[start:end]` are the source's words."""

    start: int
    end: int


class _Part(NamedTuple):
    """A part of a quote that must stand in the text without a gap."""

    text: str
    hyphens: dict[int, Hyphen]

    def cut(self, start: int, end: int) -> "_Part":
        inside = {at - start: hyphen for at, hyphen in self.hyphens.items() if start < at < end}
        return _Part(self.text[start:end], inside)

    @property
    def words(self) -> float:
        """Two characters of a script without spaces count for a word."""
        unspaced = sum(map(is_unspaced, self.text))
        spaced = sum(any(map(_is_spaced_letter, word)) for word in self.text.split())
        return spaced + unspaced / 2

    @property
    def is_short(self) -> bool:
        return self.words < LEAST_WORDS and sum(map(str.isalnum, self.text)) < LEAST_LETTERS


class Folded:
    """A text in which many quotes are looked up."""

    def __init__(self, text: str) -> None:
        self._original = text
        self._form = NormalForm(text)

    def find(self, quote: str, near: tuple[int, int] | None = None) -> Span | None:
        """Where the quote stands: whole words, without the quote marks, ellipses and the last full
        stop or comma that the text has not. Within the offsets `near` first, if it is there.

        A quote of less than three words and twelve letters counts only as a whole line or cell. An
        ellipsis within the quote may stand for up to 300 characters, which the span covers, between
        parts of three words or more.
        """
        if len(quote) > MAX_QUOTE:
            return None
        form = NormalForm(quote)
        whole = _unwrap_part(_Part(form.text, form.hyphens))
        stopless = whole.cut(0, len(whole.text.rstrip(" .,;:")))
        areas = [(0, len(self._form.text))]
        if near:
            areas.insert(0, (self._form.fold_offset(near[0]), self._form.fold_offset(near[1])))
        for parts in ([whole], [stopless], _parts(whole)):
            for area in areas if parts and parts[0].text else []:
                if span := self._find(parts, *area):
                    return span
        return None

    def _find(self, parts: list[_Part], start: int, end: int) -> Span | None:
        first, *others = parts
        for at in self._places(first, start, end):
            until: int | None = at + len(first.text)
            for part in others:
                until = until and self._next(part, until)
            found = until and self._form.original(at, until)
            if found and self._counts(parts, *found):
                return Span(*found)
        return None

    def _next(self, part: _Part, after: int) -> int | None:
        """Where the next place of a part ends, if it is near enough."""
        limit = after + MAX_OMITTED + len(part.text)
        return next((at + len(part.text) for at in self._places(part, after, limit)), None)

    def _places(self, part: _Part, start: int, end: int) -> Iterator[int]:
        text, at = self._form.text, start - 1
        for _ in range(_MAX_TRIES):
            at = text.find(part.text, at + 1, end)
            if at < 0:
                return
            if self._stands(part, at):
                yield at

    def _stands(self, part: _Part, start: int) -> bool:
        """Whether a part begins and ends where words do, and has the hyphens of the text."""
        # A hyphen that one side alone has may be the line's, but not one within a word or number.
        end = start + len(part.text)
        there = self._form.hyphens_within(start, end)
        bounds = there.pop(0, None), there.pop(len(part.text), None)
        differing = {
            at: there.get(at) or part.hyphens[at] for at in there.keys() ^ part.hyphens.keys()
        }
        if Hyphen.LETTER in differing.values():
            return False
        return all(
            is_bound(self._form.text, at) if hyphen is None else hyphen is Hyphen.SPACE
            for at, hyphen in zip((start, end), bounds, strict=True)
        )

    def _counts(self, parts: list[_Part], start: int, end: int) -> bool:
        """Whether a place holds whole numbers, and enough to tell it from others."""
        text = self._original
        if OPEN in text[start:end] or text.rfind(OPEN, 0, start) > text.rfind(CLOSE, 0, end):
            return False
        if _cuts_thousands(text, start) or _cuts_thousands(text, end):
            return False
        if len(parts) > 1 or not parts[0].is_short:
            return True
        cells = [*_CELL_ENDS.finditer(text, max(0, start - MAX_OMITTED), start)]
        before = text[cells[-1].end() if cells else max(0, start - MAX_OMITTED) : start]
        after = _CELL_ENDS.split(text[end : end + MAX_OMITTED], maxsplit=1)[0]
        return not any(map(str.isalnum, before + after))


def _unwrap_part(part: _Part) -> _Part:
    leading, trailing = _LEADING.match(part.text), _TRAILING.match(part.text[::-1])
    start = leading.end() if leading else 0
    end = len(part.text) - (trailing.end() if trailing else 0)
    return part.cut(start, max(start, end))


def _parts(whole: _Part) -> list[_Part]:
    """The parts between ellipses; none when one of them says too little."""
    gaps = [match.span() for match in _ELLIPSIS.finditer(whole.text)]
    starts, ends = [0, *(end for _, end in gaps)], [*(start for start, _ in gaps), None]
    parts = [
        whole.cut(start, len(whole.text) if end is None else end)
        for start, end in zip(starts, ends, strict=True)
    ]
    return parts if gaps and all(part.words >= LEAST_WORDS for part in parts) else []


def _is_spaced_letter(char: str) -> bool:
    return char.isalnum() and not is_unspaced(char)


def _cuts_thousands(text: str, at: int) -> bool:
    """`10 | 000` with a space that only numbers have."""
    around = text[max(0, at - 2) : at + 2]
    return bool(_THOUSANDS.search(around))
