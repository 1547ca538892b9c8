"""The filters of a send: OData over `userId`, `connectionId` and `groups`.

    'admins' in groups or userId in ('ann', 'bob') and not (connectionId eq 'c1')

https://learn.microsoft.com/azure/azure-web-pubsub/reference-odata-filter
"""

import re
from collections.abc import Callable

from infra.local.webpubsub.hub import Connection

Filter = Callable[[Connection], bool]
_Value = Callable[[Connection], object]

_TOKEN = re.compile(r"\s*(?:('(?:[^']|'')*')|([A-Za-z]+)|([(),]))")
_NAMES: dict[str, _Value] = {
    "userId": lambda connection: connection.user_id,
    "connectionId": lambda connection: connection.id,
    "groups": lambda connection: connection.groups,
    "null": lambda _: None,
}
_MAX_LENGTH = 16_384


class FilterError(Exception):
    """The filter cannot be read; the message says where."""


def compile_filter(text: str) -> Filter:
    """What `text` says of a connection. Raises FilterError."""
    if len(text) > _MAX_LENGTH:
        raise FilterError("the filter is too long")
    parser = _Parser(text)
    parsed = parser.either()
    parser.expect("")
    return parsed


class _Parser:
    """By recursive descent: `either` of `both` of `single`, which compares or has brackets."""

    def __init__(self, text: str) -> None:
        self._tokens = _split(text)

    def either(self) -> Filter:
        left = self.both()
        while self._take("or"):
            left = _any(left, self.both())
        return left

    def both(self) -> Filter:
        left = self.single()
        while self._take("and"):
            left = _all(left, self.single())
        return left

    def single(self) -> Filter:
        if self._take("not"):
            negated = self.single()
            return lambda connection: not negated(connection)
        if self._take("("):
            inner = self.either()
            self.expect(")")
            return inner
        return self._comparison()

    def expect(self, token: str) -> None:
        if not self._take(token):
            raise FilterError(f"{token or 'the end'} is expected where {self._tokens[0]} stands")

    def _comparison(self) -> Filter:
        left, operator = self._value(), self._tokens.pop(0)
        if operator not in ("eq", "ne", "in"):
            raise FilterError(f"{operator or 'the end'} is none of eq, ne, in")
        right = self._list() if operator == "in" and self._take("(") else self._value()
        if operator == "in":
            return lambda connection: left(connection) in _members(right(connection))
        wanted = operator == "eq"
        return lambda connection: (left(connection) == right(connection)) is wanted

    def _list(self) -> _Value:
        values = [self._value()]
        while self._take(","):
            values.append(self._value())
        self.expect(")")
        return lambda connection: {value(connection) for value in values}

    def _value(self) -> _Value:
        token = self._tokens.pop(0)
        if token.startswith("'"):
            text = token[1:-1].replace("''", "'")
            return lambda _: text
        if token not in _NAMES:
            raise FilterError(f"{token or 'the end'} is none of {', '.join(_NAMES)}")
        return _NAMES[token]

    def _take(self, token: str) -> bool:
        if self._tokens[0] != token:
            return False
        if token:
            self._tokens.pop(0)
        return True


def _split(text: str) -> list[str]:
    """The tokens, and an empty one for the end, twice as one may be taken beyond it."""
    tokens, at = [], 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise FilterError(f"{text[at:].strip()[:20]!r} cannot be read")
        tokens.append(found[0].strip())
        at = found.end()
    return [*tokens, "", ""]


def _any(left: Filter, right: Filter) -> Filter:
    return lambda connection: left(connection) or right(connection)


def _all(left: Filter, right: Filter) -> Filter:
    return lambda connection: left(connection) and right(connection)


def _members(value: object) -> set[object]:
    return value if isinstance(value, set) else {value}
