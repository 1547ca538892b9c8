"""Cutting a text into pieces for a model: along the structure of the document as far as it goes,
and within what is too long at the best places that semchunk finds."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple, cast

from semchunk.semchunk import chunk

from shared.documents.extract import Extract
from shared.documents.tokens import estimate

LEAST_ROOM = 16
_PORTION = 1_000_000  # characters that semchunk is given: it takes many times their memory
_MAX_CHARACTERS = 8  # a token, when a place for the overlap is looked for
_BOUNDS = (re.compile(r"\n\s*|[.!?]['\"”’)\]]*\s+|[。！？]\s*"), re.compile(r"\s+"))
# semchunk goes one recursion deeper for each kind of gap, and time and stack with it. A few kinds
# are left: gaps of either lines or blanks, and none so long that it is no bound by itself.
_BLANKS = filter(str.isspace, map(chr, range(0x3001)))
_LEVEL = {ord(blank): "\n" if blank.splitlines() == [""] else " " for blank in _BLANKS}
_WITHOUT_LONG_GAPS = re.compile(r"\S+(?:\s{1,11}\S+)*")


class Chunk(NamedTuple):
    """Offsets in characters into the text of the extract; no white space at either end. `headings`
    are those above its first block, outermost first."""

    start: int
    end: int
    headings: list[str]


class _Piece(NamedTuple):
    """A stretch that is not cut further. `goes_on` says whether the section began before it."""

    start: int
    end: int
    headings: list[str]
    goes_on: bool


def cut_chunks(extract: Extract, budget: int, overlap: int) -> list[Chunk]:
    """The chunks of an extract, in order: of at most `budget` tokens, up to `overlap` of which
    repeat the end of the chunk before. Nothing but white space is left out.

    Sections and blocks stay whole when they fit. An overlap begins with a sentence or line, else
    with a word; there is none where a section begins. Raises ValueError when the overlap leaves
    less than `LEAST_ROOM` tokens of the budget.
    """
    text, room = extract.text, budget - overlap
    if overlap < 0 or room < LEAST_ROOM:
        raise ValueError(f"the budget must leave {LEAST_ROOM} tokens beside the overlap")
    chunks: list[Chunk] = []
    for pieces in _pack_pieces(text, _pieces(extract, text, room), room):
        start, end = pieces[0].start, pieces[-1].end
        if pieces[0].goes_on and chunks:
            start = _overlap(text, chunks[-1].start + 1, start, overlap)
        chunks.append(Chunk(start, end, pieces[0].headings))
    return chunks


def _pieces(extract: Extract, text: str, room: int) -> Iterator[_Piece]:
    at = 0
    for headings, section in groupby(extract.blocks, key=lambda block: block.headings):
        lengths = [len(block.text) for block in section]
        end, goes_on = at + sum(lengths), False
        if estimate(text[at:end]) <= room:
            lengths = [end - at]
        for length in lengths:
            for start, stop in _cut(text, at, at + length, room):
                yield _Piece(start, stop, headings, goes_on)
                goes_on = True
            at += length


def _cut(text: str, start: int, end: int, room: int) -> Iterator[tuple[int, int]]:
    """The parts of a block; itself if it fits."""
    if estimate(text[start:end]) <= room:
        yield from _tight(text, start, end)
        return
    for begin, stop in _portions(text, start, end):
        for stretch in _WITHOUT_LONG_GAPS.finditer(text[begin:stop].translate(_LEVEL)):
            parts = chunk(stretch[0], room, estimate, memoize=False, offsets=True)[1]
            at = begin + stretch.start()
            for first, last in cast("list[tuple[int, int]]", parts):
                yield from _tight(text, at + first, at + last)


def _portions(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A long block in portions that end with a line or, where there is none, with a word."""
    while end - start > _PORTION:
        limit = start + _PORTION
        stop = text.rfind("\n", start, limit) + 1 or text.rfind(" ", start, limit) + 1 or limit
        yield start, stop
        start = stop
    yield start, end


def _tight(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A part without the white space at its ends, if there is more in it."""
    part = text[start:end].lstrip()
    if part:
        yield end - len(part), end - len(part) + len(part.rstrip())


def _pack_pieces(text: str, pieces: Iterable[_Piece], room: int) -> Iterator[list[_Piece]]:
    """As many pieces together as there is room for."""
    pack: list[_Piece] = []
    tokens = 0
    for piece in pieces:
        if pack and (more := tokens + estimate(text[pack[-1].end : piece.end])) <= room:
            tokens = more
        else:
            if pack:
                yield pack
            pack, tokens = [], estimate(text[piece.start : piece.end])
        pack.append(piece)
    if pack:
        yield pack


def _overlap(text: str, least: int, start: int, overlap: int) -> int:
    """Where a chunk begins that repeats something of what stands before `start`."""
    least = max(least, start - overlap * _MAX_CHARACTERS)
    for bound in _BOUNDS:
        places = [match.end() for match in bound.finditer(text, least, start)]
        fits = bisect_left(places, -overlap, key=lambda at: -estimate(text[at : start + 1]))
        if fits < len(places) and places[fits] < start:
            return places[fits]
    return start
