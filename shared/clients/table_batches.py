"""A transaction of Table storage as bytes: one request that holds several, and its answer.

The SDK builds both from objects of Python's `email` package, which took more than a third of the
processor time of a ticket. Its pipeline still signs, sends and tries again what is made here.
https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from secrets import token_hex
from typing import Any
from urllib.parse import quote, urlsplit

Values = Mapping[str, Any]

_INT32_BITS = 31
"""Without the sign."""
_COSMOS = (".table.cosmos", ".table.cosmosdb")
_PART = re.compile(
    rb"^HTTP/1\.1 (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n([^\r\n]*)", re.MULTILINE
)
_ETAG = re.compile(rb"^ETag: *([^\r\n]+)", re.MULTILINE | re.IGNORECASE)


class Verb(StrEnum):
    INSERT = "insert"
    MERGE = "merge"
    REPLACE = "replace"
    DELETE = "delete"


_METHODS = {
    Verb.INSERT: "POST",
    Verb.MERGE: "PATCH",
    Verb.REPLACE: "PUT",
    Verb.DELETE: "DELETE",
}


@dataclass(frozen=True, slots=True)
class Write:
    """One write of a transaction. MERGE changes the given properties of the row with `etag`;
    REPLACE puts the row there whatever was before. Without an ETag any version will do."""

    verb: Verb
    values: Values
    etag: str = ""


@dataclass(frozen=True, slots=True)
class BatchRefusal:
    """Why a transaction was refused: the code of storage, and the index of the write."""

    status: int
    code: str
    index: int


def encode_batch(url: str, table: str, writes: Sequence[Write]) -> tuple[str, bytes]:
    """The content type and the body that apply `writes` to a table of the account at `url`."""
    batch, changes = f"batch_{token_hex(16)}", f"changeset_{token_hex(16)}"
    tunnels = any(mark in (urlsplit(url).hostname or "") for mark in _COSMOS)
    parts = [f"--{batch}\r\nContent-Type: multipart/mixed; boundary={changes}\r\n\r\n"]
    for number, write in enumerate(writes):
        parts.append(
            f"--{changes}\r\nContent-Type: application/http\r\n"
            f"Content-Transfer-Encoding: binary\r\nContent-ID: {number}\r\n\r\n"
            f"{_request(f'{url}/{table}', write, tunnels=tunnels)}\r\n"
        )
    parts.append(f"--{changes}--\r\n\r\n--{batch}--\r\n")
    return f"multipart/mixed; boundary={batch}", "".join(parts).encode("ascii")


def decode_batch(status: int, content: bytes) -> list[str] | BatchRefusal:
    """The new ETags of all writes in order, or why none took effect; `status` is that of the whole
    answer."""
    if status != HTTPStatus.ACCEPTED:
        return _refusal(status, content)
    etags = []
    for part_status, headers, body in _PART.findall(content):
        if not part_status.startswith(b"2"):
            return _refusal(int(part_status), body)
        found = _ETAG.search(headers)
        etags.append(found[1].decode("ascii").strip() if found else "")
    return etags


def _request(address: str, write: Write, *, tunnels: bool) -> str:
    """One write as a request. Cosmos DB takes a PATCH in a POST only."""
    method, headers = _METHODS[write.verb], ["Accept: application/json", "DataServiceVersion: 3.0"]
    if write.verb is Verb.INSERT:
        headers.append("Prefer: return-no-content")
    else:
        address += (
            f"(PartitionKey='{_key(write, 'PartitionKey')}',RowKey='{_key(write, 'RowKey')}')"
        )
    if write.etag or write.verb in (Verb.MERGE, Verb.DELETE):
        headers.append(f"If-Match: {write.etag or '*'}")
    if write.verb is Verb.MERGE and tunnels:
        method = "POST"
        headers.append("X-HTTP-Method: MERGE")
    body = ""
    if write.verb is not Verb.DELETE:
        body = json.dumps(_add_types(write.values), separators=(",", ":"))
        headers += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([f"{method} {address} HTTP/1.1", *headers, "", body])


def _key(write: Write, name: str) -> str:
    return quote(write.values[name].replace("'", "''"), safe="")


def _add_types(values: Values) -> dict[str, Any]:
    """A row as JSON: what JSON has no type for has it named beside it.
    https://learn.microsoft.com/rest/api/storageservices/understanding-the-table-service-data-model
    """
    made: dict[str, Any] = {}
    for name, value in values.items():
        match value:
            case None:
                continue
            case bool() | str():
                made[name] = value
            case int() if value.bit_length() <= _INT32_BITS:
                made[name] = value
            case int():
                made |= {name: str(value), f"{name}@odata.type": "Edm.Int64"}
            case float():
                made |= {name: value, f"{name}@odata.type": "Edm.Double"}
            case bytes():
                made |= {name: b64encode(value).decode(), f"{name}@odata.type": "Edm.Binary"}
            case _:
                raise TypeError(f"{name}: a column takes no {type(value).__name__}.")
    return made


def _refusal(status: int, body: bytes) -> BatchRefusal:
    """Storage says the index before its message: `0:The specified entity already exists.`"""
    try:
        error = json.loads(body)["odata.error"]
        code, text = str(error["code"]), str(error["message"]["value"])
    except (ValueError, KeyError, TypeError):
        return BatchRefusal(status, "", 0)
    index = text.partition(":")[0]
    return BatchRefusal(status, code, int(index) if index.isdecimal() else 0)
