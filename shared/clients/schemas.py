"""The form an answer of the model must have: as the model is told, and as the program checks."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from shared import jsonschemas, strictjson
from shared.errors import Misfit

T = TypeVar("T")


class AnswerForm(Generic[T]):
    """`schema` is a pydantic model, or a JSON Schema whose answers are plain values."""

    def __init__(self, schema: type[T] | dict[str, Any]) -> None:
        self._schema = schema

    def response_format(self) -> dict[str, Any]:
        """The `response_format` of a chat completion request."""
        if isinstance(self._schema, dict):
            name, strict, schema = "answer", False, self._schema
        else:
            assert issubclass(self._schema, BaseModel)
            name, strict = self._schema.__name__, True
            schema = strict_schema(self._schema.model_json_schema())
        return {
            "type": "json_schema",
            "json_schema": {"name": name, "strict": strict, "schema": schema},
        }

    def read(self, text: str) -> Any:
        """The answer in `text`. Raises Misfit, with words that quote nothing of it."""
        try:
            value = strictjson.loads(text)
        except ValueError as error:
            raise Misfit(str(error)) from None
        if isinstance(self._schema, dict):
            jsonschemas.validate(value, self._schema)
            return value
        assert issubclass(self._schema, BaseModel)
        try:
            return self._schema.model_validate(value)
        except ValidationError as error:
            raise Misfit(_described(error)) from None


def strict_schema(schema: Any) -> Any:
    """A JSON Schema of pydantic as strict structured output wants it: every property required,
    nothing beside them, no defaults or titles."""
    if isinstance(schema, list):
        return [strict_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: strict_schema(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else strict_schema(value)
        for key, value in schema.items()
        if key not in ("default", "title")
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


def _described(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the top level"
    return f"{place}: {fault['msg']}"
