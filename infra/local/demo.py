"""`make demo`: one real ticket through the whole app, with its progress, to its result."""

import time
from pathlib import Path
from typing import Any

import httpx2

from infra.local.run import Ready, running
from infra.local.serving import PartError

SAMPLE = Path(__file__).parent / "samples" / "gettysburg.txt"
TICKET: dict[str, Any] = {
    "title": "What does the Gettysburg Address ask of the living?",
    "task_type": "custom",
    "task_data": {
        "task_description": "Summarise the speech and name what it asks of those who hear it.",
        "instructions": "Keep to the words of the text.",
        "output_schema": {
            "type": "object",
            "properties": {
                "theme": {"type": "string"},
                "calls_to_action": {"type": "array", "items": {"type": "string"}, "minItems": 2},
            },
            "required": ["theme", "calls_to_action"],
            "additionalProperties": False,
        },
    },
}
ENDED = ("completed", "failed", "cancelled")
DEADLINE_SECONDS = 120.0
POLL_SECONDS = 0.1


def demo(port: int, state: Path) -> None:
    """Start everything, follow one ticket, print its result, stop everything.

    Raises PartError when the ticket does not complete, and as `running` when something does not
    start.
    """
    log = state / "demo.log"
    state.mkdir(parents=True, exist_ok=True)
    print(f"starting the app, Azurite, Web PubSub and model stand-ins (log: {log})", flush=True)
    with (
        log.open("w", buffering=1) as file,
        running(port, state, lambda line: print(line, file=file)) as (ready, _),
        httpx2.Client(base_url=ready.api_url, timeout=30) as client,
    ):
        _log_in(client, ready)
        ticket = _follow(client, _send(client))
        if ticket["status"] != "completed":
            raise PartError(f"the ticket {ticket['status']}: {ticket['error_message']}")
        print(_report(ticket))


def _log_in(client: httpx2.Client, ready: Ready) -> None:
    login = {"username": ready.admin_email, "password": ready.admin_password}
    answer = client.post("/auth/login/json", json=login).raise_for_status().json()
    client.headers["Authorization"] = f"Bearer {answer['access_token']}"


def _send(client: httpx2.Client) -> str:
    text = SAMPLE.read_text()
    task_data = TICKET["task_data"] | {"context": text}
    answer = client.post("/tickets", json=TICKET | {"task_data": task_data})
    ticket = answer.raise_for_status().json()
    print(f"POST /api/v1/tickets -> {answer.status_code}, ticket {ticket['id']}", flush=True)
    return str(ticket["id"])


def _follow(client: httpx2.Client, ticket_id: str) -> dict[str, Any]:
    """Print the ticket's progress until it ends. Raises PartError when it does not."""
    began = time.monotonic()
    while time.monotonic() < began + DEADLINE_SECONDS:
        ticket: dict[str, Any] = client.get(f"/tickets/{ticket_id}").raise_for_status().json()
        progress = ticket["progress"]
        line = f"{ticket['status']:<10} {progress['stage']:<10} {progress['percent']:>3} %"
        end = "\n" if ticket["status"] in ENDED else ""
        print(f"\r  {line}  {time.monotonic() - began:4.1f} s ", end=end, flush=True)
        if ticket["status"] in ENDED:
            return ticket
        time.sleep(POLL_SECONDS)
    raise PartError(f"the ticket did not end within {DEADLINE_SECONDS:.0f} s")


def _report(ticket: dict[str, Any]) -> str:
    result = ticket["result_data"]
    lines = [
        "",
        ticket["title"],
        "",
        result["task_result"],
        "",
        "structured, checked against the ticket's output_schema:",
        f"  theme: {result['structured']['theme']}",
        *(f"  call to action: {call}" for call in result["structured"]["calls_to_action"]),
        "",
        f"model {ticket['ai_model_used']}, {ticket['tokens_used']} tokens, "
        f"{ticket['processing_time_seconds']:.1f} s",
        "log:",
        *(f"  {line}" for line in (ticket["processing_logs"] or "").splitlines()),
    ]
    return "\n".join(lines)
