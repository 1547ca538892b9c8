"""A paper through the API: asked for with a file, read while it grows, cancelled, done again."""

import io
import json
import shutil
import subprocess
from pathlib import Path
from threading import Event
from typing import Any

import docx
import pytest
from starlette.responses import Response

from shared.documents.pdf.reader import read_pdf
from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp
from tests.support.servers.model import Body, Thinking
from tests.support.tasks.analyses import form_of
from tests.support.tasks.papers import TITLES, Author

NOTE = b"The harbour has many berths. Pilots board each vessel at the outer buoy."
DATA = {"topic": "How a harbour works", "length": "short", "requirements": ["Name the tides."]}


def opened(running_app: RunningApp, **task_data: Any) -> str:
    body = {"title": "A paper", "task_type": "paper_writing", "task_data": {**DATA, **task_data}}
    form: list[Any] = [
        ("ticket", (None, json.dumps(body), "application/json")),
        ("files", ("note.txt", NOTE)),
    ]
    answer = running_app.api.post("/tickets", files=form)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_it_is_read_while_it_grows_and_done_again_with_other_requirements(
    running_app: RunningApp,
) -> None:
    author, reached = Author(), Event()

    def answer(number: int, body: Body) -> Response | None:
        return Thinking(reached) if form_of(body) == "Edits" else author(number, body)

    running_app.model.reset(answer)
    ticket = opened(running_app)
    path = f"/tickets/{ticket}"
    wait_for(reached.is_set, "the edits to be asked for")
    assert running_app.api.get(f"{path}/result").status_code == 409
    shown = running_app.api.get(f"{path}/result?format=md&partial=true")
    assert shown.status_code == 200
    assert all(f"## {title}" in shown.text for title in TITLES[:4])
    assert "Incomplete: 4 of 4 sections" in shown.text
    assert running_app.api.post(f"{path}/cancel").json()["status"] == "cancelled"
    partial = running_app.api.get(f"{path}/result?partial=true").json()
    assert partial["is_complete"] is False

    running_app.model.reset(author)
    more = {"task_data": {**DATA, "requirements": ["Name the tides.", "Name the crews."]}}
    assert running_app.api.post(f"{path}/reprocess", json={"task_data": {}}).status_code == 422
    again = running_app.api.post(f"{path}/reprocess", json=more)
    assert again.status_code == 200, again.text
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    assert [form_of(one) for one in running_app.model.bodies].count("Written") == 1
    assert [one["met"] for one in ended["result_data"]["requirements"]] == [True, True]


def test_every_form_can_be_saved(running_app: RunningApp, tmp_path: Path) -> None:
    running_app.model.reset(Author())
    ticket = opened(running_app, topic="How a quay is built")  # Nothing of it is known already.
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    titles = [one["title"] for one in ended["result_data"]["outline"]]
    for form in ended["result_data"]["formats"]:
        answer = running_app.api.get(f"/tickets/{ticket}/result?format={form}")
        assert answer.status_code == 200
        (tmp_path / f"paper.{form}").write_bytes(answer.content)
    document = docx.Document(io.BytesIO((tmp_path / "paper.docx").read_bytes()))
    shown = [one.text for one in document.paragraphs if one.style and one.style.name == "Heading 1"]
    assert shown == titles
    if not shutil.which("soffice"):
        pytest.skip("LibreOffice is not installed (soffice): its PDF was not looked at")
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(tmp_path / "paper.docx")]
    subprocess.run(command, check=True, timeout=180, capture_output=True)
    text = " ".join(read_pdf((tmp_path / "paper.pdf").read_bytes()).text.split())
    assert all(title in text for title in titles)


@pytest.mark.parametrize(
    ("task_data", "words"),
    [
        ({"topic": " "}, "topic"),
        ({"length": 30_000}, "length"),
        ({"sources": ["https://example.org/page"]}, "not among the hosts"),
    ],
)
def test_bad_input_is_refused(running_app: RunningApp, task_data: Any, words: str) -> None:
    body = {"title": "T", "task_type": "paper_writing", "task_data": {**DATA, **task_data}}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]
