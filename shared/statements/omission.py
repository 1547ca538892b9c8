"""Leaving sentences out of a Markdown text, so that what is left still reads: no empty items, no
emphasis without its end, no table without rows."""

import re
from collections.abc import Iterable

from shared.documents.quotes import Span
from shared.statements.prose import sentences

_EMPTY_ITEM = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]*$\n?", re.M)
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*")
_ROW = re.compile(r"[ \t]*\|")
_BLANKS = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def without(text: str, faults: Iterable[Span]) -> tuple[str, int]:
    """The text without the sentences that any of these spans touches, and how many those were."""
    spans = list(faults)
    bad = [
        one
        for one in (sentences(text) if spans else ())
        if any(one.start < span.end and span.start < one.end for span in spans)
    ]
    pieces, at = [], 0
    for one in bad:
        pieces.append(text[at : one.start])
        at = one.end + len(text[one.end :]) - len(text[one.end :].lstrip(" "))
        begins = not text[text.rfind("\n", 0, one.start) + 1 : one.start].strip()
        if begins and text[at : at + 1] == "\n":
            at += 1
    kept = "".join([*pieces, text[at:]])
    return (_tidy(kept) if bad else text), len(bad)


def _tidy(text: str) -> str:
    text = _without_bare_tables(_EMPTY_ITEM.sub("", re.sub(r"[ \t]+$", "", text, flags=re.M)))
    return _BLANKS.sub("\n\n", text).strip("\n")


def _without_bare_tables(text: str) -> str:
    """A head without a row, a rule without a head and rows without a rule are no tables."""
    kept: list[str] = []
    table: list[str] = []
    for line in [*text.split("\n"), ""]:
        if _ROW.match(line):
            table.append(line)
            continue
        if (len(table) > 2 and _RULE.fullmatch(table[1])) or not any(map(_RULE.fullmatch, table)):
            kept += table
        table = []
        kept.append(line)
    return "\n".join(kept)
