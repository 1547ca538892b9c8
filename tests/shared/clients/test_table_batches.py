"""Transactions as bytes: what goes out to the last one, and that a real Azurite takes it so."""

import json
import re
from typing import Any

import pytest

from shared.clients.table_batches import BatchRefusal, Verb, Write, decode_batch, encode_batch
from shared.clients.tables import Table

URL = "https://amida.table.core.windows.net"
KEYS = {"PartitionKey": "o'neill", "RowKey": "ü/%#? 1"}
ADDRESS = f"{URL}/tickets(PartitionKey='o%27%27neill',RowKey='%C3%BC%2F%25%23%3F%201')"
SEVERAL = b"""--batchresponse_1\r
Content-Type: multipart/mixed; boundary=changesetresponse_2\r
\r
--changesetresponse_2\r
Content-Type: application/http\r
Content-Transfer-Encoding: binary\r
\r
%s\r
--changesetresponse_2--\r
--batchresponse_1--\r
"""


def sent(write: Write, url: str = URL) -> str:
    """The part of a transaction that holds this write, between its boundaries."""
    content_type, body = encode_batch(url, "tickets", [write])
    batch = content_type.removeprefix("multipart/mixed; boundary=")
    whole = re.fullmatch(
        rf"--{batch}\r\nContent-Type: multipart/mixed; boundary=(\w+)\r\n\r\n"
        rf"--\1\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        rf"Content-ID: 0\r\n\r\n(.*)\r\n--\1--\r\n\r\n--{batch}--\r\n",
        body.decode("ascii"),
        re.DOTALL,
    )
    assert whole is not None
    return whole[2]


BODY = '{"PartitionKey":"o\'neill","RowKey":"\\u00fc/%#? 1","x":1}'
COMMON = "HTTP/1.1\r\nAccept: application/json\r\nDataServiceVersion: 3.0\r\n"
JSON = f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}"


@pytest.mark.parametrize(
    ("verb", "etag", "expected"),
    [
        (Verb.INSERT, "", f"POST {URL}/tickets {COMMON}Prefer: return-no-content\r\n{JSON}"),
        (Verb.MERGE, 'W/"1"', f'PATCH {ADDRESS} {COMMON}If-Match: W/"1"\r\n{JSON}'),
        (Verb.MERGE, "", f"PATCH {ADDRESS} {COMMON}If-Match: *\r\n{JSON}"),
        (Verb.REPLACE, "", f"PUT {ADDRESS} {COMMON}{JSON}"),
        (Verb.DELETE, "", f"DELETE {ADDRESS} {COMMON}If-Match: *\r\n\r\n"),
        (Verb.DELETE, 'W/"1"', f'DELETE {ADDRESS} {COMMON}If-Match: W/"1"\r\n\r\n'),
    ],
)
def test_each_verb_to_the_byte(verb: Verb, etag: str, expected: str) -> None:
    assert sent(Write(verb, KEYS | {"x": 1}, etag)) == expected


def test_cosmos_db_is_told_of_a_merge_by_a_header() -> None:
    part = sent(Write(Verb.MERGE, KEYS), "https://amida.table.cosmos.azure.com")
    assert part.startswith("POST https://amida.table.cosmos.azure.com/tickets(")
    assert "\r\nIf-Match: *\r\nX-HTTP-Method: MERGE\r\n" in part


VALUES: dict[str, Any] = {
    "text": 'a "quoted"\r\nHTTP/1.1 500 line\r\n--x\r\n\u00fc \U0001f600',
    "whole": -(2**31) + 1,
    "large": 2**40,
    "real": 2.0,
    "yes": True,
    "bytes": b"\x00\xff",
}


def test_what_json_has_no_type_for_has_it_beside_it() -> None:
    part = sent(Write(Verb.INSERT, KEYS | VALUES | {"none": None}))
    body = json.loads(part.partition("\r\n\r\n")[2])
    types = {name: value for name, value in body.items() if "@" in name}
    assert types == {
        "large@odata.type": "Edm.Int64",
        "real@odata.type": "Edm.Double",
        "bytes@odata.type": "Edm.Binary",
    }
    assert "none" not in body
    with pytest.raises(TypeError, match="listed"):
        encode_batch(URL, "tickets", [Write(Verb.INSERT, {"listed": [1]})])


async def test_storage_keeps_what_was_sent(table: Table) -> None:
    keys = {"PartitionKey": "o'neill", "RowKey": "ü'% =&+ 1"}
    etags = await table.write([Write(Verb.INSERT, keys | VALUES)])
    found = await table.read(keys["PartitionKey"], keys["RowKey"])
    assert found is not None
    assert {name: found.values[name] for name in VALUES} == VALUES
    assert [found.etag] == etags
    [merged] = await table.write([Write(Verb.MERGE, keys | {"whole": 2}, found.etag)])
    [replaced] = await table.write([Write(Verb.REPLACE, keys | {"yes": False})])
    assert len({found.etag, merged, replaced}) == 3
    found = await table.read(keys["PartitionKey"], keys["RowKey"])
    assert found is not None
    assert (found.etag, found.values["yes"], "whole" in found.values) == (replaced, False, False)
    await table.write([Write(Verb.DELETE, keys, replaced)])
    assert await table.read(keys["PartitionKey"], keys["RowKey"]) is None


def test_an_answer_has_the_etags_in_order() -> None:
    part = b'HTTP/1.1 204 No Content\r\nDataServiceVersion: 3.0;\r\nETag: W/"%d"\r\n\r\n\r\n'
    between = b"--changesetresponse_2\r\nContent-Type: application/http\r\n\r\n"
    deleted = b"HTTP/1.1 204 No Content\r\nX-Content-Type-Options: nosniff\r\n\r\n\r\n"
    parts = between.join([part % 7, deleted, part % 8])
    assert decode_batch(202, SEVERAL % parts) == ['W/"7"', "", 'W/"8"']


ERROR = b'{"odata.error":{"code":"%s","message":{"lang":"en-US","value":"%s"}}}'


@pytest.mark.parametrize(
    ("status", "content", "refusal"),
    [
        (
            202,
            SEVERAL
            % (
                b"HTTP/1.1 412 Precondition Failed\r\nContent-Type: application/json\r\n\r\n"
                + ERROR % (b"UpdateConditionNotSatisfied", b"12:The update condition")
            ),
            BatchRefusal(412, "UpdateConditionNotSatisfied", 12),
        ),
        (404, ERROR % (b"TableNotFound", b"There is none"), BatchRefusal(404, "TableNotFound", 0)),
        (503, b"<html>", BatchRefusal(503, "", 0)),
        (200, b"[]", BatchRefusal(200, "", 0)),
    ],
)
def test_a_refusal_says_why_and_of_which_write(
    status: int, content: bytes, refusal: BatchRefusal
) -> None:
    assert decode_batch(status, content) == refusal
