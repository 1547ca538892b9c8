"""`python -m shared.text.json_schema_child`: the process that applies one schema, or compiles the
patterns of one, and ends. It answers an object: `fault` names what does not fit, `bad` what is
wrong with the schema."""

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend, validator_for
from pydantic_core import SchemaError, SchemaValidator, core_schema
from pydantic_core import ValidationError as PatternMismatch
from referencing import Registry

from shared.sandbox.child import read_data, read_request


def main() -> None:
    """Answer the one request."""
    asked = json.loads(read_data(read_request()))
    sys.stdout.write(json.dumps(_answer(asked)))


def _answer(asked: dict[str, Any]) -> dict[str, str]:
    try:
        if "patterns" in asked:
            return _compile_all(asked["patterns"])
        fault = _find_fault(asked["value"], asked["schema"])
    except SchemaError:
        return {"bad": "a pattern is not supported (no look-around, no back-references)"}
    except RecursionError:
        return {"bad": "the schema is too deep to be applied"}
    return {} if fault is None else {"fault": _describe(fault)}


def _compile_all(patterns: Sequence[str]) -> dict[str, str]:
    for pattern in patterns:
        _compile(pattern)
    return {}


def _compile(pattern: str) -> SchemaValidator:
    """An engine without backtracking, that refuses a pattern whose program would be too large."""
    return SchemaValidator(core_schema.str_schema(pattern=pattern))


def _find_fault(value: Any, schema: dict[str, Any]) -> ValidationError | None:
    base = validator_for(schema, default=Draft202012Validator)
    apply: Any = extend(base, {"pattern": _match})  # type: ignore[no-untyped-call]
    # The registry of the library's own choice would fetch what a schema refers to.
    return next(iter(apply(schema, registry=Registry()).iter_errors(value)), None)


def _match(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(value, str):
        try:
            _compile(pattern).validate_python(value)
        except PatternMismatch:
            yield ValidationError("does not match")


def _describe(fault: ValidationError) -> str:
    """Where and which rule, without the value; the rule itself only where it is short."""
    place = ".".join(str(part) for part in fault.absolute_path)[:200] or "the top level"
    rule = str(fault.validator_value)
    return f"{place} breaks {fault.validator}" + (f" ({rule})" if len(rule) <= 80 else "")


if __name__ == "__main__":
    main()
