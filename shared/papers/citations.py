"""What a text cites: the claims that it was given, `[@3]`, and anything else that passes for a
reference, which nobody can have given it."""

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from shared.documents.normalization import NormalForm
from shared.documents.quotes import LEAST_WORDS, Folded, Span
from shared.papers.prose import CITATION, prose, without_code

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_NAME = r"[A-ZÀ-Þ][\w’'-]+"
_NAMES = rf"(?:{_NAME}(?:,?[ ](?:and|&|und)[ ]{_NAME}|,?[ ]et[ ]al\.?|,[ ]{_NAME})*)"
_YEAR = r"(?:1[89]|20)\d\d[a-z]?"
_FOREIGN = re.compile(
    rf"""
      \[\d{{1,4}}(?:\s*[,;–-]\s*\d{{1,4}})*(?:,\ pp?\.\ ?\d+)?\\?\](?!\() # [12]
    | \[\^[^\]\s]+\]                                                     # [^1]
    | \[@?[A-Za-z][^\[\]\n]{{0,60}},?\ {_YEAR}\\?\]                         # [Smith 2020]
    | \((?:see\ |cf\.\ |e\.g\.,?\ )?{_NAMES},?\ (?:{_YEAR}|n\.d\.)[^()\n]{{0,120}}\)
    | \b{_NAMES}\ \({_YEAR}(?:,\ pp?\.\ ?\d+)?\)
    | \bet\ al\b\.?
    | \b(?:doi:\s?|arXiv:\s?)\S+ | \b10\.\d{{4,9}}/\S+ | \bISBN[:\ ]\s?[\d-]+
    | \b(?:https?\\?:\\?/\\?/|www\\?\.)[^\s<>()\[\]"'`]+
    | \b[Vv]ol\.\ ?\d+ | \b[Nn]o\.\ ?\d+,\ (?:pp?\.|{_YEAR}) | \bpp\.\ ?\d+
    | \bibid\b\.?
    """,
    re.X,
)
_ATTRIBUTION = re.compile(
    rf"(?i:according to|as (?:reported|shown|noted|stated) (?:by|in)|\b(?:stud(?:y|ies)"
    rf"|reports?|surveys?|research|analys[ie]s|papers?|articles?) (?:by|from|in|at)) (?:the )?"
    rf"(?P<name>(?!(?:Sections?|Tables?|Figures?|Chapters?|Appendix)\b){_NAME}(?: {_NAME})*)"
    rf"|\b(?:[Aa]n?|[Tt]he) (?P<maker>{_NAME}(?: {_NAME})*) (?:study|report|survey|paper|article)\b"
)
_QUOTED = re.compile(
    r"“([^“”\n]{1,2000})”|\u2018([^\u2018\u2019\n]{1,2000})\u2019|„([^„“”\n]{1,2000})[“”]|«([^«»\n]{1,2000})»"
    r"|(?<![\w\"])\"([^\"\n]{1,2000})\""
)
_TARGET = re.compile(r"\]\(\s*<?([^()\s<>]+)")


class Citation(NamedTuple):
    """`numbers` are those of the claims that stand together in one pair of brackets."""

    numbers: tuple[int, ...]
    start: int
    end: int


def citations(text: str) -> list[Citation]:
    """The claims that a Markdown text cites, in order."""
    found = CITATION.finditer(without_code(text, spans=True))
    return [Citation(tuple(map(int, _NUMBER.findall(one[0]))), *one.span()) for one in found]


def cited(text: str) -> list[int]:
    """The numbers of the claims that a text cites, each once, in order."""
    return list(dict.fromkeys(number for one in citations(text) for number in one.numbers))


def unknown(text: str, known: Collection[int]) -> list[Span]:
    """The citations of claims that the writer was not given."""
    return [
        Span(one.start, one.end)
        for one in citations(text)
        if not all(number in known for number in one.numbers)
    ]


def foreign(text: str, allowed: str) -> list[Span]:
    """References to what no claim stands for: years behind names, numbers in brackets, addresses,
    identifiers, statements that are put into somebody's mouth. What stands in `allowed`, the words
    of those who asked and of the sources, was not invented."""
    covered, known = prose(text), _folded(allowed)
    found = [Span(*one.span()) for one in _FOREIGN.finditer(covered)]
    links = (one.span(1) for one in _TARGET.finditer(without_code(text, spans=True)))
    found += [Span(*span) for span in links if text[span[0]] != "#"]
    found += _attributions(covered)
    return sorted(one for one in found if _folded(text[one.start : one.end]) not in known)


def quotes(text: str) -> list[Span]:
    """The passages of a Markdown text that stand in quotation marks, without these: of three words
    or more, as fewer set off a term."""
    found = []
    for match in _QUOTED.finditer(prose(text)):
        start, end = match.span(match.lastindex or 0)
        if len(text[start:end].split()) >= LEAST_WORDS:
            found.append(Span(start, end))
    return found


def unfounded(text: str, sources: Collection[str]) -> list[Span]:
    """The quotes in a Markdown text that stand in none of these texts, word for word."""
    said = quotes(text)
    known = [Folded(source) for source in sources] if said else []
    return [
        one for one in said if not any(source.find(text[one.start : one.end]) for source in known)
    ]


def _attributions(covered: str) -> Iterator[Span]:
    """The names that are said to have said something."""
    for match in _ATTRIBUTION.finditer(covered):
        yield Span(*match.span("name" if match["name"] else "maker"))


def _folded(text: str) -> str:
    """The words alone, so that it does not matter what stands around them."""
    return f" {' '.join(_WORD.findall(NormalForm(text).text))} "
