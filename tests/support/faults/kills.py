"""Kills the app at one storage call after another, and looks at what is left when it is back.

The app is killed at the k-th storage call of a ticket's way, k = 1, 2, …, until a run needs fewer
calls than that. Whatever was accepted must then be stored, complete and paid for once.
"""

from collections.abc import Iterator
from contextlib import suppress
from threading import Event
from typing import Any

import httpx2
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from starlette.responses import Response

from tests.support.hosts.process import wait_for
from tests.support.running_app import ENDED, RunningApp, custom, kill_now
from tests.support.servers.storage_proxy import Call

MAX_CALLS = 40
TEXT = "The harbour freezes in January. Ships wait outside until the ice breaks."


def kill_at(running_app: RunningApp, k: int, moment: str) -> Event:
    """Arm the proxy: the k-th call from now kills the app, `before` or `after` it takes effect.

    The event is set once that has happened.
    """
    pid, killed = running_app.host.pid, Event()

    async def meddle(call: Call) -> Response | None:
        if call.number < k:
            return None
        if call.number == k:
            kill_now(pid)
            killed.set()
        return Response(status_code=503)  # to nobody: whoever asked is dead

    running_app.storage.reset(**{moment: meddle})
    return killed


def survive_every_kill(running_app: RunningApp, moment: str) -> None:
    """Kill at call 1, 2, … until a run is through before its kill."""
    for k in range(1, MAX_CALLS):
        running_app.model.reset()
        killed = kill_at(running_app, k, moment)
        accepted = _post(running_app)
        _until_over(running_app, killed, accepted)
        if not killed.is_set():
            return
        running_app.storage.reset()
        running_app.restart()
        _check(running_app, accepted, f"killed {moment} storage call {k}")
    raise AssertionError(f"a ticket took {MAX_CALLS} storage calls or more")


def _post(running_app: RunningApp) -> str | None:
    """The id of an accepted ticket; None if the app died over it."""
    with suppress(httpx2.TransportError):
        answer = running_app.api.post("/tickets", json=custom(context=TEXT))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])
    return None


def _until_over(running_app: RunningApp, killed: Event, accepted: str | None) -> None:
    wait_for(
        lambda: killed.is_set() or (accepted and _ended(running_app, accepted)),
        "the app to be killed, or the ticket to end",
    )


def _ended(running_app: RunningApp, ticket_id: str) -> bool:
    """As the table has it: asking the app would be storage calls, too."""
    owner, _, rest = ticket_id.partition("-")
    rows = (row for row in _rows(running_app, owner) if row["RowKey"] == f"ticket_{rest}")
    return any(row["status"] in ENDED for row in rows)


def _check(running_app: RunningApp, accepted: str | None, how: str) -> None:
    wait_for(lambda: not _intents(running_app), f"no intent to be left, {how}")
    stored = [ticket["RowKey"] for ticket in _tickets(running_app)]
    if accepted is not None:
        assert "ticket_" + accepted.partition("-")[2] in stored, f"lost, {how}"
    for row in _tickets(running_app):
        ticket = running_app.until_ended(
            f"{row['PartitionKey']}-{row['RowKey'].removeprefix('ticket_')}"
        )
        assert ticket["status"] == "completed", f"{ticket['error_message']}, {how}"
    # The step that was interrupted may have asked already; its answer was lost with it.
    assert len(running_app.model.bodies) <= 2, how
    _check_audit(running_app, how)


def _check_audit(running_app: RunningApp, how: str) -> None:
    """One beginning and one end for each ticket, and as many counted as stored."""
    owner = _owner(running_app)
    tickets = list(_tickets(running_app))
    actions = [
        row["action"] for row in _rows(running_app, owner) if row["RowKey"].startswith("event_")
    ]
    for action in ("ticket_created", "ticket_started", "ticket_completed"):
        assert actions.count(action) == len(tickets), f"{actions}, {how}"
    counted = sum(
        value
        for row in _rows(running_app, owner)
        if row["RowKey"].startswith("counter_")
        for name, value in row.items()
        if name == "completed__custom"
    )
    assert counted == len(tickets), how
    listed = [row["RowKey"] for row in _rows(running_app, "index")]
    for status in ("all", "completed"):
        found = sum(key.startswith(f"{status}_") and owner in key for key in listed)
        assert found == len(tickets), f"{status}: {found} of {len(tickets)} listed, {how}"


def _owner(running_app: RunningApp) -> str:
    return str(running_app.api.get("/users/me").json()["id"])


def _tickets(running_app: RunningApp) -> Iterator[dict[str, Any]]:
    return (
        row
        for row in _rows(running_app, _owner(running_app))
        if row["RowKey"].startswith("ticket_")
    )


def _intents(running_app: RunningApp) -> list[dict[str, Any]]:
    return [row for row in _rows(running_app, "index") if row["RowKey"].startswith("intent_")]


def _rows(running_app: RunningApp, partition: str) -> Iterator[dict[str, Any]]:
    service = TableServiceClient.from_connection_string(running_app.storage.upstream)
    rows = service.get_table_client("tickets").query_entities(
        "PartitionKey eq @partition", parameters={"partition": partition}
    )
    with suppress(ResourceNotFoundError):  # killed before there was a table
        yield from (dict(row) for row in rows)
