"""Reading JSON: as it stands, or one value a line when its own lines are too long to be places."""

import re

from shared import strictjson
from shared.documents.extracts import Extract
from shared.documents.plain import MOST_CHARACTERS, plain

_LONG_LINE = 2000
_DEEPEST_INDENT = 8
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_ESCAPED = re.compile(r'\\(?:u(?!d[89a-f]|00[01])[0-9a-f]{4}|.)', re.IGNORECASE)


def read_json(text: str) -> Extract:
    """One block; strings show the characters that they write as `\\uXXXX`."""
    try:
        strictjson.loads(text.removeprefix("\ufeff"))
    except ValueError as error:
        return plain(text, f"This file is not proper JSON ({error}); it was read as plain text.")
    notes = []
    if max(map(len, text.split("\n"))) > _LONG_LINE and (lines := _lines(text)):
        text = lines
        notes.append("The JSON was broken into lines, so that places in it can be named.")
    return plain(_ESCAPED.sub(_character, text), *notes)


def _lines(text: str) -> str | None:
    """Indented, all else to the letter; None when that makes it too long."""
    pieces: list[str] = []
    depth = size = 0
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token in "{[":
            depth += 1
        elif token in "}]":
            depth -= 1
        line = "\n" + " " * min(depth, _DEEPEST_INDENT)
        piece = {"{": token + line, "[": token + line, ",": token + line, ":": ": "}.get(
            token, line + token if token in "}]" else token
        )
        pieces.append(piece)
        size += len(piece)
        if size > MOST_CHARACTERS:
            return None
    return "".join(pieces)


def _character(match: re.Match[str]) -> str:
    """Only what is a letter or sign in itself; `\\n` and the like stay."""
    escape = match[0]
    if escape[1] not in "uU" or len(escape) < 6:
        return escape
    character = chr(int(escape[2:], 16))
    return character if character.isprintable() and character not in '"\\' else escape
