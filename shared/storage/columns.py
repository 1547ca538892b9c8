"""How values lie in the columns of a row: JSON as bytes (64 KiB fit), times as texts that sort, and
an empty text for none, because storage cannot clear a property; and how times lie in keys."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime
from enum import Enum
from typing import Any

from shared.models import Model, Progress, rfc3339
from shared.storage.keys import invert_moment
from shared.text.strict_json import dumps


def log_key(moment: datetime) -> str:
    """What the keys of the events at `moment` begin with where they lie newest first."""
    return f"log_{invert_moment(moment):014x}_"


def to_column(value: Any) -> Any:
    """What storage keeps for `value`."""
    if value is None:
        return ""
    if isinstance(value, list):
        return dumps([_plain(part) for part in value])
    if isinstance(value, dict):
        return dumps({name: _plain(part) for name, part in value.items()})
    if isinstance(value, Progress):
        return value.model_dump_json()
    if isinstance(value, Model):
        return dumps(value.model_dump(mode="json"))
    if isinstance(value, datetime):
        return rfc3339(value)
    return value.value if isinstance(value, Enum) else value


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Model) else value


def from_columns(columns: Mapping[str, Any], optional: Collection[str]) -> dict[str, Any]:
    """The values of a row; an empty text is None where a column is `optional`."""
    values = dict(columns)
    for name, value in columns.items():
        if isinstance(value, bytes):
            values[name] = json.loads(value)
        elif value == "" and name in optional:
            values[name] = None
    return values
