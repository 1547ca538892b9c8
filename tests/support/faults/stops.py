"""Stops a ticket at a step of its way, so that a test may act on it just there."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Event

from starlette.responses import JSONResponse, Response

from tests.support.hosts.process import wait_for
from tests.support.running_app import RunningApp, custom
from tests.support.servers.model import Body, Thinking
from tests.support.servers.storage_proxy import Call, hold


class Stop(StrEnum):
    """Where a ticket is: just accepted, within an activity, waiting, or at its end."""

    ACCEPTED = "accepted"
    PLAN = "plan"
    WORK = "work"
    COMBINE = "combine"
    MODEL_WAIT = "model_wait"
    FILES_WAIT = "files_wait"
    ENDED = "ended"

    @property
    def is_open(self) -> bool:
        return self is not Stop.ENDED


# The storage calls that an activity is stopped at, by method and path, and whether before or after
# that was done: what is stored is not paid for again, whoever dies then. At none of them the app
# writes the ticket, which others would wait for.
_CALLS = {
    Stop.PLAN: ("before", "GET", r"RowKey='ticket_"),
    Stop.COMBINE: ("after", "PUT", r"results/.+/1\.json"),
}


@contextmanager
def stopped(running_app: RunningApp, stop: Stop) -> Iterator[str]:
    """The id of a ticket that has come to `stop`, and goes on when the context ends."""
    reached, release = Event(), Event()
    if stop in _CALLS:
        moment, method, path = _CALLS[stop]

        def fits(call: Call) -> bool:
            return call.method == method and re.search(path, call.path) is not None

        running_app.storage.reset(**{moment: hold(fits, reached, release)})
    if stop in (Stop.WORK, Stop.MODEL_WAIT):

        def answer(_: int, __: Body) -> Response | None:
            if release.is_set():
                return None
            reached.set()
            busy = JSONResponse({}, 429, {"Retry-After": "2"})
            return Thinking(release) if stop is Stop.WORK else busy

        running_app.model.reset(answer)
    ticket = _opened(running_app, stop)
    if stop in _CALLS or stop in (Stop.WORK, Stop.MODEL_WAIT):
        wait_for(reached.is_set, f"a ticket at {stop}")
    if stop is Stop.MODEL_WAIT:
        wait_for(lambda: "Waiting" in running_app.read(ticket)["processing_logs"], "the wait")
    if stop is Stop.FILES_WAIT:
        wait_for(lambda: _status(running_app, ticket) == "Running", "the wait")
    if stop is Stop.ENDED:
        assert running_app.until_ended(ticket)["status"] == "completed"
    try:
        yield ticket
    finally:
        release.set()


def _opened(running_app: RunningApp, stop: Stop) -> str:
    body = custom()
    if stop is Stop.FILES_WAIT:
        body = {"title": "Papers", "task_type": "doc_analysis"}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _status(running_app: RunningApp, ticket: str) -> str:
    return str(running_app.durable.get(f"/instances/{ticket}-1").json().get("runtimeStatus"))
