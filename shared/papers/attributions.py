"""Statements that a text puts into somebody's mouth: a name that is said to have said something, or
studies and experts that nobody names."""

import re
from collections.abc import Iterator

from shared.documents.quotes import Span

NAME = r"[A-ZÀ-Þ][\w’'-]+"
NAMES = rf"(?:{NAME}(?:,?[ ](?:and|&|und)[ ]{NAME}|,?[ ]et[ ]al\.?|,[ ]{NAME}){{0,8}})"
INTERNAL = r"(?!(?:Sections?|Tables?|Figures?|Chapters?|Appendix|Parts?|Listings?)\b)"
"""Where a name would be one of the text's own parts."""

_FULL = rf"{NAME}(?: {NAME}){{0,6}}"
_SAYING = (
    r"(?:argue[sd]?|estimate[sd]|predict(?:s|ed)|forecasts?|report(?:s|ed)|claim(?:s|ed)|state[sd]"
    r"|wr(?:ites|ote)|warn(?:s|ed)|conclude[sd]|recommend(?:s|ed)|observe[sd])"
)
_SHOWING = r"(?:found|finds|show(?:s|ed)|note[sd]|suggest(?:s|ed)|demonstrate[sd]|prove[sd])"
_BEFORE = (
    r"(?i:according to|as (?:reported|shown|noted|stated|put) (?:by|in)|in the words of|laut|selon"
    r"|según|secondo|segundo|volgens|nach angaben (?:von|des|der)"
    r"|\b(?:stud(?:y|ies)|reports?|surveys?|research|analys[ie]s|papers?|articles?|books?"
    r"|researchers?|scientists?|scholars|economists?|analysts?|experts?) (?:by|from|in|at|of))"
)
_NAMED = re.compile(
    rf"{_BEFORE} (?:the |der |die |das |la |le )?{INTERNAL}(?P<subject>{_FULL})"
    rf"|\b(?:[Aa]n?|[Tt]he) (?P<maker>{_FULL}) (?:study|report|survey|paper|article)\b"
    rf"|\b(?P<home>{_FULL}) (?:researchers|scientists|scholars|analysts|economists)\b"
    rf"|\b{INTERNAL}(?P<many>{NAME}(?: (?:and )?{NAME}){{1,6}})"
    rf" (?:{_SAYING}|{_SHOWING}) (?:that\b|it\b)"
    rf"|\b{INTERNAL}(?P<one>{NAME}) {_SAYING} that\b"
    rf"|\b[Aa]s {INTERNAL}(?P<as>{_FULL}) (?:{_SAYING}|{_SHOWING}|puts? it)\b"
)
_NOBODY = re.compile(
    r"\b(?:studies|research|surveys|statistics|experts|researchers|analysts|scientists|economists)"
    r" (?:have |has |had )?(?:long |also |consistently |repeatedly |recently )?(?:show[sn]?|found"
    r"|finds?|suggest(?:s|ed)?|agree|estimate[ds]?|indicate[ds]?|confirm(?:s|ed)?"
    r"|demonstrate[ds]?|prove[nd]?)\b",
    re.I,
)
_ORIGIN = re.compile(
    rf"(?:^|[(*_>|])[ ]*(?:Sources?|Quellen?|Fuentes?|Fonti?|Bron)[ ]?:[ *_]*"
    rf"(?:own\b[^\n|]*|{INTERNAL}{NAME}[^\n|]*)",
    re.M,
)
_ORDINARY = re.compile(
    r"(?:it|this|that|he|she|they|we|you|i|who|which|these|those|many|some|most|several|other|few"
    r"|all|our|their|its|the|an|each|both|sections?|tables?|figures?|parts?|chapters?|appendix"
    r"|experience|practice|evidence|theory)",
    re.I,
)


def attributions(text: str) -> Iterator[Span]:
    """Of a text without code: the names, and what is said of nobody in particular."""
    for match in _NAMED.finditer(text):
        name = match.lastgroup or 0
        if not _ORDINARY.fullmatch(match[name]):
            yield Span(*match.span(name))
    for pattern in (_NOBODY, _ORIGIN):
        yield from (Span(*match.span()) for match in pattern.finditer(text))
