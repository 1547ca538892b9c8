"""Reading JSON from outside, strictly: what two parsers could read differently is refused."""

import json
from typing import Any

MAX_DEPTH = 64
MAX_VALUES = 30_000
"""Of what a client sends; looking at them takes tens of milliseconds, in which nobody else is
answered."""
_NO_MARKS = bytes(set(range(256)) - set(b",[{"))
_NO_SIGNS = bytes(set(range(256)) - set(b'",[{'))


class NoJsonError(ValueError):
    """A value that cannot be written as JSON, without saying what is in it."""


def loads(text: str | bytes, *, max_values: int | None = None) -> Any:
    """Parse `text`, which may hold at most `max_values` numbers, texts, lists, objects: what takes
    time is their number, not the length.

    Raises ValueError, with words that quote nothing of the content, for what is no JSON, for NaN
    and Infinity, duplicate keys, more than 64 levels, lone surrogates, numbers beyond reason.
    """
    try:
        data = text if isinstance(text, bytes) else text.encode(errors="replace")
        if max_values is not None and has_more_values(data, max_values):
            raise ValueError(f"more than {max_values} values")
        # Left to itself, json.loads also takes UTF-16, UTF-32 and byte order marks.
        text = text.decode() if isinstance(text, bytes) else text
        value = json.loads(
            text, parse_constant=_no_constant, parse_int=_integer, object_pairs_hook=_unique
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"no JSON: {error.msg} in line {error.lineno}") from None
    except UnicodeDecodeError:
        raise ValueError("no JSON: not UTF-8") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels") from None
    _check(value)
    return value


def has_more_values(text: bytes, limit: int) -> bool:
    """Whether `text`, be it JSON or not, holds more than `limit` values: each but the first begins
    a list or an object, or stands behind a comma. Every other text may be a key."""
    if len(text.translate(None, delete=_NO_MARKS)) < limit:
        return False
    # Without escapes every quotation mark begins or ends a string.
    plain = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, delete=_NO_SIGNS)
    parts = plain.split(b'"', 4 * limit)
    return len(parts) > 4 * limit or sum(map(len, parts[::2])) >= limit


def dumps(value: Any) -> bytes:
    """Compact UTF-8, the form in which JSON is stored and measured. Raises NoJsonError."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise NoJsonError(f"no JSON: {type(error).__name__}") from error


def canonical(value: Any) -> bytes:
    """The one form of equal values, for hashing."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _integer(digits: str) -> int:
    if len(digits) > 400:
        raise ValueError("a number is out of range")
    return int(digits)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("an object has the same key twice")
    return result


def _check(value: Any) -> None:
    """Walk without recursion, as the depth is what is in doubt."""
    todo = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if isinstance(item, dict | list):
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
            children = [*item, *item.values()] if isinstance(item, dict) else item
            todo.extend((child, depth + 1) for child in children)
        elif isinstance(item, str) and not _encodes(item):
            raise ValueError("a text has half a surrogate pair")
        elif isinstance(item, float) and item in (float("inf"), float("-inf")):
            raise ValueError("a number is out of range")


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
