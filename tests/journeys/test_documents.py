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

from tests.support.files import pdfs
from tests.support.hosts.process import ROOT
from tests.support.running_app import JsonObject, RunningApp, run_app
from tests.support.servers.model import completion
from tests.support.tasks.rereading import check, is_there

AGREEMENT = (ROOT / "infra/local/samples/harbour-services-agreement.pdf").read_bytes()
PRICES = b"berth,tug,price\nNorthern mole,yes,1200\nSouthern mole,no,900\n"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with run_app(storage, tmp_path_factory.mktemp("running_app"), CHUNK_TOKENS="1500") as running:
        yield running


@pytest.fixture(autouse=True)
def _honest_model(running_app: RunningApp) -> None:
    running_app.model.reset()


def letter() -> bytes:
    document = docx.Document()
    document.add_heading("Letter to the Authority", 1)
    for number in range(1, 13):
        document.add_paragraph(f"Point {number}: vessel {number} waits for {number * 3} hours.")
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def post(running_app: RunningApp, files: Mapping[str, bytes], **task_data: Any) -> httpx2.Response:
    """A ticket with its files, in one request."""
    body = {"title": "Winter – papers", "task_type": "doc_analysis", "task_data": task_data}
    form: list[Any] = [("ticket", (None, json.dumps(body), "application/json"))]
    return running_app.api.post(
        "/tickets", files=form + [("files", item) for item in files.items()]
    )


def run(running_app: RunningApp, files: Mapping[str, bytes], **task_data: Any) -> JsonObject:
    """The ticket with these files once it has ended."""
    answer = post(running_app, files, **task_data)
    assert answer.status_code == 201, answer.text
    return running_app.until_ended(answer.json()["id"])


def result(running_app: RunningApp, ticket: JsonObject, form: str) -> httpx2.Response:
    answer = running_app.api.get(f"/tickets/{ticket['id']}/result", params={"format": form})
    assert answer.status_code == 200, answer.text
    return answer


def test_a_pdf_a_letter_and_a_table_are_analysed_together(running_app: RunningApp) -> None:
    files = {"agreement.pdf": AGREEMENT, "letter.docx": letter(), "prices.csv": PRICES}
    ticket = run(running_app, files, analysis_type="risk", instructions="Who waits for whom?")
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
    assert made["usage"]["calls"] == len(running_app.model.bodies) > 5
    assert (
        ticket["tokens_used"] == made["usage"]["prompt_tokens"] + made["usage"]["completion_tokens"]
    )

    assert result(running_app, ticket, "json").json() == made
    markdown = result(running_app, ticket, "md").text
    assert markdown.startswith(made["analysis"].rstrip())
    assert "[agreement.pdf p. " in markdown
    word = result(running_app, ticket, "docx")
    assert word.headers["content-type"] == WORD
    assert 'filename="Winter-papers.docx"' in word.headers["content-disposition"]
    headings = [
        paragraph.text
        for paragraph in docx.Document(io.BytesIO(word.content)).paragraphs
        if ((paragraph.style and paragraph.style.name) or "").startswith("Heading")
    ]
    assert headings[:2] == ["Analysis", "Insights"]
    assert headings[-1] == "What took how long"
    rows = list(csv.DictReader(io.StringIO(result(running_app, ticket, "csv").text, newline="")))
    assert len(rows) == sum(len(one["evidence"]) for one in made["insights"])
    for row in rows:
        assert is_there(files[row["document"]], row["document"], row)
    refused = running_app.api.get(f"/tickets/{ticket['id']}/result", params={"format": "sarif"})
    assert refused.status_code == 406
    assert "csv" in refused.json()["detail"]


def test_the_same_papers_again_cost_nothing(running_app: RunningApp) -> None:
    first = run(running_app, {"agreement.pdf": AGREEMENT})
    running_app.model.reset()
    again = run(running_app, {"copy of it.pdf": AGREEMENT})
    assert running_app.model.bodies == []
    assert again["tokens_used"] == 0
    assert again["result_data"]["usage"]["reused"] == first["result_data"]["usage"]["calls"]
    assert running_app.api.delete(f"/tickets/{first['id']}").status_code == 204
    run(running_app, {"agreement.pdf": AGREEMENT})
    assert len(running_app.model.bodies) == first["result_data"]["usage"]["calls"]


@pytest.mark.parametrize(
    ("name", "data", "advice"),
    [
        ("secret.pdf", pdfs.encrypted(AGREEMENT, "sesame", "AES-256"), "remove the password"),
        ("scan.pdf", pdfs.drawn(pdfs.IMAGE, pdfs.IMAGE), "run OCR"),
        ("cut.pdf", AGREEMENT[:900], "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_fails_its_ticket_and_no_other(
    running_app: RunningApp, name: str, data: bytes, advice: str
) -> None:
    other = post(running_app, {"prices.csv": PRICES + name.encode()}).json()["id"]
    ticket = run(running_app, {name: data})
    assert ticket["status"] == "failed"
    assert name in ticket["error_message"]
    assert advice in ticket["error_message"]
    assert ticket["tokens_used"] == 0
    assert running_app.until_ended(other)["status"] == "completed"
    mixed = run(running_app, {name: data, "prices.csv": PRICES})
    assert mixed["status"] == "completed", mixed["error_message"]
    assert any(
        name in warning and advice in warning for warning in mixed["result_data"]["warnings"]
    )


@pytest.mark.parametrize("finish_reason", ["length", "content_filter", None])
def test_an_answer_that_is_not_whole_never_completes_a_ticket(
    running_app: RunningApp, finish_reason: str | None
) -> None:
    running_app.model.reset(lambda *_: completion("{}", finish_reason))
    ticket = run(running_app, {"prices.csv": PRICES}, instructions=f"Asked anew: {finish_reason}")
    assert ticket["status"] == "failed"
    assert ticket["error_message"]


def test_one_answer_that_is_cut_off_is_asked_for_in_parts(running_app: RunningApp) -> None:
    running_app.model.reset(lambda number, _: completion("{}", "length") if number == 3 else None)
    ticket = run(running_app, {"agreement.pdf": AGREEMENT}, instructions="Asked anew: once")
    assert ticket["status"] == "completed", ticket["error_message"]
    assert check(ticket["result_data"], {"agreement.pdf": AGREEMENT}) > 3


def test_what_is_in_files_goes_nowhere_but_to_the_model_and_the_result(
    running_app: RunningApp,
) -> None:
    canary = "The secret word is xylophonequartz."
    ticket = run(running_app, {"a.txt": canary.encode()}, analysis_type="risk")
    assert canary in json.dumps(ticket["result_data"])
    events = running_app.api.get(f"/tickets/{ticket['id']}/events").text
    history = json.dumps(running_app.durable.history(f"{ticket['id']}-1"))
    for text in (events, history, running_app.host.log, ticket["processing_logs"]):
        assert "xylophonequartz" not in text


def text_of(running_app: RunningApp, ticket: JsonObject, name: str, **part: int) -> httpx2.Response:
    [file] = [one for one in ticket["attachments"] if one["filename"] == name]
    path = f"/tickets/{ticket['id']}/attachments/{file['id']}/text"
    return running_app.api.get(path, params=part)


def test_quotes_stand_in_the_text_where_they_say(running_app: RunningApp) -> None:
    files = {"agreement.pdf": AGREEMENT, "letter.docx": letter(), "prices.csv": PRICES}
    ticket = run(running_app, files, analysis_type="risk", instructions="Which waits are too long?")
    proofs = [proof for one in ticket["result_data"]["insights"] for proof in one["evidence"]]
    assert {proof["document"] for proof in proofs} == set(files)
    for proof in proofs:
        part = {"from": proof["start"], "to": proof["end"]}
        shown = text_of(running_app, ticket, proof["document"], **part).json()
        assert shown["text"] == proof["quote"]
        assert shown["places"][0]["place"].split(", ")[0] in proof["place"].replace("pp.", "p.")
    whole = text_of(running_app, ticket, "agreement.pdf").json()
    assert (whole["pages"], whole["start"]) == (11, 0)
    assert {place["place"] for place in whole["places"]} >= {f"p. {page}" for page in range(1, 11)}
    assert whole["unread"][0]["place"] == "p. 11"


def test_the_text_of_a_file_is_its_readers_alone(running_app: RunningApp) -> None:
    ticket = run(running_app, {"letter.docx": letter()})
    [file] = ticket["attachments"]
    path = f"/tickets/{ticket['id']}/attachments/{file['id']}/text"
    assert running_app.log_in("mallory").get(path).status_code == 404
    assert running_app.api.get(f"{path[:-6]}x/text").status_code == 404
    assert running_app.api.get(path, params={"from": "-1"}).status_code == 422
    assert running_app.api.get(path).status_code == 200
    assert running_app.api.delete(path.removesuffix("/text")).status_code == 204
    assert running_app.api.get(path).status_code == 404
    container = ContainerClient.from_connection_string(running_app.storage.upstream, "amida-work")
    with container:
        assert list(container.list_blob_names(name_starts_with=f"texts/{ticket['id']}/")) == []


def test_the_report_can_be_had_as_html_that_does_nothing(running_app: RunningApp) -> None:
    hostile = PRICES + b"<script>alert(1)</script>,maybe,7\n"
    page = result(running_app, run(running_app, {"prices.csv": hostile}), "html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in page.headers["content-security-policy"]
    assert "<h1>Analysis</h1>" in page.text
    assert "<script" not in page.text
