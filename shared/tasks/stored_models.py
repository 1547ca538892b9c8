"""What task types make, as it is stored."""

from typing import Any

from pydantic import BaseModel

from shared.text.strict_json import NoJsonError


def dump_model(made: BaseModel) -> dict[str, Any]:
    """As JSON. Raises NoJsonError, PydanticSerializationError."""
    try:
        return made.model_dump(mode="json")
    except UnicodeDecodeError as error:
        raise NoJsonError("no JSON: bytes") from error
