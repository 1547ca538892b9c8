"""What is tried: for each parser a function of bytes that raises when something does not hold.

Errors that a parser promises are its answer; anything else is a finding.
"""

import csv
import io
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import azure.functions as func
from pydantic import TypeAdapter, ValidationError

from functions.http import form_body, json_body
from functions.multipart.form import MultipartForm
from shared.clients.github.urls import pull_of
from shared.diffs.patches import hunks
from shared.diffs.syntax import parses
from shared.documents.chunks import cut_chunks
from shared.documents.docx.reader import read_docx
from shared.documents.export.html import to_html
from shared.documents.extract import Places
from shared.documents.file_types import InMemory, kind_of
from shared.documents.filenames import safe_name
from shared.documents.pdf.reader import read_pdf
from shared.documents.quotes import Folded
from shared.documents.text.reader import read_text
from shared.errors import BadSchema, PermanentFailure, Problem, QueryRefused, Unreadable
from shared.models import ClientMessage, Login, NewTicket
from shared.models.base import validate_model
from shared.papers.citations import citations, find_cited, quotes
from shared.sql.guard import guard
from shared.sql.policy import Policy, TableName
from shared.text import json_schema, strict_json
from shared.text.csv_export import to_csv
from shared.text.markdown import inert
from shared.tickets.realtime.events import ConnectRequest
from tests.support.files import files, pdfs

_POLICY = Policy(
    databases=frozenset({"S"}),
    schemas=frozenset({"P"}),
    tables={TableName("S", "P", "T"): ("A", "B")},
    database="S",
    schema="P",
)
_BOUNDARY = "xYz"
_ACTIVE = ("<script", "<img", "<svg", "<iframe", "javascript:", " onerror=")
_CONNECT: TypeAdapter[ConnectRequest] = TypeAdapter(ConnectRequest)


@dataclass(frozen=True, slots=True)
class Target:
    """`words` are what its language is made of, `seeds` what it reads well."""

    check: Callable[[bytes], object]
    words: tuple[bytes, ...]
    seeds: tuple[bytes, ...] = ()


def _request(body: bytes, kind: str) -> func.HttpRequest:
    headers = {"content-type": kind, "content-length": str(len(body))}
    return func.HttpRequest("POST", "http://x/", headers=headers, body=body)


def _text(data: bytes) -> str:
    """With halves of surrogate pairs, as JSON can carry them."""
    return data.decode("utf-8", "surrogateescape")


def _plain(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def check_json(data: bytes) -> None:
    with suppress(ValueError):
        value = strict_json.loads(data, max_values=1_000)
        assert strict_json.loads(strict_json.dumps(value)) == value


def check_ticket(data: bytes) -> None:
    with suppress(Problem):
        json_body(_request(data, "application/json"), NewTicket)


def check_form(data: bytes) -> None:
    with suppress(Problem):
        form_body(_request(data, "application/x-www-form-urlencoded"), Login)


def check_multipart(data: bytes) -> None:
    with suppress(Problem):
        form = MultipartForm(_request(data, f"multipart/form-data; boundary={_BOUNDARY}"), 10_000)
        found = form.files("file", "files")
        assert sum(file.content.size for file in found) <= len(data)
        assert all(file.content.part(0, len(data)) in data for file in found)


def check_filename(data: bytes) -> None:
    with suppress(Problem):
        name = safe_name(_text(data))
        assert name == safe_name(name)
        assert not set(name) & set('/\\\0\r\n"')
        assert len(name.encode()) <= 255


def check_file_type(data: bytes) -> None:
    for name in ("a.docx", "a.pdf", "a.json", "a.txt", "a.xml"):
        with suppress(Problem):
            kind_of(name, InMemory(memoryview(data)))


def _check_text(kind: str, name: str) -> Callable[[bytes], None]:
    def check(data: bytes) -> None:
        with suppress(Unreadable):
            _check_extract(read_text(kind, name, data))

    return check


def _check_extract(extract: Any) -> None:
    text, places = extract.text, Places(extract.blocks)
    for start, end, _ in cut_chunks(extract, 50, 2):
        assert 0 <= start < end <= len(text)
        assert "".join(block.text for block in places.part(start, end)) == text[start:end]
        assert places.place(start, end)


def check_docx(data: bytes) -> None:
    """The data as the document itself, in a package that is right."""
    with suppress(Unreadable):
        _check_extract(read_docx(files.docx(word__document_xml=data)))


def check_package(data: bytes) -> None:
    with suppress(Unreadable):
        read_docx(data)


def check_pdf(data: bytes) -> None:
    with suppress(Unreadable):
        _check_extract(read_pdf(data))


def check_patch(data: bytes) -> None:
    found, _ = hunks(_plain(data))
    for hunk in found:
        numbers = [line.new for line in hunk.lines if line.new is not None]
        assert numbers == sorted(set(numbers))
        assert hunk.new_count == len(numbers)


def check_code(data: bytes) -> None:
    for path in ("a.py", "a.json", "a.yaml", "a.toml"):
        parses(path, _plain(data))


def check_schema(data: bytes) -> None:
    with suppress(ValueError, BadSchema):
        schema = strict_json.loads(data, max_values=1_000)
        if isinstance(schema, dict):
            json_schema.check(schema)
            moved = json_schema.move_references(schema, "#/properties/x")
            assert "http" not in str(moved.get("$ref", ""))


def check_sql(data: bytes) -> None:
    with suppress(QueryRefused):
        sql = guard(_plain(data), _POLICY)
        assert "LIMIT" in str(sql).upper()


def check_markdown(data: bytes) -> None:
    page = to_html(inert(_plain(data))).lower()
    page = re.sub(r' class="[^"]*"', "", page)  # The language of code, as the text names it.
    tags = "".join(part.partition(">")[0] for part in page.split("<")[1:])
    assert not [one for one in _ACTIVE[:4] if one in page]
    assert "javascript:" not in tags


def check_csv(data: bytes) -> None:
    cells = _plain(data).split("|")
    (row,) = csv.reader(io.StringIO(to_csv(cells, []), newline=""))
    for cell in row:
        number = cell.removeprefix("-").replace(".", "", 1).isdecimal()
        assert number or not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


def check_quotes(data: bytes) -> None:
    text, _, quote = _plain(data).partition("|")
    span = Folded(text).find(quote)
    assert span is None or 0 <= span.start < span.end <= len(text)


def check_citations(data: bytes) -> None:
    text = _plain(data)
    citations(text)
    find_cited(text)
    assert all(0 <= start <= end <= len(text) for start, end in quotes(text))


def check_events(data: bytes) -> None:
    with suppress(ValueError, Problem):
        validate_model(ClientMessage, strict_json.loads(data))
    with suppress(ValidationError):
        _CONNECT.validate_json(data)


def check_pr_url(data: bytes) -> None:
    with suppress(PermanentFailure):
        ref = pull_of(_text(data), ("https://github.com",))
        assert not set(f"{ref.owner}{ref.repo}") & set("/?#@:\\ \n")


_BLANK = (
    b" ",
    b"\n",
    b"\r",
    b"\t",
    b"\x0c",
    b"\x00",
    b"    ",
    b"\xe9",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
)


def _words(text: bytes) -> tuple[bytes, ...]:
    return (*text.split(), *_BLANK)


_JSON = _words(rb'{ } [ ] , : " \ \ud800 \udfff 0 1 -1 1e9 1.5 true null NaN "a" "a":1 "\""')
_HEAD = b'--xYz\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
_FORM = _words(b"--xYz --xYz-- Content-Disposition: ; name=\"file\" filename*=utf-8''x a \r\n--xYz")
_MARKUP = _words(
    b"# * > ``` ~~~ ` [a]( ) ![ ](javascript:x) < <script> <img/src=x/onerror=y> &lt; &#x3c; &amp; "
    b"| -|- [a]: data: \\ _ ** <!-- --> 1. - word"
)
_XML = _words(
    b"<a> </a> <a/> <!DOCTYPE <!ENTITY 'x'> ]> &e; &#0; &#x41; <![CDATA[ ]]> <?xml "
    b"encoding='utf-16' ?> xmlns:w='x' <p> <table> <tr> <td> </td> <script> x"
)
_WORD = _words(
    b"<w:p> </w:p> <w:r> </w:r> <w:t>x</w:t> <w:tbl> </w:tbl> <w:tr> <w:tc> <w:ins> <w:del> "
    b"<w:fldChar/> <w:sdt> <w:body> </w:body>"
)
_NAMES = _words(b"a.txt .. / %2f %252e \\ con . : \xe2\x80\xae e\xcc\x81 \xed\xa0\x80")
_SQL = _words(
    b"SELECT FROM T WHERE A B ( ) , ; -- /* */ 'x' \"A\" $$ UNION JOIN ON WITH AS LIMIT * = @~ "
    b"CALL INSERT IDENTIFIER LATERAL FLATTEN : :: [ ] SYSTEM$X COUNT SUM GROUP BY"
)
_PROSE = _words(
    b'the harbour \xe2\x80\x9c \xe2\x80\x9d \xe2\x80\xa6 ... -\n \xc2\xad | [3] (2) [^1] " a 1. 12'
)
_DIFF = (*_words(rb"@@ +a -b \ + -"), b" c", b"@@ -1,2 +1,3 @@\n", b"@@ -0,0 +1 @@\n")
_CODE = _words(b"a= ( ) [ ] { } - &a *a : ''' # 1 def import")
_ZIP = _words(b"PK\x03\x04 PK\x01\x02 PK\x05\x06 PK\x06\x06 PK\x06\x07 %PDF- {")
_PDF = _words(b"%PDF-1.4 obj endobj << >> stream endstream xref trailer /Type /Page 1 0 R")
_TABLE = _words(b'a , ; " "" =1 + - @ | 1 . \xef\xbc\x9d')
_WEB = _words(
    b"https://github.com/ a/b /pull/1 @ # ? %2f .. \\ 127.0.0.1 & = username password + %"
)
_KEYS = _words(
    b'"type" "properties" "$ref" "#/$defs/a" "$defs" "allOf" "pattern" "items" "title" "task_type" '
    b'"custom" "task_data" "cells" "source" "cell_type":"code" "ping" "claims" "iat"'
)

TARGETS: dict[str, Target] = {
    "json": Target(check_json, _JSON, (b'{"a": [1, 2.5, "x", null]}',)),
    "ticket": Target(check_ticket, _JSON + _KEYS),
    "url-encoded form": Target(check_form, _WEB),
    "multipart form": Target(check_multipart, (*_FORM, _HEAD), (_HEAD + b"x\r\n--xYz--\r\n",)),
    "file name": Target(check_filename, _NAMES),
    "file type": Target(check_file_type, _ZIP, (files.docx(),)),
    "txt": Target(_check_text("text/plain", "a.txt"), _PROSE),
    "md": Target(_check_text("text/markdown", "a.md"), _MARKUP),
    "html": Target(_check_text("text/html", "a.html"), _XML),
    "xml": Target(_check_text("application/xml", "a.xml"), _XML),
    "csv": Target(_check_text("text/csv", "a.csv"), _TABLE),
    "json file": Target(_check_text("application/json", "a.json"), _JSON),
    "notebook": Target(_check_text("text/x-source", "a.ipynb"), _JSON + _KEYS),
    "docx document": Target(check_docx, _WORD),
    "docx package": Target(check_package, _ZIP, (files.docx(),)),
    "pdf": Target(check_pdf, _PDF, (pdfs.report(1),)),
    "patch": Target(check_patch, _DIFF),
    "code": Target(check_code, _CODE),
    "output_schema": Target(check_schema, _JSON + _KEYS),
    "sql": Target(check_sql, _SQL, (b"SELECT A, COUNT(*) FROM T GROUP BY A",)),
    "markdown": Target(check_markdown, _MARKUP),
    "csv cells": Target(check_csv, _TABLE),
    "quotes": Target(check_quotes, _PROSE),
    "citations": Target(check_citations, _PROSE),
    "realtime event": Target(check_events, _JSON + _KEYS),
    "pr_url": Target(check_pr_url, _WEB),
}
