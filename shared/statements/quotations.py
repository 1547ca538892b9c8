"""Passages in quotation marks, of any kind and language: what a text says are somebody's words."""

import re
from collections.abc import Iterator

from shared.documents.quotes import Span

_QUOTED = re.compile(
    r"“((?:[^“”\n]|\n(?![ \t]*\n)|“[^“”\n]*”)+)(?:”|(?=\n[ \t]*\n)|\Z)"
    r"|\u2018((?:[^\u2018\u2019\n]|\n(?![ \t]*\n)|(?<=\w)\u2019(?=\w))+)\u2019"
    r"|„((?:[^„“”\n]|\n(?![ \t]*\n))+)[“”]"
    r"|«((?:[^«»\n]|\n(?![ \t]*\n))+)»|»((?:[^«»\n]|\n(?![ \t]*\n))+)«"
    r"|[\u2039\u203a]((?:[^\u2039\u203a\n]|\n(?![ \t]*\n))+)[\u2039\u203a]"
    r"|「((?:[^「」\n]|\n(?![ \t]*\n))+)」|『((?:[^『』\n]|\n(?![ \t]*\n))+)』"
    r"|``((?:[^`'\n]|\n(?![ \t]*\n)|(?<=\w)'(?=\w))+)''"
    r"|(?<![\w\"])\"((?:[^\"\n]|\n(?![ \t]*\n))+)\""
    r"|(?<![\w'])'(?=\S)((?:[^'\n]|\n(?![ \t]*\n)|(?<=\w)'(?=\w))+)(?<=\S)'(?!\w)"
)


def find_quoted(text: str) -> Iterator[Span]:
    """Without the marks."""
    return (Span(*match.span(match.lastindex or 0)) for match in _QUOTED.finditer(text))
