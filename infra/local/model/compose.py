"""What several JSON Schemas ask for together: references followed, `allOf` and choices merged."""

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

_LONGEST_CHAIN = 50
_MAX_PARTS = 1_000


class UnsatisfiableError(Exception):
    """No value can be built; the message says which part of the schema is to blame."""


def flat(schema: Schema, root: Schema) -> Schema:
    """`schema` with its own `$ref` and `allOf` merged in; those further inside stay.

    Raises UnsatisfiableError for a reference to elsewhere, to nothing, or to itself.
    """
    for _ in range(_LONGEST_CHAIN):
        if "$ref" not in schema and "allOf" not in schema:
            return schema
        parts: list[Schema | bool] = list(schema.get("allOf", []))
        if "$ref" in schema:
            parts.append(_pointed_at(root, schema["$ref"]))
        if len(parts) > _MAX_PARTS:
            break
        schema = {key: schema[key] for key in schema if key not in ("$ref", "allOf")}
        for part in parts:
            schema = merged(schema, part)
    raise UnsatisfiableError("a reference leads back to itself, or to too much")


def alternatives(schema: Schema, word: str) -> list[Schema]:
    """The members of `schema[word]`, each merged with what stands beside it."""
    rest = {key: schema[key] for key in schema if key != word}
    return [merged(rest, option) for option in schema[word]]


def merged(one: Schema, other: Schema | bool) -> Schema:
    """A schema that asks for what both ask for, as far as the keywords below go."""
    if isinstance(other, bool):
        return one if other else {"enum": []}
    both = {**one, **other}
    for key in one.keys() & other.keys() & _COMBINED.keys():
        both[key] = _COMBINED[key](one[key], other[key])
    if "$ref" in one and "$ref" in other:
        both["allOf"] = [*both.get("allOf", []), {"$ref": one["$ref"]}]
    return both


def types(schema: Schema) -> list[str]:
    """The types that a value may have, guessed from the other keywords where none is given."""
    kinds = schema.get("type")
    if kinds is not None:
        return [kinds] if isinstance(kinds, str) else list(kinds)
    if schema.keys() & {"properties", "required", "additionalProperties"}:
        return ["object"]
    if schema.keys() & {"items", "prefixItems", "minItems"}:
        return ["array"]
    numeric = {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}
    return ["number"] if schema.keys() & numeric else ["string"]


def _pointed_at(root: Schema, ref: str) -> Schema | bool:
    if not ref.startswith("#"):
        raise UnsatisfiableError(f"{ref}: only references within the schema are followed")
    found: Any = root
    for step in ref[1:].split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if not isinstance(found, dict) or key not in found:
            raise UnsatisfiableError(f"{ref} leads nowhere")
        found = found[key]
    if not isinstance(found, dict | bool):
        raise UnsatisfiableError(f"{ref} is no schema")
    return found


def _both_properties(one: Schema, other: Schema) -> Schema:
    return {**one, **{name: merged(one.get(name, {}), part) for name, part in other.items()}}


def _both_types(one: str | list[str], other: str | list[str]) -> list[str]:
    mine = [one] if isinstance(one, str) else one
    theirs = [other] if isinstance(other, str) else other
    if "number" in mine and "integer" in theirs:
        mine = [*mine, "integer"]
    if "number" in theirs and "integer" in mine:
        theirs = [*theirs, "integer"]
    return [kind for kind in mine if kind in theirs]


_COMBINED: dict[str, Callable[[Any, Any], Any]] = {
    "properties": _both_properties,
    "type": _both_types,
    "required": lambda one, other: [*one, *(name for name in other if name not in one)],
    "enum": lambda one, other: [value for value in one if value in other],
    "allOf": lambda one, other: [*one, *other],
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), min),
}
