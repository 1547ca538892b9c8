"""JSON Schemas written by users: checked before they are used, and applied with bounded effort.

Nothing is ever fetched: only references within the schema (`#/…`) are allowed. Patterns run on an
engine without backtracking, so that no schema can occupy the process.
"""

import math
from collections.abc import Callable, Iterator
from typing import Any

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend, validator_for
from pydantic_core import SchemaError as PatternError
from pydantic_core import SchemaValidator, core_schema
from pydantic_core import ValidationError as PatternMismatch

from shared.errors import BadSchema, SchemaMismatch

_MAX_STEPS = 10_000
# Places that hold data, not schemas.
_DATA = {"const", "enum", "default", "examples", "example"}
# Places whose keys are names of the user's, not keywords.
_NAMES = ("/properties", "/$defs", "/definitions", "/dependentSchemas")
_REFUSED = {"$id", "id", "$anchor", "$dynamicRef", "$recursiveRef", "patternProperties"}


def check(schema: dict[str, Any]) -> None:
    """Raises BadSchema unless `schema` is a JSON Schema that `validate` can apply."""
    _check_keywords(schema, "output_schema")
    try:
        validator_for(schema, default=Draft202012Validator).check_schema(schema)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "its top"
        raise BadSchema(f"not a JSON Schema: at {place}, it breaks {error.validator!r}") from None
    try:
        validate(None, schema)
    except SchemaMismatch:
        return


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Raises SchemaMismatch for the first fault of `value`, BadSchema if `schema` cannot be
    applied."""
    validator = _bounded(schema)
    try:
        fault = next(iter(validator.iter_errors(value)), None)
    except RecursionError:
        raise BadSchema("the schema refers to itself without end") from None
    except Exception as error:
        if type(error).__name__ == "_WrappedReferencingError":
            raise BadSchema("a $ref points to nothing within the schema") from None
        raise
    if fault is not None:
        raise SchemaMismatch(_described(fault))


def moved(schema: Any, below: str) -> Any:
    """`schema` with its references adjusted to a place `below` the root, like `#/properties/x`."""
    if isinstance(schema, list):
        return [moved(item, below) for item in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: below + value[1:]
        if key == "$ref" and isinstance(value, str)
        else (value if key in _DATA else moved(value, below))
        for key, value in schema.items()
        if key != "$schema"
    }


def _check_keywords(schema: Any, place: str) -> None:
    if isinstance(schema, list):
        for number, item in enumerate(schema):
            _check_keywords(item, f"{place}/{number}")
    if not isinstance(schema, dict):
        return
    for key, value in schema.items():
        if key in _REFUSED and not place.endswith(_NAMES):
            raise BadSchema(f"{place}: {key} is not supported")
        if key == "$ref" and isinstance(value, str) and not (value + "/").startswith("#/"):
            raise BadSchema(f"{place}: only references within the schema (#/…) are allowed")
        if key == "pattern" and isinstance(value, str):
            _pattern(value)
        if key not in _DATA:
            _check_keywords(value, f"{place}/{key}")


def _pattern(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except PatternError:
        raise BadSchema("a pattern is not supported (no look-around, no back-references)") from None


def _bounded(schema: dict[str, Any]) -> Validator:
    """A validator whose patterns do not backtrack and that gives up after so many references."""
    steps = iter(range(_MAX_STEPS))
    base = validator_for(schema, default=Draft202012Validator)
    follow: Callable[..., Iterator[ValidationError] | None] = base.VALIDATORS["$ref"]

    def reference(v: Any, ref: Any, value: Any, part: Any) -> Iterator[ValidationError]:
        if next(steps, math.inf) is math.inf:
            raise BadSchema("the schema takes too many steps to apply")
        yield from follow(v, ref, value, part) or ()

    def pattern(_: Any, text: str, value: Any, __: Any) -> Iterator[ValidationError]:
        if isinstance(value, str):
            try:
                _pattern(text).validate_python(value)
            except PatternMismatch:
                yield ValidationError("does not match")

    bounded = extend(base, {"$ref": reference, "pattern": pattern})  # type: ignore[no-untyped-call]
    checker: Validator = bounded(schema)
    return checker


def _described(fault: ValidationError) -> str:
    """Where and which rule, without the value; the rule itself only where it is short."""
    place = ".".join(str(part) for part in fault.absolute_path)[:200] or "the top level"
    rule = str(fault.validator_value)
    return f"{place} breaks {fault.validator}" + (f" ({rule})" if len(rule) <= 80 else "")
