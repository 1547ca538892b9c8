"""JSON Schemas written by users, which are hostile code until they have been checked.

`check` is a walk over the grammar: at each place only the keywords that belong there, each with a
value of its kind, so that a property that is called `default` is no keyword. It is linear in the
schema and runs no part of it. What runs a schema, and its patterns, does so in a child process:
`json_schema_child`.

https://json-schema.org/draft/2020-12 and draft-07; what is left out can refer to another document
(`$id`, `$anchor`, `$dynamicRef`), or costs more than it says (`unevaluated…`, `patternProperties`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from shared.errors import BadSchema

MAX_NODES = 2_000
MAX_DEPTH = 48
MAX_PATTERNS = 50
_MAX_PATTERN = 500
DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2019-09/schema",
    "http://json-schema.org/draft-07/schema",
)

Check = Callable[["_Walk", Any, str, int], None]


@dataclass
class _Walk:
    """What a walk has met: `places` are those of schemas, as references name them; `same` leads
    from a schema to those that are applied to the same value. Where the dialect `has_tuples`,
    `items` may be a list."""

    places: set[str] = field(default_factory=set)
    references: list[tuple[str, str]] = field(default_factory=list)
    same: dict[str, list[str]] = field(default_factory=dict)
    patterns: list[str] = field(default_factory=list)
    has_tuples: bool = False

    def schema(self, value: Any, place: str, depth: int) -> None:
        """Raises BadSchema."""
        self.places.add(place)
        if len(self.places) > MAX_NODES or depth > MAX_DEPTH:
            raise BadSchema(f"too large: at most {MAX_NODES} schemas, {MAX_DEPTH} deep, may be")
        if isinstance(value, bool):
            return
        if not isinstance(value, dict):
            raise BadSchema(
                f"not a JSON Schema: {_show_place(place)} must be an object or a boolean"
            )
        for key, part in value.items():
            check = _KEYWORDS.get(key)
            if check is None:
                raise BadSchema(f"{_show_place(place)}: the keyword {key[:60]!r} is not supported")
            check(self, part, f"{place}/{_escape(key)}", depth + 1)


def check(schema: dict[str, Any]) -> list[str]:
    """The patterns of a schema that `json_schema_child` can apply, which are yet to be compiled.

    Raises BadSchema.
    """
    dialect = schema.get("$schema", DIALECTS[0])
    if not isinstance(dialect, str) or dialect.rstrip("#") not in DIALECTS:
        raise BadSchema(f"$schema: only {', '.join(DIALECTS)} are supported")
    walk = _Walk(has_tuples=dialect.rstrip("#") != DIALECTS[0])
    walk.schema(schema, "#", 0)
    for place, target in walk.references:
        if target not in walk.places:
            raise BadSchema(f"{_show_place(place)}: this $ref points to nothing within the schema")
        walk.same.setdefault(place, []).append(target)
    _check_ends(walk)
    if len(walk.patterns) > MAX_PATTERNS:
        raise BadSchema(f"too many patterns: at most {MAX_PATTERNS} are allowed")
    return walk.patterns


def move_references(schema: Any, below: str) -> Any:
    """A checked `schema` with its references adjusted to a place `below` the root, like
    `#/properties/x`."""
    if not isinstance(schema, dict):
        return schema
    return {
        key: below + part[1:] if key == "$ref" else _MOVES.get(key, _keep)(part, below)
        for key, part in schema.items()
        if key != "$schema"
    }


def _check_ends(walk: _Walk) -> None:
    """Refuse a schema that is applied to one value without end."""
    done: set[str] = set()
    for start in walk.same:
        path: list[tuple[str, Iterator[str]]] = [(start, iter(walk.same.get(start, ())))]
        above = {start}
        while path:
            place, others = path[-1]
            following = next(others, None)
            if following is None:
                path.pop()
                above.discard(place)
                done.add(place)
            elif following in above:
                raise BadSchema("the schema refers to itself without end")
            elif following not in done:
                above.add(following)
                path.append((following, iter(walk.same.get(following, ()))))


def _one(walk: _Walk, value: Any, place: str, depth: int) -> None:
    walk.schema(value, place, depth)


def _one_of_same(walk: _Walk, value: Any, place: str, depth: int) -> None:
    walk.same.setdefault(place.rpartition("/")[0], []).append(place)
    walk.schema(value, place, depth)


def _several(walk: _Walk, value: Any, place: str, depth: int) -> None:
    if not isinstance(value, list) or not value:
        raise BadSchema(f"not a JSON Schema: {_show_place(place)} must be a list of schemas")
    for number, part in enumerate(value):
        walk.schema(part, f"{place}/{number}", depth)


def _several_of_same(walk: _Walk, value: Any, place: str, depth: int) -> None:
    _several(walk, value, place, depth)
    owner = place.rpartition("/")[0]
    walk.same.setdefault(owner, []).extend(f"{place}/{number}" for number in range(len(value)))


def _one_or_several(walk: _Walk, value: Any, place: str, depth: int) -> None:
    (_several if walk.has_tuples and isinstance(value, list) else _one)(walk, value, place, depth)


def _walk_named(walk: _Walk, value: Any, place: str, depth: int) -> None:
    if not isinstance(value, dict):
        raise BadSchema(f"not a JSON Schema: {_show_place(place)} must be an object of schemas")
    for name, part in value.items():
        walk.schema(part, f"{place}/{_escape(name)}", depth)


def _walk_named_of_same(walk: _Walk, value: Any, place: str, depth: int) -> None:
    _walk_named(walk, value, place, depth)
    owner = place.rpartition("/")[0]
    walk.same.setdefault(owner, []).extend(f"{place}/{_escape(name)}" for name in value)


def _reference(walk: _Walk, value: Any, place: str, _: int) -> None:
    if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
        raise BadSchema(
            f"{_show_place(place)}: only references within the schema (#/…) are allowed"
        )
    walk.references.append((place.rpartition("/")[0], unquote(value)))


def _pattern(walk: _Walk, value: Any, place: str, _: int) -> None:
    if not isinstance(value, str) or len(value) > _MAX_PATTERN:
        raise BadSchema(f"{_show_place(place)} must be a text of up to {_MAX_PATTERN} characters")
    walk.patterns.append(value)


def _skip_value(_: _Walk, __: Any, ___: str, ____: int) -> None:
    """Data or words, which nobody applies."""


def _kind(wanted: str, fits: Callable[[Any], bool]) -> Check:
    def check_kind(_: _Walk, value: Any, place: str, __: int) -> None:
        if not fits(value):
            raise BadSchema(f"not a JSON Schema: {_show_place(place)} must be {wanted}")

    return check_kind


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_names_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_names, value.values()))


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(kind, str) and kind in _TYPES for kind in kinds)


_TYPES = {"null", "boolean", "object", "array", "number", "integer", "string"}
_NUMBER = _kind("a number", _is_number)
_COUNT = _kind("a whole number that is not negative", _is_count)
_FLAG = _kind("true or false", lambda value: isinstance(value, bool))
_NAMES = _kind("a list of names", _is_names)

_KEYWORDS: dict[str, Check] = {
    "type": _kind("the name of a type, or a list of them", _is_type),
    "enum": _kind("a list", lambda value: isinstance(value, list)),
    "const": _skip_value,
    "multipleOf": _kind("a number above 0", lambda value: _is_number(value) and value > 0),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum"), _NUMBER),
    **dict.fromkeys(("maxLength", "minLength", "maxItems", "minItems"), _COUNT),
    **dict.fromkeys(("maxContains", "minContains", "maxProperties", "minProperties"), _COUNT),
    "pattern": _pattern,
    "uniqueItems": _FLAG,
    "required": _NAMES,
    "dependentRequired": _kind("an object of lists of names", _is_names_by_name),
    "$ref": _reference,
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), _several_of_same),
    **dict.fromkeys(("not", "if", "then", "else"), _one_of_same),
    "dependentSchemas": _walk_named_of_same,
    "items": _one_or_several,
    "prefixItems": _several,
    **dict.fromkeys(("additionalItems", "contains", "additionalProperties", "propertyNames"), _one),
    **dict.fromkeys(("properties", "$defs", "definitions"), _walk_named),
    **dict.fromkeys(("title", "description", "$comment", "format", "$schema"), _skip_value),
    **dict.fromkeys(("default", "example", "examples", "deprecated"), _skip_value),
    **dict.fromkeys(("readOnly", "writeOnly", "contentEncoding", "contentMediaType"), _skip_value),
}


def _keep(part: Any, _: str) -> Any:
    return part


def _move_all(part: Any, below: str) -> Any:
    return (
        [move_references(one, below) for one in part]
        if isinstance(part, list)
        else move_references(part, below)
    )


def _move_named(part: Any, below: str) -> Any:
    return {name: move_references(one, below) for name, one in part.items()}


_MOVES: dict[str, Callable[[Any, str], Any]] = {
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems", "items"), _move_all),
    **dict.fromkeys(("not", "if", "then", "else", "additionalItems", "contains"), move_references),
    **dict.fromkeys(("additionalProperties", "propertyNames"), move_references),
    **dict.fromkeys(("properties", "$defs", "definitions", "dependentSchemas"), _move_named),
}


def _escape(name: str) -> str:
    """As a JSON Pointer in a URI fragment names it, where nothing else is escaped.
    https://www.rfc-editor.org/rfc/rfc6901"""
    return name.replace("~", "~0").replace("/", "~1")


def _show_place(place: str) -> str:
    return place.removeprefix("#/")[:200] if place != "#" else "the top level"
