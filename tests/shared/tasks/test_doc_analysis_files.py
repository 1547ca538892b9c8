"""Files of a ticket: what is read, what cannot be, what is remembered of them, and how the result
is written down."""

import csv
import io
import zipfile
from collections.abc import Callable
from typing import Any

import docx
import pytest

from shared.tasks.doc_analysis import planning
from shared.tickets.rendering.files import ResultFormat, render_result
from tests.support.files import pdfs
from tests.support.files.leases import LEASE, RENT, letter
from tests.support.product.accounts import by
from tests.support.product.app import user
from tests.support.product.workflow import shown
from tests.support.servers.storage_proxy import StorageProxy
from tests.support.tasks.analyses import Analyses, claim, point, relation
from tests.support.tasks.rereading import check, quotes

SCAN = pdfs.drawn(pdfs.IMAGE)
BAD = {
    "secret.pdf": (pdfs.encrypted(LEASE, "sesame", "AES-256"), "password"),
    "scan.pdf": (SCAN, "OCR"),
    "broken.pdf": (LEASE[: len(LEASE) // 3], "damaged"),
    "bomb.pdf": (
        pdfs.drawn(b"", more={101: pdfs.packed(pdfs.bomb(30_000_000, b"0 0 m "))}),
        "10 MB",
    ),
    "blank.txt": (b" \n\n ", "text"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_file_that_cannot_be_read_fails_its_ticket_with_advice(
    analyses: Analyses, name: str
) -> None:
    data, word = BAD[name]
    reason = await analyses.failure({name: data})
    assert reason.startswith("No file of this ticket can be read. ")
    assert f"{name} was not read: " in reason
    assert word in reason
    assert analyses.model.bodies == []


async def test_of_many_files_that_cannot_be_read_some_are_named(analyses: Analyses) -> None:
    reason = await analyses.failure({f"{n}.txt": b" " * (n + 1) for n in range(23)})
    assert "19.txt was not read: " in reason
    assert "20.txt" not in reason
    assert reason.endswith("Nor can 3 others.")


async def test_other_files_are_analysed_and_what_was_not_read_is_named(analyses: Analyses) -> None:
    analyses.reader.claims = lambda text: [claim(RENT)]
    files = {name: data for name, (data, _) in BAD.items()} | {"lease.pdf": LEASE}
    result = await analyses.analyse(files)
    assert check(result, files) == 1
    for name, (_, word) in BAD.items():
        [warning] = [text for text in result["warnings"] if text.startswith(name)]
        assert word in warning
        assert warning in result["coverage"]["statement"]
    read = {one["name"]: one["fault"] for one in result["documents"]}
    assert read.pop("lease.pdf") is None
    assert all(read.values())
    seen = result["coverage"]
    assert (seen["documents"], seen["documents_read"], seen["pages"]) == (6, 1, 3)
    assert len(analyses.model.bodies) == 1, "one chunk in all is one call"


async def test_pages_without_text_are_named(analyses: Analyses) -> None:
    page = pdfs.shown("The pilots of the northern station go home in February.")
    contents = [pdfs.IMAGE if number in (11, 39) else page for number in range(60)]
    result = await analyses.analyse({"mixed.pdf": pdfs.drawn(*contents)})
    assert result["coverage"]["statement"] == (
        "mixed.pdf: read 58 of 60 pages; not read: p. 12, p. 40 (an image without text (scanned); "
        "run OCR over the file)."
    )
    assert result["coverage"]["statement"] in result["warnings"]
    assert "read 58 of 60 pages" in result["analysis"]


async def test_files_of_all_kinds_have_quotes_at_their_places(analyses: Analyses) -> None:
    lines = [f"Line {n} says that berth {n} is closed in winter." for n in range(40)]
    files = {
        "a.pdf": pdfs.report(3),
        "b.docx": letter(*lines),
        "c.txt": "\r\n".join(lines).encode(),
        "d.py": "\n".join(f"# {line}" for line in lines).encode(),
    }
    result = await analyses.analyse(files, analysis_type="risk")
    assert check(result, files) == result["coverage"]["quotes_found"] > 15
    assert {proof["document"] for proof in quotes(result)} == set(files)


async def test_many_files_are_read_and_drawn_together(analyses: Analyses) -> None:
    files = {f"no-{n}.docx": letter(f"Berth {n} belongs to company number {n}.") for n in range(24)}
    analyses.reader.claims = lambda text: [claim(text.splitlines()[2])]
    analyses.reader.conclude = lambda text: {"insights": [point("All.", *range(24))]}
    result = await analyses.analyse(files)
    assert len(result["documents"]) == result["coverage"]["documents_read"] == 24
    assert all(one["summary"] for one in result["documents"])
    [insight] = result["insights"]
    assert len(insight["evidence"]) == 24
    assert result["analysis"].count("“") == 3, "the others are cited"
    assert "[no-23.docx" in result["analysis"]
    assert len(analyses.asked("Conclusion")) == 1


async def test_what_was_read_of_several_files_is_not_read_again(
    analyses: Analyses, storage: StorageProxy
) -> None:
    files = {"a.pdf": LEASE, "b.docx": letter("Nothing is due.")}
    order = await analyses.open(files)
    first = await analyses.app.activities.plan(order)
    storage.reset()
    assert await analyses.app.another().activities.plan(order) == first
    read = [call for call in storage.calls if "/attachments/" in call.path]
    assert read == []


async def test_more_than_a_ticket_can_hold_is_refused(
    analyses: Analyses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "MAX_CHUNKS", 3)
    analyses.use(chunk_tokens=300)
    reason = await analyses.failure({"long.pdf": pdfs.report(8)})
    assert "too long for one ticket" in reason
    assert "several tickets" in reason


async def test_the_same_content_is_not_paid_for_again(analyses: Analyses) -> None:
    """Under another name, in another ticket; but by the same owner, for the same question."""
    analyses.use(chunk_tokens=400)
    data = pdfs.report(4)
    first = await analyses.open({"a.pdf": data})
    result = await analyses.result(first)
    paid = len(analyses.model.bodies)
    again = await analyses.analyse({"b.pdf": data})
    assert len(analyses.model.bodies) == paid
    assert again["usage"]["calls"] == again["usage"]["prompt_tokens"] == 0
    assert again["usage"]["reused"] == result["usage"]["calls"] == paid
    assert {proof["document"] for proof in quotes(again)} == {"b.pdf"}
    assert [one["quote"] for one in quotes(again)] == [one["quote"] for one in quotes(result)]

    await analyses.analyse({"b.pdf": data}, instructions="Name the dates.")
    assert len(analyses.model.bodies) == 2 * paid
    analyses.owner = user()
    await analyses.analyse({"b.pdf": data})
    assert len(analyses.model.bodies) == 3 * paid


async def test_together_with_another_file_only_what_is_new_is_asked(analyses: Analyses) -> None:
    analyses.use(chunk_tokens=400)
    data = pdfs.report(4)
    await analyses.analyse({"a.pdf": data})
    known = len(analyses.asked("Analysis"))
    await analyses.analyse({"c.pdf": data, "lease.pdf": LEASE})
    assert len(analyses.asked("Analysis")) == known + 1


async def test_deleting_a_ticket_forgets_what_was_learnt_from_its_files(analyses: Analyses) -> None:
    order = await analyses.open({"lease.pdf": LEASE})
    await analyses.result(order)
    assert len(analyses.model.bodies) == 1
    names = await analyses.app.container.names("answers/")
    assert len(names) == 1
    await analyses.app.ticket_deletion.delete(by(analyses.owner), order["ticket_id"])
    assert await analyses.app.container.names("answers/") == []
    await analyses.analyse({"lease.pdf": LEASE})
    assert len(analyses.model.bodies) == 2


HOSTILE = (
    '=HYPERLINK("http://evil") | <img src=x onerror=alert(1)> ![](http://evil) [x](javascript:1)'
)


@pytest.fixture
def hostile(analyses: Analyses) -> Callable[[], Any]:
    """A ticket whose file and whose model both mean harm."""
    files = {
        "=lease.docx": letter(HOSTILE, "Another line of it is here."),
        "[b](c).pdf": LEASE,
    }
    analyses.reader.claims = lambda text: [
        claim(HOSTILE if HOSTILE in text else RENT, HOSTILE, RENT)
    ]
    analyses.reader.conclude = lambda _: {
        "insights": [point(HOSTILE, 0, 1)],
        "relations": [relation("conflict", HOSTILE, 0, 1)],
    }
    analyses.reader.summary = HOSTILE

    async def make() -> Any:
        order = await analyses.open(files)
        await analyses.result(order)
        return await shown(analyses.app, order)

    return make


async def test_nothing_active_is_in_any_form(hostile: Callable[[], Any]) -> None:
    ticket = await hostile()
    markdown = (await render_result(ticket, ResultFormat.MD)).content.decode()
    assert "\\<img" in markdown
    assert "<img" not in markdown.replace("\\<", "")
    assert "](" not in markdown.replace("\\]", "")
    table = (await render_result(ticket, ResultFormat.CSV)).content.decode()
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == 1 + 2 * 2
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert f"'{HOSTILE}" in rows[1]
    word = (await render_result(ticket, ResultFormat.DOCX)).content
    with zipfile.ZipFile(io.BytesIO(word)) as analyses:
        written = b"".join(analyses.read(name) for name in analyses.namelist())
    assert b"evil" not in written.replace(b"http://evil", b"")
    assert b'TargetMode="External"' not in written
    assert b"instrText" not in written
    texts = [paragraph.text for paragraph in docx.Document(io.BytesIO(word)).paragraphs]
    assert HOSTILE in texts


async def test_the_table_of_evidence_has_a_row_for_each_quote(analyses: Analyses) -> None:
    analyses.reader.claims = lambda _: [
        claim("Rent is due, early.", RENT, "in good order", importance=5)
    ]
    order = await analyses.open({"lease.pdf": LEASE})
    await analyses.result(order)
    table = (
        await render_result(await shown(analyses.app, order), ResultFormat.CSV)
    ).content.decode()
    header, rent, roof = csv.reader(io.StringIO(table))
    assert dict(zip(header, rent, strict=True)) == {
        "finding": "insight",
        "kind": "fact",
        "importance": "5",
        "text": "Rent is due, early.",
        "document": "lease.pdf",
        "place": "p. 1",
        "quote": RENT,
        "start": rent[-2],
        "end": rent[-1],
    }
    assert int(rent[-1]) - int(rent[-2]) == len(RENT)
    assert roof[5:7] == ["p. 2", "in good order"]
