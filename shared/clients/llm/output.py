"""The form an answer of the model must have: as the model is told, and as the program checks."""

from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from shared.errors import SchemaMismatch
from shared.text import strict_json
from shared.text.json_schema_validation import validate

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class AnswerForm(Generic[T]):
    """`check` turns the parsed JSON into the answer and raises SchemaMismatch."""

    name: str
    schema: dict[str, Any]
    _: KW_ONLY
    strict: bool
    check: Callable[[Any], Awaitable[T]]

    def response_format(self) -> dict[str, Any]:
        """The `response_format` of a chat completion request."""
        described = {"name": self.name, "strict": self.strict, "schema": self.schema}
        return {"type": "json_schema", "json_schema": described}

    async def read(self, text: str) -> T:
        """The answer in `text`. Raises SchemaMismatch, with words that quote nothing of it."""
        try:
            value = strict_json.loads(text)
        except ValueError as error:
            raise SchemaMismatch(str(error)) from None
        return await self.check(value)


def of_model(model: type[M]) -> AnswerForm[M]:
    """Answers that are a pydantic model, every field of which the model must fill."""

    async def check(value: Any) -> M:
        try:
            return model.model_validate(value)
        except ValidationError as error:
            raise SchemaMismatch(_describe_fault(error)) from None

    return AnswerForm(model.__name__, _describe_model(model), strict=True, check=check)


def of_schema(schema: dict[str, Any]) -> AnswerForm[Any]:
    """Answers that are plain JSON and fit `schema`, which need not fit the strict subset."""

    async def check(value: Any) -> Any:
        await validate(value, schema)
        return value

    return AnswerForm("answer", schema, strict=False, check=check)


@cache
def _describe_model(model: type[BaseModel]) -> dict[str, Any]:
    schema: dict[str, Any] = strict_schema(model.model_json_schema())
    return schema


def strict_schema(schema: Any) -> Any:
    """A JSON Schema of pydantic as strict structured output wants it: every property required,
    nothing beside them, no defaults or titles, and none of our own words about the code."""
    if isinstance(schema, list):
        return [strict_schema(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {
        key: {name: strict_schema(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else strict_schema(value)
        for key, value in schema.items()
        if key not in ("default", "description", "title")
    }
    if "properties" in kept:
        kept |= {"required": list(kept["properties"]), "additionalProperties": False}
    return kept


def _describe_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in fault["loc"]) or "the top level"
    return f"{place}: {fault['msg']}"
