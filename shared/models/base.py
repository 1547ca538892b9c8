"""What all models share: times, how payloads are read, and how their faults are told."""

import re
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import CoreSchema

from shared.errors import Invalid


def rfc3339(moment: datetime) -> str:
    """UTC with microseconds and `Z`: always the same width, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


Instant = Annotated[
    datetime,
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


def _no_number(value: Any) -> Any:
    """pydantic would take numbers, also as text, for Unix times. A `+` in a query is a blank."""
    if isinstance(value, str) and re.fullmatch(r"\S{16,} \d\d:?\d\d", value):
        raise ValueError("has a blank for the + of its offset; write %2B for it in an address")
    if isinstance(value, str) and not re.match(r"\d{4}-\d\d-\d\d[Tt]", value):
        raise ValueError("must be a time like 2026-01-31T12:00:00Z")
    return value


# Nothing here is as old or as far ahead, and there is still room to reckon around them.
_OLDEST, _NEWEST = datetime(1970, 1, 2, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


def _within_reason(moment: datetime) -> datetime:
    if not _OLDEST.year <= moment.year < _NEWEST.year:
        return _OLDEST if moment.year < _OLDEST.year else _NEWEST
    return max(moment.astimezone(UTC), _OLDEST)


Moment = Annotated[
    AwareDatetime,
    BeforeValidator(_no_number),
    AfterValidator(_within_reason),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time that a client asks about, in UTC."""


def _drop_zeros(value: Any) -> Any:
    """JSON has one kind of number: 5.0 is a whole one."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE = BeforeValidator(_drop_zeros)
"""Makes a strict number take what JSON takes for a whole one."""

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1),
    Field(json_schema_extra={"pattern": r"[^\s\x85]"}),
]
"""A text that is not blank, without the space around it."""


class Model(BaseModel):
    """Unknown fields of a payload are ignored, never applied; errors never show what was sent."""

    model_config = ConfigDict(
        extra="ignore",
        hide_input_in_errors=True,
        json_schema_serialization_defaults_required=True,
    )


class Sparse(Model):
    """Answered without the fields in `left_out` where they do not apply."""

    left_out: ClassVar[Collection[str]]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        # A serializer says nothing of what it makes: that are the fields.
        fields: Any = {k: v for k, v in core_schema.items() if k != "serialization"}
        schema = handler(fields)
        described = handler.resolve_ref_schema(schema)
        required = [name for name in described.get("required", ()) if name not in cls.left_out]
        described["required"] = required
        return schema


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Changes(Model):
    """A change: only the fields that were sent count, whatever the others are."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def dump_given(self) -> dict[str, Any]:
        """The fields that were sent, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


M = TypeVar("M", bound=BaseModel)


def validate_model(model: type[M], value: Any, at: tuple[str, ...] = ()) -> M:
    """`value` as `model`; `at` is where in the payload it stood.

    Raises Invalid with one {loc, msg, type} per fault.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [
            {
                "loc": [*at, *fault["loc"]],
                "msg": fault["msg"].removeprefix("Value error, "),
                "type": fault["type"],
            }
            for fault in error.errors(include_url=False, include_context=False, include_input=False)
        ]
    first = faults[0]
    place = ".".join(str(part) for part in first["loc"])
    raise Invalid(f"{place or 'The body'}: {first['msg']}.", faults)
