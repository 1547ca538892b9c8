"""Reading from Table storage as bytes: addresses that ask for rows, and answers that hold them.

The SDK makes several objects of each property of each row, which took two thirds of the processor
time of a list. Its pipeline still signs, sends and tries again what is asked here.
https://learn.microsoft.com/rest/api/storageservices/query-entities
"""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from azure.core.exceptions import DeserializationError

HEADERS = {
    "Accept": "application/json;odata=minimalmetadata",
    "DataServiceVersion": "3.0",
}
_TYPE = "@odata.type"
_READERS: Mapping[str, Callable[[Any], Any]] = {
    "Edm.Binary": b64decode,
    "Edm.Double": float,
    "Edm.Int64": int,
}
_NEXT = {
    "PartitionKey": "x-ms-continuation-NextPartitionKey",
    "RowKey": "x-ms-continuation-NextRowKey",
}

T = TypeVar("T")
Token = Mapping[str, str]
"""Where the next page of an answer begins; empty after the last one, and for the first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it was read; `etag` is for a write that must not overtake another."""

    values: dict[str, Any]
    etag: str

    @property
    def key(self) -> str:
        return str(self.values["RowKey"])


@dataclass(frozen=True, slots=True)
class RowRange:
    """The rows of a partition with `start` <= RowKey < `end` and the columns `equal`."""

    partition: str
    start: str
    end: str
    equal: Mapping[str, str]

    def as_filter(self) -> str:
        parts = [
            f"PartitionKey eq {_text(self.partition)}",
            f"RowKey ge {_text(self.start)}",
            f"RowKey lt {_text(self.end)}",
            *(f"{column} eq {_text(value)}" for column, value in self.equal.items()),
        ]
        return " and ".join(parts)


def row_path(table: str, partition: str, key: str) -> str:
    """The path of one row."""
    names = f"PartitionKey={_text(partition)},RowKey={_text(key)}"
    return f"{table}({quote(names, safe='=,')})"


def rows_path(
    table: str, wanted: RowRange | None, columns: Sequence[str], page: int, token: Token
) -> str:
    """The path of up to `page` rows, all there are where none are named."""
    asked = {
        "$filter": wanted.as_filter() if wanted else "",
        "$select": ",".join(columns),
        "$top": str(page),
        **{f"Next{name}": value for name, value in token.items()},
    }
    given = "&".join(f"{name}={quote(value, safe='')}" for name, value in asked.items() if value)
    return f"{table}()?{given}"


def read_row(content: bytes) -> Row:
    """Raises DeserializationError for what is no row."""
    return _read(content, _row)


def read_rows(content: bytes) -> list[Row]:
    """Raises DeserializationError for what is no answer with rows."""
    return _read(content, lambda answer: [_row(entity) for entity in answer["value"]])


def next_token(headers: Mapping[str, str]) -> Token:
    return {name: headers[header] for name, header in _NEXT.items() if headers.get(header)}


def _read(content: bytes, make: Callable[[Any], T]) -> T:
    try:
        return make(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DeserializationError("Storage answered with something that is no row.") from None


def _row(entity: dict[str, Any]) -> Row:
    values = {}
    for name, value in entity.items():
        if name == "Timestamp" or name.startswith("odata.") or name.endswith(_TYPE):
            continue
        reader = _READERS.get(entity.get(f"{name}{_TYPE}", ""))
        values[name] = value if reader is None else reader(value)
    return Row(values, entity.get("odata.etag", ""))


def _text(value: str) -> str:
    doubled = value.replace("'", "''")
    return f"'{doubled}'"
