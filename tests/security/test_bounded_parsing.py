"""What users send is looked at in so many steps at most, however it is written."""

import random
import struct
import sys
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest

from functions.http import parse_json
from functions.multipart.form import MultipartForm
from shared.documents.extract import Block, Places
from shared.documents.file_types import InMemory, kind_of
from shared.errors import Malformed, UnsupportedMediaType
from shared.models import StoredTicket
from shared.text import strict_json
from shared.text.markdown import inert
from shared.tickets.rendering.files import ResultFormat, render_content, render_result

MAX_VALUES = 30_000
MIB = 1024 * 1024


def calls_of(work: Callable[[], object]) -> int:
    """How many functions, ours and the interpreter's, are called meanwhile."""
    count = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


class TestJson:
    @pytest.mark.parametrize("unit", ["1", "1.5", '""', "[]", "{}", "null", '{"a":[1,","]}'])
    def test_a_body_of_many_values_is_refused_before_it_is_parsed(self, unit: str) -> None:
        text = f"[{','.join([unit] * (MIB // (len(unit) + 1)))}]".encode()

        def parse() -> None:
            with pytest.raises(Malformed, match=f"more than {MAX_VALUES} values"):
                parse_json(text)

        assert calls_of(parse) < 1_000

    def test_a_long_text_is_one_value(self) -> None:
        text = 'a,[{\\"' * (MIB // 6)
        assert len(parse_json(f'{{"a": "{text}"}}'.encode())["a"]) > MIB // 2

    def test_many_values_are_read_up_to_the_limit(self) -> None:
        assert len(parse_json(f"[{'1,' * (MAX_VALUES - 2)}1]".encode())) == MAX_VALUES - 1
        with pytest.raises(Malformed):
            parse_json(f"[{'1,' * (MAX_VALUES - 1)}1]".encode())

    def test_values_are_counted_as_they_are(self) -> None:
        chance = random.Random(1)
        for _ in range(300):
            value = make_value(chance, 4)
            text, count = strict_json.dumps(value).decode(), count_values(value)
            assert strict_json.loads(text, max_values=count + empties(value)) == value
            with pytest.raises(ValueError, match="more than"):
                strict_json.loads(text, max_values=count - 1 - empties(value))

    @pytest.mark.parametrize("text", ['"' + '\\"' * MIB, "[" * MIB, '["' * MIB, '",' * MIB])
    def test_what_is_no_json_takes_no_longer(self, text: str) -> None:
        def parse() -> None:
            with pytest.raises(Malformed):
                parse_json(text.encode())

        assert calls_of(parse) < 1_000


def make_value(chance: random.Random, depth: int) -> Any:
    kind = chance.randrange(6 if depth else 3)
    if kind == 3:
        return [make_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    if kind > 3:
        return {f'{n}",[{{': make_value(chance, depth - 1) for n in range(chance.randrange(4))}
    return (1, ',[{\\" ü', None)[kind]


def count_values(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(count_values, inner))


def empties(value: Any) -> int:
    """Lists and objects without anything in them: each counts as if something were."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    own = isinstance(value, dict | list) and not value
    return own + sum(map(empties, inner))


HEAD = b'Content-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'


def form_of(*bodies: bytes) -> func.HttpRequest:
    body = b"".join(b"--xYz\r\n" + HEAD + one + b"\r\n" for one in bodies) + b"--xYz--\r\n"
    headers = {
        "content-type": "multipart/form-data; boundary=xYz",
        "content-length": str(len(body)),
    }
    return func.HttpRequest("POST", "http://x/", headers=headers, body=body)


class TestMultipart:
    @pytest.mark.parametrize(
        "unit", [b"a", b"\r", b"\n", b"\r\n", b"\r\n--", b"\r\n--xY", b"-", b"--xYz"]
    )
    def test_a_file_is_gone_through_in_large_steps(self, unit: bytes) -> None:
        content = unit * (4 * MIB // len(unit))
        MultipartForm(form_of(b"a"), MIB).files("file")  # what is imported counts for nothing
        request, found = form_of(content), []
        lines = lines_of(lambda: found.extend(MultipartForm(request, 8 * MIB).files("file")))
        assert found[0].content.part(0, 8 * MIB) == content
        assert lines < 5_000

    @pytest.mark.parametrize(
        "content",
        [
            b"\r\n--xYzA" * 500_000,
            b"\r\n--xYz-" * 500_000,
            b"\r\n--xYz" + b" " * 4_000_000,
            b"\r\n--xYz" + b"\t " * 2_000_000 + b"\r\n",
        ],
    )
    def test_parts_that_hold_their_delimiter_are_refused(self, content: bytes) -> None:
        request = form_of(content)

        def parse() -> None:
            with pytest.raises(Malformed):
                MultipartForm(request, 8 * MIB)

        assert lines_of(parse) < 20_000

    def test_a_line_that_begins_like_the_delimiter_is_content(self) -> None:
        content = b"a\r\n--xYzA\r\n--xY"
        (file,) = MultipartForm(form_of(content), MIB).files("file")
        assert file.content.part(0, MIB) == content


def lines_of(work: Callable[[], object]) -> int:
    """How many lines of Python are run meanwhile."""
    count = 0

    def trace(_: object, event: str, __: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("record", [b"PK\x06\x06", b"PK\x00\x00"])
def test_a_directory_that_only_a_zip64_record_tells_of_is_not_read(record: bytes) -> None:
    """The standard library believes that record, and makes an object of each entry."""
    entries = 100_000
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", 20, 20, *(0,) * 7, 1, *(0,) * 6) + b"a"
    local, directory = b"PK\x03\x04" + bytes(26), entry * entries
    end64 = (record, 44, 45, 45, 0, 0, entries, entries, len(directory), len(local))
    data = b"".join(
        [
            local,
            directory,
            struct.pack("<4sQ2H2L4Q", *end64),
            struct.pack("<4sLQL", b"PK\x06\x07", 0, len(local) + len(directory), 1),
            struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 10, 10, 500, len(local), 0),
        ]
    )

    def look() -> None:
        with pytest.raises(UnsupportedMediaType):
            kind_of("a.docx", InMemory(memoryview(data)))

    assert calls_of(look) < 100


@pytest.mark.parametrize("entity", ["amp;", "#38;", "AMP;", "#x26;", "amp;#38;"])
def test_entities_within_entities_are_undone_a_few_times(entity: str) -> None:
    text = f"&{entity * 20_000}lt;script>"
    found: list[str] = []
    assert calls_of(lambda: found.append(inert(text))) < 1_000
    assert "<script" not in found[0]
    assert "&lt;" not in found[0].replace("&amp;", "&amp;\u200b")


def test_lines_are_counted_once_for_all_parts() -> None:
    text = "a\n" * 100_000
    counted = Counted(text)
    places = Places([Block.model_construct(text=counted, line=1)])
    parts = [places.part(start, start + 200)[0] for start in range(0, len(text), 200)]
    assert [part.line for part in parts] == list(range(1, 100_001, 100))
    assert counted.looked_at <= len(text)


class Counted(str):
    """A text that knows how many of its characters were looked through."""

    looked_at = 0

    def count(self, *args: Any) -> int:
        self.looked_at += args[2] - args[1]
        return super().count(*args)


async def test_a_long_result_is_rendered_elsewhere_and_is_the_same() -> None:
    text = "# A\n\n" + "Some *words*. " * 2_000
    result: dict[str, Any] = {"summary": "s", "task_result": text, "model": "m", "usage": {}}
    values: dict[str, Any] = {"title": "T", "task_type": "custom", "result_data": result}
    ticket = StoredTicket.model_construct(**values)
    here = render_content("custom", result, ResultFormat.HTML)
    assert len(here) > 16 * 1024
    assert (await render_result(ticket, ResultFormat.HTML)).content == here
