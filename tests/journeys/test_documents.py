"""Documents through the whole app, from multipart to the files of the result."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import docx
import httpx2
import pytest
from azure.storage.blob import ContainerClient

from tests import pdfs
from tests.host_process import ROOT
from tests.model_server import completion
from tests.shared.tasks.rereading import check, is_there
from tests.world import JsonObject, World, worlds

AGREEMENT = (ROOT / "infra/local/samples/harbour-services-agreement.pdf").read_bytes()
PRICES = b"berth,tug,price\nNorthern mole,yes,1200\nSouthern mole,no,900\n"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture(scope="module")
def world(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with worlds(storage, tmp_path_factory.mktemp("world"), CHUNK_TOKENS="1500") as running:
        yield running


@pytest.fixture(autouse=True)
def _honest_model(world: World) -> None:
    world.model.reset()


def letter() -> bytes:
    document = docx.Document()
    document.add_heading("Letter to the Authority", 1)
    for number in range(1, 13):
        document.add_paragraph(f"Point {number}: vessel {number} waits for {number * 3} hours.")
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def post(world: World, files: Mapping[str, bytes], **task_data: Any) -> httpx2.Response:
    """A ticket with its files, in one request."""
    body = {"title": "Winter – papers", "task_type": "doc_analysis", "task_data": task_data}
    form: list[Any] = [("ticket", (None, json.dumps(body), "application/json"))]
    return world.api.post("/tickets", files=form + [("files", item) for item in files.items()])


def run(world: World, files: Mapping[str, bytes], **task_data: Any) -> JsonObject:
    """The ticket with these files once it has ended."""
    answer = post(world, files, **task_data)
    assert answer.status_code == 201, answer.text
    return world.until_ended(answer.json()["id"])


def result(world: World, ticket: JsonObject, form: str) -> httpx2.Response:
    answer = world.api.get(f"/tickets/{ticket['id']}/result", params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer


def test_a_pdf_a_letter_and_a_table_are_analysed_together(world: World) -> None:
    files = {"agreement.pdf": AGREEMENT, "letter.docx": letter(), "prices.csv": PRICES}
    ticket = run(world, files, analysis_type="risk", instructions="Who waits for whom?")
    assert ticket["status"] == "completed", ticket["error_message"]
    made = ticket["result_data"]
    assert check(made, files) > 10
    assert {one["name"]: one["fault"] for one in made["documents"]} == dict.fromkeys(files)
    assert {proof["document"] for one in made["insights"] for proof in one["evidence"]} == set(
        files
    )
    assert (
        "agreement.pdf: read 10 of 11 pages; not read: p. 11 (an image"
        in made["coverage"]["statement"]
    )
    assert made["usage"]["calls"] == len(world.model.bodies) > 5
    assert (
        ticket["tokens_used"] == made["usage"]["prompt_tokens"] + made["usage"]["completion_tokens"]
    )

    assert result(world, ticket, "json").json() == made
    markdown = result(world, ticket, "md").text
    assert markdown == made["analysis"]
    assert "[agreement.pdf p. " in markdown
    word = result(world, ticket, "docx")
    assert word.headers["content-type"] == WORD
    assert 'filename="Winter-papers.docx"' in word.headers["content-disposition"]
    headings = [
        paragraph.text
        for paragraph in docx.Document(io.BytesIO(word.content)).paragraphs
        if ((paragraph.style and paragraph.style.name) or "").startswith("Heading")
    ]
    assert headings[:2] == ["Analysis", "Insights"]
    rows = list(csv.DictReader(io.StringIO(result(world, ticket, "csv").text, newline="")))
    assert len(rows) == sum(len(one["evidence"]) for one in made["insights"])
    for row in rows:
        assert is_there(files[row["document"]], row["document"], row)
    refused = world.api.get(f"/tickets/{ticket['id']}/result", params={"format": "sarif"})
    assert refused.status_code == 406
    assert "csv" in refused.json()["detail"]


def test_the_same_papers_again_cost_nothing(world: World) -> None:
    first = run(world, {"agreement.pdf": AGREEMENT})
    world.model.reset()
    again = run(world, {"copy of it.pdf": AGREEMENT})
    assert world.model.bodies == []
    assert again["tokens_used"] == 0
    assert again["result_data"]["usage"]["reused"] == first["result_data"]["usage"]["calls"]
    assert world.api.delete(f"/tickets/{first['id']}").status_code == 204
    run(world, {"agreement.pdf": AGREEMENT})
    assert len(world.model.bodies) == first["result_data"]["usage"]["calls"]


@pytest.mark.parametrize(
    ("name", "data", "advice"),
    [
        ("secret.pdf", pdfs.encrypted(AGREEMENT, "sesame", "AES-256"), "remove the password"),
        ("scan.pdf", pdfs.drawn(pdfs.IMAGE, pdfs.IMAGE), "run OCR"),
        ("cut.pdf", AGREEMENT[:900], "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_fails_its_ticket_and_no_other(
    world: World, name: str, data: bytes, advice: str
) -> None:
    other = post(world, {"prices.csv": PRICES + name.encode()}).json()["id"]
    ticket = run(world, {name: data})
    assert ticket["status"] == "failed"
    assert name in ticket["error_message"]
    assert advice in ticket["error_message"]
    assert ticket["tokens_used"] == 0
    assert world.until_ended(other)["status"] == "completed"
    mixed = run(world, {name: data, "prices.csv": PRICES})
    assert mixed["status"] == "completed", mixed["error_message"]
    assert any(
        name in warning and advice in warning for warning in mixed["result_data"]["warnings"]
    )


@pytest.mark.parametrize("finish_reason", ["length", "content_filter", None])
def test_an_answer_that_is_not_whole_never_completes_a_ticket(
    world: World, finish_reason: str | None
) -> None:
    world.model.reset(lambda number, _: completion("{}", finish_reason) if number == 3 else None)
    ticket = run(world, {"agreement.pdf": AGREEMENT}, instructions=f"Asked anew: {finish_reason}")
    assert ticket["status"] == "failed"
    assert ticket["error_message"]
    world.model.reset()
    again = world.api.post(f"/tickets/{ticket['id']}/reprocess")
    assert again.status_code == 200, again.text
    ended = world.until_ended(ticket["id"])
    assert ended["status"] == "completed", ended["error_message"]
    assert ended["result_data"]["usage"]["reused"] > 0, "what was answered is not paid for again"


def test_what_is_in_files_goes_nowhere_but_to_the_model_and_the_result(world: World) -> None:
    canary = "The secret word is xylophonequartz."
    ticket = run(world, {"a.txt": canary.encode()}, analysis_type="risk")
    assert canary in json.dumps(ticket["result_data"])
    events = world.api.get(f"/tickets/{ticket['id']}/events").text
    history = json.dumps(world.durable.history(f"{ticket['id']}-1"))
    for text in (events, history, world.host.log, ticket["processing_logs"]):
        assert "xylophonequartz" not in text


def text_of(world: World, ticket: JsonObject, name: str, **part: int) -> httpx2.Response:
    [file] = [one for one in ticket["attachments"] if one["filename"] == name]
    path = f"/tickets/{ticket['id']}/attachments/{file['id']}/text"
    return world.api.get(path, params=part)


def test_quotes_stand_in_the_text_where_they_say(world: World) -> None:
    files = {"agreement.pdf": AGREEMENT, "letter.docx": letter(), "prices.csv": PRICES}
    ticket = run(world, files, analysis_type="risk", instructions="Which waits are too long?")
    proofs = [proof for one in ticket["result_data"]["insights"] for proof in one["evidence"]]
    assert {proof["document"] for proof in proofs} == set(files)
    for proof in proofs:
        part = {"from": proof["start"], "to": proof["end"]}
        shown = text_of(world, ticket, proof["document"], **part).json()
        assert shown["text"] == proof["quote"]
        assert shown["places"][0]["place"].split(", ")[0] in proof["place"].replace("pp.", "p.")
    whole = text_of(world, ticket, "agreement.pdf").json()
    assert (whole["pages"], whole["start"]) == (11, 0)
    assert {place["place"] for place in whole["places"]} >= {f"p. {page}" for page in range(1, 11)}
    assert whole["unread"][0]["place"] == "p. 11"


def test_the_text_of_a_file_is_its_readers_alone(world: World) -> None:
    ticket = run(world, {"letter.docx": letter()})
    [file] = ticket["attachments"]
    path = f"/tickets/{ticket['id']}/attachments/{file['id']}/text"
    assert world.log_in("mallory").get(path).status_code == 404
    assert world.api.get(f"{path[:-6]}x/text").status_code == 404
    assert world.api.get(path, params={"from": "-1"}).status_code == 422
    assert world.api.get(path).status_code == 200
    assert world.api.delete(path.removesuffix("/text")).status_code == 204
    assert world.api.get(path).status_code == 404
    container = ContainerClient.from_connection_string(world.storage.upstream, "amida-work")
    with container:
        assert list(container.list_blob_names(name_starts_with=f"texts/{ticket['id']}/")) == []


def test_the_report_can_be_had_as_html_that_does_nothing(world: World) -> None:
    hostile = PRICES + b"<script>alert(1)</script>,maybe,7\n"
    page = result(world, run(world, {"prices.csv": hostile}), "html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in page.headers["content-security-policy"]
    assert "<h1>Analysis</h1>" in page.text
    assert "<script" not in page.text
