"""The text a request brings, cut into sentences that can be quoted word for word."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import gcd
from typing import Any

LONGEST_SENTENCE = 400
LONG_TEXT = 4000
NO_TEXT = "No text was given."

# A line that sets text apart: a run of punctuation, with words or not, or a tag alone on its line.
_FENCE = re.compile(
    r"^[ \t]*(?:(?P<run>([`~=\-_|%$])\2{2,}|<{2,}|\[{2,}|\{{2,})[^\n]{0,200}?"
    r"|<(?P<slash>/?)(?P<tag>[A-Za-z][\w-]*)(?:\s[^<>\n]*)?>)[ \t]*$",
    re.MULTILINE,
)
_CLOSES = re.compile(r"\b(?:end|close|stop)|/", re.IGNORECASE)
_WORD = re.compile(r"[\w-]{4,}")
# A full stop after a capital or a title (Dr., St., J.) ends no sentence.
_STOP = r"(?:(?<!\b[A-Z])(?<!\b[A-Z][a-z])\.|[!?…])[\"'”\u2019)\]]*"
_WIDE_STOP = r"[\u3002\uff01\uff1f]"
# What a line is marked with: a bullet, `3.`, `4.2`, `(a)`, `[claim 12] (fact)`, a tag, `note:`.
_BULLET = r"[-*#>|+]+|\d+[.)]|\d+(?:\.\d+)+[.)]?|\([A-Za-z\d]{1,3}\)|[a-z]{3,20}:"
# Up to the end of a sentence, a blank line, the next marked line, the next line of code.
_SENTENCE = re.compile(
    rf"\S.*?(?:{_WIDE_STOP}|{_STOP}(?=\s+[^\Wa-z_]|\s+[\"'“(\[<]|\s*\n|\s*\Z)"
    rf"|(?=\n\s*(?:\n|[-*#>|+@<\[]|(?:{_BULLET})\s)|\n(?:\t| {{4}}))|\Z)",
    re.DOTALL,
)
_MARK = re.compile(
    rf"(?:(?:{_BULLET}|\[[^\[\]\n]{{1,80}}\](?: \([^()\n]{{1,80}}\))?|<[^<>\n]{{1,80}}>)\s+)+"
)
_CHANGED = re.compile(r"^\d+ [+-][ \t]*(\S[^\n]{9,})$", re.MULTILINE)
_LEADER = re.compile(r"(?:\. ?){5}")  # the dots of a table of contents
_ENDS_LIKE_A_SENTENCE = re.compile(rf"(?:{_STOP}|{_WIDE_STOP})\Z")


@dataclass(frozen=True)
class Span:
    """A sentence as offsets into the text, and what it is marked with."""

    start: int
    end: int
    mark: str = ""


class Source:
    """Sentences of `text`, numbered from 0; a number past the last one begins again.

    Numbers follow the text where it is short; in a long one neighbours are far apart, so that any
    few of them are from all over it.
    """

    def __init__(self, text: str) -> None:
        self._text = text if text.strip() else NO_TEXT
        self._spans = _worth_quoting(self._text) or [Span(0, len(self._text))]
        self.is_long = sum(span.end - span.start for span in self._spans) > LONG_TEXT
        self._step = _golden(len(self._spans)) if self.is_long else 1

    def __len__(self) -> int:
        return len(self._spans)

    def quote(self, index: int, least: int = 0, most: int | None = None) -> str:
        """A sentence word for word, of `least` to `most` characters as far as the text reaches."""
        return self._words(self._place(index), least, most)

    def _words(self, place: int, least: int = 0, most: int | None = None) -> str:
        span = self._spans[place % len(self._spans)]
        start = max(0, min(span.start, len(self._text) - least))
        found = self._text[start : max(span.end, start + least)]
        return found if most is None else _cut(found, least, most)

    def sentence(self, index: int, least: int = 0, most: int | None = None) -> str:
        """The same with white space made even, and repeated where the text is too short."""
        place = self._place(index)
        words = " ".join(self._words(place).split())
        while len(words) < least:
            place += 1
            words += " " + " ".join(self._words(place).split())
        return words if most is None else _cut(words, least, most)

    def label(self, name: str, index: int) -> str | None:
        """The value of `name="…"`, or of a line `name: …`, nearest before a sentence or its own.

        Here and below a plural finds its singular, too.
        """
        word = _spelled(name)
        found = rf'\b{word}=["\']([^"\'\n]+)|^[ \t]*{word}:[ \t]*(\S[^\n]*)$'
        return self._last(found, self._span(index).end)

    def number(self, name: str, index: int) -> int | None:
        """The number after `name`, as in `[page 3]`, `page: 3` or `page="3"`, nearest before."""
        number = rf"\b{_spelled(name)}\b[ \t]*[:=#]?[ \t]*[\"']?(\d{{1,9}})\b"
        found = self._last(number, self._span(index).start)
        return None if found is None else int(found)

    def marked(self, name: str, index: int) -> int | None:
        """The first sentence from `index` on that is marked with `name`, `[page 3]` or `page:`."""
        sentences = range(index, index + len(self._spans))
        word = re.compile(rf"\b{_spelled(name)}\b", re.IGNORECASE)
        return next((one for one in sentences if word.search(self._span(one).mark)), None)

    def named(self, values: Sequence[Any], index: int) -> Any:
        """The one of `values` that the mark of a sentence says last, None if it says none."""
        words = re.findall(r"\w+", self._span(index).mark.lower())
        said = (value for word in reversed(words) for value in values if str(value).lower() == word)
        return next(said, None)

    def _place(self, index: int) -> int:
        return index * self._step % len(self._spans)

    def _span(self, index: int) -> Span:
        return self._spans[self._place(index)]

    def _last(self, pattern: str, end: int) -> str | None:
        found = list(re.finditer(pattern, self._text[:end], re.IGNORECASE | re.MULTILINE))
        return next(filter(None, found[-1].groups())).strip() if found else None


def _golden(count: int) -> int:
    """A step that comes to each of `count` places, about their golden section."""
    step = round(count * 0.618) or 1
    return next(one for one in range(step, count + step) if gcd(one, count) == 1)


def _spelled(name: str) -> str:
    words = r"[ _-]".join(map(re.escape, name.split("_")))
    return f"{words}?" if name.endswith("s") else words


def _cut(words: str, least: int, most: int) -> str:
    if len(words) <= most:
        return words
    shorter = words[: most + 1].rsplit(None, 1)[0]
    return shorter if least <= len(shorter) <= most else words[:most]


def _worth_quoting(text: str) -> list[Span]:
    fenced = _fenced(text)
    if changed := [span for start, end in fenced for span in _changed(text, start, end)]:
        return changed
    spans = [span for start, end in fenced for span in _sentences(text, start, end)]
    full = [span for span in spans if _is_full(text[span.start : span.end])]
    if len(full) >= 3:
        return full
    return [span for span in spans if len(text[span.start : span.end].split()) > 1] or spans


def _changed(text: str, start: int, end: int) -> Iterator[Span]:
    """The changed lines of a diff with line numbers: what there is to talk about in it."""
    for found in _CHANGED.finditer(text, start, end):
        yield Span(*found.span(1))


def _is_full(words: str) -> bool:
    if len(words) < 20 or len(words.split()) <= 3 or _LEADER.search(words):
        return False
    return bool(_ENDS_LIKE_A_SENTENCE.search(words))


def _sentences(text: str, start: int, end: int) -> Iterator[Span]:
    for found in _SENTENCE.finditer(text[:end], start):
        mark = _MARK.match(found[0])
        marks = mark[0] if mark else ""
        first = found.start() + len(marks)
        words = text[first : found.end()].rstrip()
        # What has no full stop for so long is code, a table or a list: its lines are its sentences.
        lines = words.splitlines(keepends=True) if len(words) > LONGEST_SENTENCE else [words]
        for line in lines:
            if any(letter.isalnum() for letter in line):
                yield Span(first, first + len(_cut(line.rstrip(), 1, LONGEST_SENTENCE)), marks)
            first += len(line)


def _fenced(text: str) -> list[tuple[int, int]]:
    """The parts of `text` between its longest fences, or all of it."""
    pairs = sorted(_pairs(text), key=lambda pair: _key(pair[0]))
    kinds = [list(kind) for _, kind in groupby(pairs, key=lambda pair: _key(pair[0]))]
    chosen = [kind for kind in kinds if _sets_apart(kind, len(text))]
    if not chosen:
        return [(0, len(text))]
    longest = max(chosen, key=lambda kind: (len(kind[0][0][0]), _inside(kind)))
    return [(opening.end(), closing.start()) for opening, closing in longest]


_Pair = tuple[re.Match[str], re.Match[str]]


def _pairs(text: str) -> Iterator[_Pair]:
    opened: dict[str, re.Match[str]] = {}
    for line in _FENCE.finditer(text):
        opening = opened.get(_key(line))
        if opening is not None and _closes(line, opening):
            del opened[_key(line)]
            yield opening, line
        elif opening is None and not line["slash"]:
            opened[_key(line)] = line


def _key(line: re.Match[str]) -> str:
    return line["run"] or line["tag"]


def _closes(line: re.Match[str], opening: re.Match[str]) -> bool:
    if line["tag"]:
        return bool(line["slash"])
    if line[0].strip() == line["run"] or line[0] == opening[0]:
        return True
    shared = set(_WORD.findall(line[0])) & set(_WORD.findall(opening[0]))
    return bool(shared) and bool(_CLOSES.search(line[0]))


def _sets_apart(kind: Iterable[_Pair], total: int) -> bool:
    """Whether these fences hold the material: they have a name, or most of the text is inside.

    Otherwise they are part of it, as the code blocks and rules of a Markdown document are.
    """
    pairs = list(kind)
    named = len(re.findall(r"[^\W_]", pairs[0][0][0])) >= 6
    return any(opening.end() < closing.start() for opening, closing in pairs) and (
        named or _inside(pairs) * 2 > total
    )


def _inside(pairs: Iterable[_Pair]) -> int:
    return sum(closing.start() - opening.end() for opening, closing in pairs)
