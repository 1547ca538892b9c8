"""`make demo`: a PDF is put into Blob storage and followed through the app to its cited analysis;
`make demo TASK=paper_writing`: a paper is written with the PDF as its source; `make demo
TASK=snowflake_query`: a question about the sample sales is answered.

State is kept from demo to demo, and a path of Blob storage makes one ticket ever, so that each demo
has a folder of its own there.
"""

import json
import secrets
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from azure.core.exceptions import AzureError, ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContentSettings

from infra.local import report
from infra.local.run import Ready, running
from infra.local.serving import PartError

SAMPLE = Path(__file__).parent / "samples" / "harbour-services-agreement.pdf"
USER = "demo"
METADATA = {"analysis_type": "contract"}
PAPER = {
    "topic": "What the harbour services agreement asks of both sides",
    "target_audience": "people who work with the agreement and have not read it",
    "length": "short",
    "requirements": ["Say what is charged for the services.", "Say how the agreement ends."],
}
QUESTION = "Show me sales trends for the last quarter by region"
ENDED = ("completed", "failed", "cancelled")
APPEARS_SECONDS = 60.0
ENDS_SECONDS = 900.0
POLL_SECONDS = 0.05

Json = dict[str, Any]


def demo(port: int, state: Path, task: str) -> None:
    """Start everything, open a ticket of this type with the sample, follow it, print its result,
    stop everything.

    Raises PartError when the ticket does not complete, and as `running` when something does not
    start.
    """
    log = state / "demo.log"
    state.mkdir(parents=True, exist_ok=True)
    _say(f"Starting the app with its stand-ins; what they say is in {log}")
    with (
        log.open("w", buffering=1) as file,
        running(port, state, lambda line: print(line, file=file)) as copy,
        httpx2.Client(base_url=copy.ready.api_url, timeout=30) as client,
    ):
        ready = copy.ready
        _enter(client, ready)
        opened, lines = TASKS[task]
        ticket = _followed(client, opened(client, ready)["id"])
        if ticket["status"] != "completed":
            reason = ticket["error_message"] or "Nobody said why."
            raise PartError(f"the ticket {ticket['status']}: {reason} The log is {log}.")
        print("", *lines(ticket), "", sep="\n")
        _save(client, ticket, state / "results")
        named = shlex.quote(str(state))
        _say(f"\nmake run STATE={named} brings the app back with this ticket in it.")


def _enter(client: httpx2.Client, ready: Ready) -> None:
    """Sign in as the user of the demo, whom the admin makes or gives a new password."""
    if not ready.admin_password:
        raise PartError(
            f"This storage does not let {ready.admin_email} in with the password of the settings: "
            "set BOOTSTRAP_ADMIN_EMAIL and BOOTSTRAP_ADMIN_PASSWORD to those of an admin there."
        )
    _log_in(client, ready.admin_email, ready.admin_password)
    new = {"username": USER, "email": f"{USER}@example.com", "password": secrets.token_urlsafe(12)}
    if client.post("/users", json=new).status_code == httpx2.codes.CONFLICT:
        users = _got(client, "/users", limit=1000).json()
        known = next(user for user in users if user["username"] == USER)
        client.put(f"/users/{known['id']}", json={"password": new["password"]}).raise_for_status()
    _log_in(client, USER, new["password"])
    _say(f"Signed in as {USER} at {ready.api_url}")


def _log_in(client: httpx2.Client, username: str, password: str) -> None:
    login = {"username": username, "password": password}
    answer = client.post("/auth/login/json", json=login).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {answer['access_token']}"


def _got(client: httpx2.Client, path: str, **query: Any) -> httpx2.Response:
    return client.get(path, params=query).raise_for_status()


def _tickets(client: httpx2.Client) -> list[Json]:
    found: list[Json] = _got(client, "/tickets").json()["tickets"]
    return found


def _open_dropped(client: httpx2.Client, ready: Ready) -> Json:
    """The ticket that comes of a file put into Blob storage."""
    earlier = {ticket["id"] for ticket in _tickets(client)}
    _drop(ready)
    return _appeared(client, earlier)


def _open_paper(client: httpx2.Client, _: Ready) -> Json:
    """A ticket for a paper, with the file that it is written from."""
    ticket = {"title": "Harbour services", "task_type": "paper_writing", "task_data": PAPER}
    form: list[Any] = [
        ("ticket", (None, json.dumps(ticket), "application/json")),
        ("files", (SAMPLE.name, SAMPLE.read_bytes(), "application/pdf")),
    ]
    opened: Json = client.post("/tickets", files=form).raise_for_status().json()
    _say(f"Opened the ticket {opened['id']} with {SAMPLE.name}\n")
    return opened


def _open_question(client: httpx2.Client, _: Ready) -> Json:
    """A ticket that asks the local Snowflake."""
    data = {"query_request": QUESTION}
    ticket = {"title": QUESTION, "task_type": "snowflake_query", "task_data": data}
    opened: Json = client.post("/tickets", json=ticket).raise_for_status().json()
    _say(f"Opened the ticket {opened['id']}: {QUESTION}\n")
    return opened


def _drop(ready: Ready) -> None:
    path = f"{USER}/{datetime.now(UTC):%Y-%m-%dT%H-%M-%S}/{SAMPLE.name}"
    content = SAMPLE.read_bytes()
    try:
        with BlobServiceClient.from_connection_string(ready.storage) as service:
            uploads = service.get_container_client("uploads")
            with suppress(ResourceExistsError):
                uploads.create_container()
            kind = ContentSettings(content_type="application/pdf")
            uploads.upload_blob(path, content, metadata=METADATA, content_settings=kind)
    except AzureError as error:
        raise PartError(f"Blob storage did not take the sample: {error}") from error
    _say(f"Put {len(content) / 1000:.0f} kB into Blob storage: uploads/{path}")


def _appeared(client: httpx2.Client, earlier: set[str]) -> Json:
    """The ticket that the blob becomes. Raises PartError when none does."""

    def look() -> Json | None:
        new = (one for one in _tickets(client) if one["id"] not in earlier)
        return next((one for one in new if one["source"] == "blob"), None)

    ticket = _awaited(look, APPEARS_SECONDS, "no ticket came of the blob")
    _say(f"Blob storage told the app, which opened the ticket {ticket['id']}\n")
    return ticket


def _followed(client: httpx2.Client, ticket_id: str) -> Json:
    """The ticket at its end, with every step printed on the way. Raises PartError when it does not
    end."""
    began, shown = time.monotonic(), ""

    def look() -> Json | None:
        nonlocal shown
        ticket: Json = _got(client, f"/tickets/{ticket_id}").json()
        step = _step(ticket)
        if step != shown:
            _say(f"  {step}  {time.monotonic() - began:5.1f} s")
            shown = step
        return ticket if ticket["status"] in ENDED else None

    return _awaited(look, ENDS_SECONDS, f"the ticket {ticket_id} did not end")


def _awaited(look: Callable[[], Json | None], seconds: float, otherwise: str) -> Json:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(POLL_SECONDS)
    raise PartError(f"{otherwise} within {seconds:.0f} s")


def _step(ticket: Json) -> str:
    progress = ticket["progress"]
    bar = "#" * (progress["percent"] // 5)
    count = f"{progress['done']}/{progress['total']}" if progress["total"] else ""
    return f"[{bar:.<20}] {progress['percent']:>3} %  {progress['stage']:<11} {count:<5}"


def _save(client: httpx2.Client, ticket: Json, folder: Path) -> None:
    """The whole result in every form that there is, a file each."""
    folder.mkdir(exist_ok=True)
    name = SAMPLE.stem if ticket["attachments"] else ticket["task_type"]
    _say(f"All of it, saved in {folder}:")
    for form in ticket["result_data"]["formats"]:
        path = f"/tickets/{ticket['id']}/result"
        (folder / f"{name}.{form}").write_bytes(_got(client, path, format=form).content)
        _say(f"  GET /api/v1{path}?format={form}")


def _say(line: str) -> None:
    print(line, flush=True)


TASKS: dict[str, tuple[Callable[[httpx2.Client, Ready], Json], Callable[[Json], Iterator[str]]]] = {
    "doc_analysis": (_open_dropped, report.lines),
    "paper_writing": (_open_paper, report.paper_lines),
    "snowflake_query": (_open_question, report.answer_lines),
}
"""How the ticket of each type is opened, and how its result is told."""
