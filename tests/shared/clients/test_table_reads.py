"""Addresses that ask for rows, to the byte, and answers that hold them."""

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from azure.core.exceptions import DeserializationError

from shared.clients.table_reads import (
    Row,
    RowRange,
    next_token,
    read_row,
    read_rows,
    row_path,
    rows_path,
)

ENTITY = {
    "odata.etag": "W/\"datetime'2026'\"",
    "PartitionKey": "p",
    "RowKey": "k",
    "Timestamp": "2026-01-01T00:00:00Z",
    "Timestamp@odata.type": "Edm.DateTime",
    "text": "ü",
    "number": 5,
    "flag": True,
    "long": "9007199254740993",
    "long@odata.type": "Edm.Int64",
    "ratio": 2,
    "ratio@odata.type": "Edm.Double",
    "bytes": "e30=",
    "bytes@odata.type": "Edm.Binary",
}
VALUES = {
    "PartitionKey": "p",
    "RowKey": "k",
    "text": "ü",
    "number": 5,
    "flag": True,
    "long": 9007199254740993,
    "ratio": 2.0,
    "bytes": b"{}",
}


def test_a_row_has_the_types_that_were_written() -> None:
    row = read_row(json.dumps(ENTITY).encode())
    assert row == Row(VALUES, "W/\"datetime'2026'\"")
    assert {name: type(value) for name, value in row.values.items()} == {
        name: type(value) for name, value in VALUES.items()
    }
    assert read_rows(json.dumps({"value": [ENTITY, ENTITY]}).encode()) == [row, row]


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b'{"value": 5}', b'{"value": [5]}']
)
def test_what_is_no_answer_is_told(content: bytes) -> None:
    with pytest.raises(DeserializationError):
        read_rows(content)


def test_keys_and_values_are_quoted() -> None:
    assert row_path("t", "o'neil/ü", "a=b,c") == (
        "t(PartitionKey=%27o%27%27neil%2F%C3%BC%27,RowKey=%27a=b,c%27)"
    )
    wanted = RowRange("p'q", "a", "b", {"title": "x' or 1 eq 1 or '&$top=1"})
    path = urlsplit(rows_path("t", wanted, ("RowKey", "title"), 21, {"RowKey": "n&x"}))
    assert path.path == "t()"
    assert parse_qs(path.query) == {
        "$filter": [
            "PartitionKey eq 'p''q' and RowKey ge 'a' and RowKey lt 'b'"
            " and title eq 'x'' or 1 eq 1 or ''&$top=1'"
        ],
        "$select": ["RowKey,title"],
        "$top": ["21"],
        "NextRowKey": ["n&x"],
    }
    assert unquote(rows_path("t", None, (), 5, {})) == "t()?$top=5"


def test_a_page_goes_on_where_its_headers_say() -> None:
    headers = {
        "x-ms-continuation-NextPartitionKey": "p",
        "x-ms-continuation-NextRowKey": "r",
    }
    assert next_token(headers) == {"PartitionKey": "p", "RowKey": "r"}
    assert next_token({}) == {}
