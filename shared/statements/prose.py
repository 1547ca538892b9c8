"""Which parts of a Markdown text are prose, where its sentences end, and how many words it has.

All offsets are characters of the text itself: what is no prose is covered with blanks, so that
whatever is found in the rest stands at the same place in the text. Its lines end with `\\n` alone,
as `with_newlines` makes them.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from html import unescape
from itertools import accumulate
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token

from shared.documents.boundaries import HAN
from shared.documents.quotes import Span
from shared.text.remembering import remember_texts

CITATION = re.compile(r"\[@\d{1,6}(?:\s*[,;]\s*@?\d{1,6})*\]")
"""`[@3]`, `[@3, @7]`: the claims that a sentence rests on, by number."""

_SHOWN = ("text", "text_special", "code_inline")
_MAX_NESTING = 100
_INLINE_CODE = re.compile(r"(?<!`)(`+)(?!`)(?:[^\n]|\n(?!\s*\n))+?(?<!`)\1(?!`)")
_TARGET = re.compile(r"(?<=\])\((?:<[^<>\n]*>|[^()\s]*)(?:\)|(?=\s+[\"'(]))")
_AMOUNT = re.compile(
    r"`+\W*(?:[€£]\s?\d[\d.,]*|[$]\s?\d[\d.,]+"
    r"|\d[\d.,]*\s?(?:%|[€$£]|per ?cent|euros?|dollars?|EUR|USD))\W*`+"
)
_NUMBERING = re.compile(r"^[ \t>]*(?:[-*+][ \t]+)?(?:#{1,6}[ \t]+)?\d+(?:\.\d+)*[.)](?=\s)", re.M)
_HEADING = re.compile(r"^ {0,3}#{1,6}(?=[ \t]|$)")
_UNSPACED = re.compile(f"[{HAN}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(r"[^\W_](?:[\w'’.,/-]*[^\W_])?")

_ITEM = re.compile(r"[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]+")
_ROW = re.compile(r"[ \t>]*\|")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|e\.g|i\.e|cf|vs|etc|approx|ca|al|no|nos|fig|figs|eq|sec|ch|vol|pp?|ed|eds|st"
    r"|dr|mr|mrs|ms|prof|inc|ltd|corp|co|jr|sr|dept|est|mio|mrd|bzw|usw|vgl|z\.b|d\.h|u\.a))\.$",
    re.I,
)
_STOP = re.compile(
    r"(?:[.!?…]+[\"'”’)\]*_]*(?:\s*\[@[\d@,; ]+\])*(?=\s|$)"
    r"|[。！？]+[」』”]*(?:\s*\[@[\d@,; ]+\])*)"
)


class CodeBlock(NamedTuple):
    """A block of code: `language` is the first word after its fence, in small letters; it is not
    `closed` when the text ends before its fence does. `start` and `end` are that of the block with
    its fences."""

    language: str
    code: str
    start: int
    end: int
    closed: bool


class Heading(NamedTuple):
    """`title` is what is read, `markup` how it is written; `start` and `end` are those of its
    lines."""

    level: int
    title: str
    markup: str
    start: int
    end: int


class _Structure(NamedTuple):
    """What the parser tells of a text; headings and block quotes in order."""

    code_blocks: tuple[CodeBlock, ...]
    headings: tuple[Heading, ...]
    block_quotes: tuple[Span, ...]


def with_newlines(text: str) -> str:
    """The text with `\\n` for every kind of line end."""
    return "\n".join(text.splitlines())


def with_characters(text: str) -> str:
    """The text, outside blocks of code, with the characters that HTML entities (`&#37;`, also those
    within entities) stand for, as they are what a reader sees."""
    pieces, at = [], 0
    for block in code_blocks(text):
        pieces += [_unescape(text[at : block.start]), text[block.start : block.end]]
        at = block.end
    return with_newlines("".join([*pieces, _unescape(text[at:])]))


def _unescape(text: str) -> str:
    while (once := unescape(text)) != text:
        text = once
    return text


def code_blocks(text: str) -> list[CodeBlock]:
    """The blocks of code in a Markdown text, as CommonMark reads them."""
    return list(_parse(text).code_blocks)


def headings(text: str) -> list[Heading]:
    """The headings of a Markdown text, in order."""
    return list(_parse(text).headings)


def block_quotes(text: str) -> list[Span]:
    """The block quotes of a Markdown text, with their marks; one within another is part of it."""
    return list(_parse(text).block_quotes)


@remember_texts
def _parse(text: str) -> _Structure:
    tokens = list(_tokens(text))
    return _Structure(
        tuple(_read_code_blocks(text, tokens)),
        tuple(_read_headings(tokens)),
        tuple(_read_block_quotes(text, tokens)),
    )


_Placed = tuple[Token, int, int]
"""A token, and the offsets of its lines."""


def _tokens(text: str) -> Iterator[_Placed]:
    starts = list(accumulate((len(line) + 1 for line in text.split("\n")), initial=0))
    for token in _parser().parse(text):
        if token.map is not None:
            first, last = (min(line, len(starts) - 1) for line in token.map)
            yield token, starts[first], min(starts[last], len(text))


def _read_code_blocks(text: str, tokens: Iterable[_Placed]) -> Iterator[CodeBlock]:
    lines = text.split("\n")
    for token, start, end in tokens:
        if token.type in ("fence", "code_block"):
            language = (token.info.split() or [""])[0].lower()
            last = lines[text.count("\n", 0, max(start, end - 1))].strip(" \t>")
            closed = token.type == "code_block" or _closes(last, token)
            yield CodeBlock(language, token.content, start, end, closed)


def _read_headings(tokens: Sequence[_Placed]) -> Iterator[Heading]:
    inlines = {start: inline for inline, start, _ in tokens if inline.type == "inline"}
    for token, start, end in tokens:
        if token.type == "heading_open":
            title, markup = _read(inlines[start]), inlines[start].content
            yield Heading(int(token.tag[1:]), title, markup, start, end)


def _read(inline: Token) -> str:
    shown = (one.content for one in inline.children or () if one.type in _SHOWN)
    return "".join(shown)


def _read_block_quotes(text: str, tokens: Iterable[_Placed]) -> Iterator[Span]:
    last = 0
    for token, start, end in tokens:
        if token.type == "blockquote_open" and start >= last:
            last = start + len(text[start:end].rstrip())
            yield Span(start, last)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "maxNesting": _MAX_NESTING}).enable("table")


def _closes(last: str, fence: Token) -> bool:
    """Whether a block's last line is its closing fence, and not its only one."""
    return (
        last.startswith(fence.markup)
        and not last.strip(fence.markup[0])
        and ((fence.map or [0, 0])[1] - (fence.map or [0, 0])[0] > 1)
    )


def without_code(text: str, *, spans: bool = False) -> str:
    """The text with blanks for blocks of code and, if wanted, for spans of it within lines: an
    amount that is only dressed as code (`37 %`) is none."""
    text = _cover(text, [(block.start, block.end) for block in code_blocks(text)])
    found = _INLINE_CODE.finditer(text) if spans else ()
    return _cover(text, [one.span() for one in found if not _AMOUNT.fullmatch(one[0])])


@remember_texts
def prose(text: str) -> str:
    """The text with blanks for what is no prose: code, targets of links, numbering, citations."""
    text = without_code(text, spans=True)
    for pattern in (CITATION, _TARGET, _NUMBERING):
        text = _cover(text, [match.span() for match in pattern.finditer(text)])
    return text


def count_words(text: str) -> int:
    """The words of a Markdown text, without blocks of code, citations and targets of links. Two
    characters of a script that puts no space between words are one word."""
    text = without_code(text)
    for pattern in (CITATION, _TARGET):
        text = _cover(text, [match.span() for match in pattern.finditer(text)])
    unspaced = len(_UNSPACED.findall(text))
    return len(_WORD.findall(_UNSPACED.sub(" ", text))) + (unspaced + 1) // 2


def sentences(text: str) -> list[Span]:
    """The sentences of a Markdown text, with the citations behind them: rows of tables, items of
    lists and lines that stand alone count as at least one each; code is none."""
    covered = without_code(text)
    found: list[Span] = []
    for start, end in _stretches(covered):
        found += _split(covered, start, end)
    return found


def split_sentences(text: str) -> list[Span]:
    """Where the sentences of a plain text stand, in time that grows with its length alone."""
    return list(_split(text, 0, len(text)))


def blocks(text: str) -> list[Span]:
    """The paragraphs, lists and tables of a Markdown text: what blank lines set apart."""
    covered = without_code(text)
    return [Span(*match.span()) for match in re.finditer(r"\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", covered)]


def _cover(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += text[at:start], re.sub(r"\S", " ", text[start:end])
        at = end
    return "".join([*pieces, text[at:]])


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Lines that go together: each heading, item and row begins a stretch, a blank line ends it."""
    begin, at = None, 0
    for line in re.split(r"(?<=\n)", text):
        alone = _ROW.match(line) or _HEADING.match(line)
        opens = alone or _ITEM.match(line) or not line.strip()
        if begin is not None and opens:
            yield begin, at
            begin = None
        if begin is None and line.strip():
            begin = at
        at += len(line)
        if alone and begin is not None:
            yield begin, at
            begin = None
    if begin is not None:
        yield begin, at


def _split(text: str, start: int, end: int) -> Iterator[Span]:
    if _ROW.match(text, start, end):
        yield _tight(text, start, end)
        return
    item = _ITEM.match(text, start, end)
    at = item.end() if item else start
    for stop in _STOP.finditer(text, at, end):
        if _ABBREVIATION.search(text[max(at, stop.start() - 12) : stop.start() + 1]):
            continue
        yield _tight(text, at, stop.end())
        at = stop.end()
    if text[at:end].strip():
        yield _tight(text, at, end)


def _tight(text: str, start: int, end: int) -> Span:
    part = text[start:end].lstrip()
    begin = end - len(part)
    return Span(begin, begin + len(part.rstrip()))
