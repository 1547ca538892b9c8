"""What a text cites: the claims that it was given, `[@3]`, and anything else that passes for a
reference, which nobody can have given it."""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from shared.documents.normalization import NormalForm
from shared.documents.quotes import LEAST_WORDS, Folded, Span
from shared.papers.attributions import INTERNAL, NAME, NAMES, attributions
from shared.statements.prose import CITATION, block_quotes, count_words, prose, without_code
from shared.statements.quotations import find_quoted
from shared.text.remembering import remember_texts

_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"\w+")
_YEAR = r"(?:1[89]|20)\d\d[a-z]?"
_UNDATED = r"(?:n\.d\.|forthcoming|in\ press|unpublished|undated|to\ appear|o\.\ ?J\.|s\.\ ?[fd]\.)"
_DOMAINS = "com|org|net|edu|gov|int|io|eu|info|example|de|fr|uk|nl|ch|at|es|it|us"
_FOREIGN = re.compile(
    rf"""
      \[\d{{1,4}}(?:\s*[,;–-]\s*\d{{1,4}})*(?:,\ pp?\.\ ?\d+)?\\?\](?!\() # [12]
    | \^?\[\^[^\]\s]+\] | \^\[[^\]\n]+\]                                 # [^1], ^[A note]
    | \[@[^\]\s\d][^\]\n]*\] | (?<!\w)@[A-Za-z]+\d{{4}}\w* | \\cite\w*\{{[^}}\n]*\}}
    | \[@?[A-Za-z][^\[\]\n]{{0,60}},?\ {_YEAR}\\?\]                         # [Smith 2020]
    | \[(?:[A-Z][A-Za-z+]*\d{{2,4}}[a-z]?|{NAMES}|[ivxl]+|[IVXL]+|[a-w]|[*†‡]+)\\?\](?![(\[:])
    | [(\[](?:[Rr]efs?\.?|[Rr]eferences?|[Ss]ources?|[Qq]uellen?)\ ?\d[^()\[\]\n]*[)\]]
    | (?<=[.,;:!?)”"’])[¹²³⁴-⁹][⁰¹²³⁴-⁹]*
    | \((?:see\ |cf\.\ |e\.g\.,?\ )?{NAMES},?\ (?:{_YEAR}|{_UNDATED})[^()\n]{{0,120}}\)
    | \((?:see|cf\.|after|vgl\.)\ {INTERNAL}{NAMES}\)
    | \b{NAMES},?\ \((?:{_YEAR}|{_UNDATED})(?:,\ pp?\.\ ?\d+)?\)
    | \bet\ al\b\.?
    | \b{NAME},\ (?:[A-Z]\.[ -]?)+(?=[\s,&(*_“"]|$)
    | \b{NAME}\ [A-Z]{{1,2}},\ {NAME}\ [A-Z]{{1,2}}[.,]
    | \b(?:Journal|Proceedings|Transactions|Annals)\ (?:of|on)\ (?:the\ )?{NAME} | \b{NAME}\ Press\b
    | \b(?:doi:\s?|arXiv:\s?)\S+ | \b10\.\d{{4,9}}/\S+ | \bISBN[:\ ]\s?[\d-]+
    | \bPMC\d{{4,}} | \b(?:urn|hdl):\S+
    | \b(?:(?:https?|hxxps?|s?ftp|file|gopher)\\?:\\?/\\?/|www\\?\.)[^\s<>()\[\]"'`]+
    | (?<![\w./-])(?:[a-z0-9-]+\.)+(?:{_DOMAINS})\b(?!\.\w)(?:/[^\s<>()\[\]"'`]*)?
    | [\w.+-]{{1,64}}@[\w-]+\.\w[\w.]*
    | \][ ]?\[[^\]\n]+\] | ^[ ]{{0,3}}\[[^\]\n@^]+\]:[ ]*(?!\#)\S+  # [text][label]
    | \b[Vv]ol\.\ ?\d+ | \b[Nn]o\.\ ?\d+,\ (?:pp?\.|{_YEAR}) | \bpp\.\ ?\d+
    | \bibid\b\.? | \b(?:[Oo]p|[Ll]oc)\.\ cit\b\.? | \(ebd\.?[^()\n]*\)
    """,
    re.X | re.M,
)
_LABEL = re.compile(r"[ \t>]*(?:\*\*[^*\n]+(?::\*\*|\*\*:)|\[!\w+\])")
_BLOCK_MARK = re.compile(r"^[ \t]*>[ \t>]*", re.M)
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


def find_cited(text: str) -> list[int]:
    """The numbers of the claims that a text cites, each once, in order."""
    return list(dict.fromkeys(number for one in citations(text) for number in one.numbers))


def find_unknown(text: str, known: Collection[int]) -> list[Span]:
    """The citations of claims that the writer was not given."""
    return [
        Span(one.start, one.end)
        for one in citations(text)
        if not all(number in known for number in one.numbers)
    ]


def find_foreign(text: str, allowed: str) -> list[Span]:
    """References to what no claim stands for: years behind names, numbers in brackets, addresses,
    identifiers, statements that are put into somebody's mouth. What stands in `allowed`, the words
    of those who asked and of the sources, was not invented."""
    found = _find_references(text)
    known = _fold_words(allowed) if found else ""
    return sorted(one for one in found if not _was_said(text[one.start : one.end], allowed, known))


@remember_texts
def _find_references(text: str) -> Sequence[Span]:
    covered = prose(text)
    found = [Span(*one.span()) for one in _FOREIGN.finditer(covered)]
    links = (one.span(1) for one in _TARGET.finditer(without_code(text, spans=True)))
    found += [Span(*span) for span in links if text[span[0]] != "#"]
    return (*found, *attributions(covered))


def _was_said(reference: str, allowed: str, folded: str) -> bool:
    """`14 berths` does not allow `[14]`: a reference without a word counts as it stands."""
    if re.search(r"[^\W\d_]{3}", reference):
        return _fold_words(reference) in folded
    return reference in allowed


def quotes(text: str) -> list[Span]:
    """The passages of a Markdown text that are said to be somebody's words: those in quotation
    marks, without these, and block quotes, all of three words or more, as fewer set off a term. A
    block that begins with a label (`> **Note:**`) is a remark of the text itself."""
    return list(_find_quotes(text))


@remember_texts
def _find_quotes(text: str) -> Sequence[Span]:
    found = list(find_quoted(prose(text)))
    found += [one for one in block_quotes(text) if not _LABEL.match(text, one.start, one.end)]
    return tuple(one for one in found if count_words(_words(text, one)) >= LEAST_WORDS)


def find_unfounded(text: str, sources: Collection[str]) -> list[Span]:
    """The quotes in a Markdown text that stand in none of these texts, word for word."""
    said = quotes(text)
    known = [Folded(source) for source in sources] if said else []
    return [one for one in said if not any(source.find(_words(text, one)) for source in known)]


def _words(text: str, quote: Span) -> str:
    """What is quoted, without the marks of a block and citations within."""
    return CITATION.sub("", _BLOCK_MARK.sub("", text[quote.start : quote.end])).strip()


@remember_texts
def _fold_words(text: str) -> str:
    """The words alone, so that it does not matter what stands around them."""
    return f" {' '.join(_WORD.findall(NormalForm(text).text))} "
