"""The shortest text that a regular expression matches, for strings with a `pattern`."""

import re
from collections.abc import Iterable
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

_CATEGORIES = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_WORD": "-",
    "CATEGORY_NOT_SPACE": "a",
}
_ANYTHING = "a0-_ A.é\n"


class PatternError(Exception):
    """The expression is invalid, or uses what this module cannot spell out (look-around …)."""


def shortest_match(pattern: str, least: int = 0) -> str:
    """A text of at least `least` characters in which `pattern` is found, short and always the same.

    Raises PatternError when there is none that this module can find.
    """
    try:
        expression = re.compile(pattern)
        parts = _parser.parse(pattern)
    except re.error as error:
        raise PatternError(str(error)) from error
    for extra in range(least + 1):
        found = _spell(parts, extra)
        if len(found) >= least and expression.search(found):
            return found
    raise PatternError(f"no text of {least} or more characters found")


def _spell(parts: Iterable[tuple[Any, Any]], extra: int) -> str:
    return "".join(_spell_one(str(kind), value, extra) for kind, value in parts)


def _spell_one(kind: str, value: Any, extra: int) -> str:
    """One node of the parsed expression; repeats are `extra` longer where they may be."""
    if kind in ("LITERAL", "NOT_LITERAL"):
        return chr(value) if kind == "LITERAL" else _other_than([(kind[4:], value)])
    if kind == "IN":
        return _one_in(value)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, part = int(value[0]), value[1], value[2]
        return _spell(part, extra) * min(
            low + extra, high if high != _constants.MAXREPEAT else 10**6
        )
    if kind in ("SUBPATTERN", "ATOMIC_GROUP"):
        return _spell(value[-1] if kind == "SUBPATTERN" else value, extra)
    if kind == "BRANCH":
        return _spell(value[1][0], extra)
    if kind in ("ANY", "AT"):
        return "a" if kind == "ANY" else ""
    raise PatternError(f"{kind.lower()} is not supported")


def _one_in(members: list[tuple[Any, Any]]) -> str:
    kind, value = members[0]
    if str(kind) == "NEGATE":
        return _other_than(members[1:])
    if str(kind) == "CATEGORY":
        return _CATEGORIES[str(value)]
    return chr(value if str(kind) == "LITERAL" else value[0])


def _other_than(members: list[tuple[Any, Any]]) -> str:
    """A character that none of `members` is."""
    for letter in _ANYTHING:
        if not any(_is_member(letter, str(kind), value) for kind, value in members):
            return letter
    raise PatternError("a negated set leaves no character")


def _is_member(letter: str, kind: str, value: Any) -> bool:
    if kind == "LITERAL":
        return letter == chr(value)
    if kind == "RANGE":
        return bool(value[0] <= ord(letter) <= value[1])
    letters = {"DIGIT": r"\d", "WORD": r"\w", "SPACE": r"\s"}
    name = str(value).removeprefix("CATEGORY_")
    is_one = re.fullmatch(letters[name.removeprefix("NOT_")], letter) is not None
    return is_one is not name.startswith("NOT_")
