"""How long looking at what users send keeps everybody else waiting, at the limits of its size: the
longest time in which the event loop did nothing else, in processor time of this process. What takes
longer runs beside it."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import azure.functions as func
from mcp_types import CallToolResult, jsonrpc_message_adapter

from functions.http import parse_json
from functions.multipart.form import read_form
from shared.attachments.store import NewFile, examine
from shared.clients.mcp.exchange import CONTAINER, MAX_VALUES, ValueCounter
from shared.clients.mcp.rows import MAX_CELLS, rows_of
from shared.diffs.patches import hunks
from shared.documents.extraction import extract
from shared.documents.file_types import InMemory
from shared.errors import Invalid, Problem, Unreadable
from shared.models import StoredTicket
from shared.sandbox.runner import Limits
from shared.tasks.evidence.chunking import cut
from shared.text.csv_export import to_csv
from shared.text.markdown import inert
from shared.tickets.rendering.files import ResultFormat, render_result
from tests.benchmarks.verdicts import Row, judge_most
from tests.support.product.clock import now

MIB = 1024 * 1024
TICK = 0.001
LIMIT = 100
"""Ms that the loop may stand still."""
Work = Callable[[], Awaitable[object]]


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    asyncio.run(_stall(_works()[0][1]))  # imports
    return [_judge(name, *asyncio.run(_stall(work))) for name, work in _works()]


def _judge(name: str, stall: float, seconds: float) -> Row:
    return judge_most(name, 1000 * stall, LIMIT, "ms of the loop", f", {seconds:.2f} s in all")


async def _stall(work: Work) -> tuple[float, float]:
    """The longest pause of the loop during the work, and how long the work took, in seconds."""
    longest, last = 0.0, time.process_time()

    async def tick() -> None:
        nonlocal longest, last
        while True:
            await asyncio.sleep(TICK)
            moment = time.process_time()
            longest, last = max(longest, moment - last), moment

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.05)
    begin = time.perf_counter()
    longest = 0.0
    with suppress(Problem, Invalid, Unreadable):
        await work()
    await asyncio.sleep(2 * TICK)
    seconds = time.perf_counter() - begin
    ticking.cancel()
    return longest, seconds


def _works() -> list[tuple[str, Work]]:
    return [*_bodies(), *_forms(), *_files(), *_texts(), *_results(), *_answers()]


def _bodies() -> list[tuple[str, Work]]:
    objects = b"[" + b'{"a":1},' * 10_000 + b"1]"
    return [
        ("JSON body, 4 MB of numbers", _json(b"[" + b"1," * (2 * MIB - 2) + b"1]")),
        ("JSON body, 4 MB of texts", _json(b"[" + b'"",' * (4 * MIB // 3 - 2) + b"1]")),
        ("JSON body, as many objects as are taken", _json(objects)),
        ("JSON body, a text of 4 MB", _json(b'"' + b'\\",' * (4 * MIB // 3 - 1) + b'"')),
    ]


def _json(text: bytes) -> Work:
    async def parse() -> object:
        return parse_json(text)

    return parse


def _forms() -> list[tuple[str, Work]]:
    head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'

    def form(unit: bytes) -> Work:
        body = head + unit * (50 * MIB // len(unit) - 100) + b"\r\n--x--\r\n"
        headers = {
            "content-type": "multipart/form-data; boundary=x",
            "content-length": str(len(body)),
        }
        request = func.HttpRequest("POST", "http://x/", headers=headers, body=body)
        return lambda: read_form(request, 50 * MIB)

    return [
        ("form of 50 MB, a file", form(b"a")),
        ("form of 50 MB, line ends", form(b"\r\n")),
        ("form of 50 MB, almost its delimiter", form(b"\r\n--")),
        ("form of 50 MB, its delimiter", form(b"\r\n--xA")),
    ]


def _files() -> list[tuple[str, Work]]:
    def file(name: str, data: bytes) -> Work:
        return lambda: examine([NewFile(name, InMemory(memoryview(data)))], 10 * MIB, now())

    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, *(0,) * 7, 1, *(0,) * 6) + b"a"
    directory = entry * (4 * MIB // len(entry))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 10, 10, len(directory), 30, 0)
    return [
        ("zip of 4 MB, all directory", file("a.docx", b"PK\x03\x04" + bytes(26) + directory + end)),
        ("CSV of 10 MB", file("a.csv", b"a,b\n" * (10 * MIB // 4))),
        ("text of 10 MB in no encoding", file("a.txt", b"\xe9\n" * (5 * MIB))),
        ("JSON file of 10 MB", file("a.json", b"[" + b"1," * (5 * MIB - 2) + b"1]")),
    ]


def _texts() -> list[tuple[str, Work]]:
    limits = Limits(seconds=30, megabytes=1024)

    def document(kind: str, name: str, data: bytes) -> Work:
        async def read() -> object:
            return await cut(await extract(kind, name, data, limits), 4_000)

        return read

    patch = "@@ -1,100000 +1,100000 @@\n" + "-a\n+b\n" * (2 * MIB // 6)

    async def read_patch() -> object:
        return await asyncio.to_thread(hunks, patch)

    return [
        ("Markdown of 2 MB, headings, cut", document("text/markdown", "a.md", b"# a\n" * 500_000)),
        ("CSV of 2 MB, cut", document("text/csv", "a.csv", b"a,b\n" * 500_000)),
        ("text of 2 MB, cut", document("text/plain", "a.txt", b"a\n" * 1_000_000)),
        ("patch of 2 MB", read_patch),
    ]


def _results() -> list[tuple[str, Work]]:
    def result(text: str, form: ResultFormat) -> Work:
        data: dict[str, Any] = {"summary": "s", "task_result": text, "model": "m", "usage": {}}
        values: dict[str, Any] = {"title": "T", "task_type": "custom", "result_data": data}
        ticket = StoredTicket.model_construct(**values)
        return lambda: render_result(ticket, form)

    async def tame() -> object:
        return inert("&" + "amp;" * (MIB // 4))

    async def table() -> object:
        return await asyncio.to_thread(to_csv, ["a"] * 10, [["=1"] * 10] * 20_000)

    return [
        ("result of 64 KB as html, brackets", result("[" * 65_536, ResultFormat.HTML)),
        ("result of 16 KB as html, brackets", result("[" * 16_000, ResultFormat.HTML)),
        ("result of 1 MB as md", result("a *b* <c>\n" * 100_000, ResultFormat.MD)),
        ("Markdown of 1 MB, entities in entities", tame),
        ("CSV of 200,000 cells", table),
    ]


def _answers() -> list[tuple[str, Work]]:
    """Of an MCP server: what the `mcp` package reads in one go, and the rows within."""
    start = b'{"jsonrpc": "2.0", "id": 1, "result": {"content": ['
    end = b'], "structuredContent": {"rows": [%s]}}}'
    block = b'{"type": "text", "text": ""}'

    def answer(blocks: int, cells: bytes) -> Work:
        text = start + b",".join([block] * blocks) + end % cells

        async def read() -> object:
            message = jsonrpc_message_adapter.validate_json(text)
            return CallToolResult.model_validate(getattr(message, "result", None))

        return read

    async def count() -> object:
        counter, piece = ValueCounter(), b'\\"' * (32 * 1024)
        for _ in range(16 * MIB // len(piece)):
            counter.count(piece)
            await asyncio.sleep(0)
        return counter

    lists = MAX_VALUES // (CONTAINER + 1)
    rows = "[" + "[1,2]," * (MAX_CELLS // 3 - 1) + "[1,2]]"
    name = "answer of an MCP server"
    return [
        (f"{name}, 16 MB of one text", count),
        (f"{name}, as many numbers as are taken", answer(1, b"1," * MAX_VALUES + b"1")),
        (f"{name}, as many lists as are taken", answer(1, b"[]," * lists + b"1")),
        (f"{name}, as many texts as are taken", answer(lists, b"1")),
        ("rows of a text, as many as are taken", lambda: asyncio.to_thread(rows_of, [rows], None)),
    ]
