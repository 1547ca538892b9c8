"""Reading JSON: as it stands, or one value a line when its own lines are too long to be places."""

import re
from typing import Any

from shared.documents.extract import Extract
from shared.documents.text.plain import MAX_CHARACTERS, plain
from shared.text import strict_json

MAX_VALUES = 500_000
_LONG_LINE = 2000
_DEEPEST_INDENT = 8
_LEXEME = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}\[\],:]|[^\s{}\[\],:"]+')
_ESCAPES = re.compile(r"(?:\\[^u])++|(?:\\u[0-9a-fA-F]{4})++")


def read_json(text: str) -> Extract:
    """One block; strings show the characters that they write as `\\uXXXX`."""
    try:
        parse_json(text)
    except ValueError as error:
        why = str(error).removeprefix("no JSON: ")
        return plain(text, f"This file is not proper JSON ({why}); it was read as plain text.")
    notes = []
    if max(map(len, text.split("\n"))) > _LONG_LINE and (lines := _lines(text)):
        text = lines
        notes.append("The JSON was broken into lines, so that places in it can be named.")
    return plain(_ESCAPES.sub(_characters, text), *notes)


def parse_json(text: str) -> Any:
    """Raises ValueError, without words of the text."""
    if text.count(",") > MAX_VALUES:
        raise ValueError("too many values to follow")
    return strict_json.loads(text)


def _lines(text: str) -> str | None:
    """Indented, all else to the letter; None when that makes it too long."""
    pieces: list[str] = []
    depth = size = 0
    for match in _LEXEME.finditer(text):
        lexeme = match[0]
        depth += (lexeme in "{[") - (lexeme in "}]")
        line = "\n" + " " * min(depth, _DEEPEST_INDENT)
        if lexeme in "{[,":
            lexeme += line
        elif lexeme in "}]":
            lexeme = line + lexeme
        elif lexeme == ":":
            lexeme = ": "
        pieces.append(lexeme)
        size += len(lexeme)
        if size > MAX_CHARACTERS:
            return None
    return "".join(pieces)


def _characters(match: re.Match[str]) -> str:
    """Only what can be read; `\\n` and the like stay."""
    escapes = match[0]
    if escapes[1] != "u":
        return escapes
    characters = str(strict_json.loads(f'"{escapes}"'))
    is_shown = characters.isprintable() and not {'"', "\\"} & set(characters)
    return characters if is_shown else escapes
