"""A killed host costs time, and neither a ticket nor an answer of the model."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx2
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.support.faults.stops import Stop, stopped
from tests.support.files import files
from tests.support.hosts.process import HostKind, HostProcess, wait_for
from tests.support.running_app import ENDED, RunningApp, custom, kill_now, run_app
from tests.support.servers.model import Body, completion

TICKETS = 60
RECOVERY_SECONDS = 150.0
"""What a killed host had taken comes back after the visibility timeout of a minute."""
_NEWS_SECONDS = 0.3
"""After which whoever was killed is known to be gone."""

KILLS = [
    pytest.param(
        kind,
        stop,
        marks=[pytest.mark.long] if kind is HostKind.REAL and stop is not Stop.WORK else [],
    )
    for kind in HostKind
    for stop in Stop
    if stop.is_open
]


class Paying(Response):
    """Answers with `text` once `release` is set, to whoever is still there then; counts in `paid`
    whom it answered, and in `lost` who was gone."""

    def __init__(self, text: str, release: Event, paid: Counter[str], lost: Counter[str]) -> None:
        super().__init__()
        self._text, self._release, self._paid, self._lost = text, release, paid, lost

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count it."""
        gone = asyncio.ensure_future(receive())
        while not self._release.is_set() and not gone.done():
            await asyncio.sleep(0.02)
        await asyncio.sleep(_NEWS_SECONDS)
        if gone.done():
            self._lost[self._text] += 1
            return
        self._paid[self._text] += 1
        answer = {"summary": "Done.", "task_result": self._text}
        await completion(json.dumps(answer))(scope, receive, send)
        gone.cancel()


@pytest.mark.parametrize(("kind", "stop"), KILLS, indirect=["kind"])
def test_a_host_that_is_killed_at_a_step_goes_on_after_a_restart(
    running_app: RunningApp, stop: Stop
) -> None:
    with stopped(running_app, stop) as ticket:
        kill_now(running_app.host.pid)
    running_app.model.reset()
    running_app.restart()
    if stop is Stop.FILES_WAIT:
        note = {"file": ("note.txt", files.TEXT.encode())}
        assert running_app.api.post(f"/tickets/{ticket}/attachments", files=note).status_code == 201
    ended = running_app.until_ended(ticket, RECOVERY_SECONDS)
    assert ended["status"] == "completed", ended["error_message"]
    if stop is Stop.COMBINE:
        assert running_app.model.bodies == [], "what was answered is not asked again"
    actions = [one["action"] for one in running_app.api.get(f"/tickets/{ticket}/events").json()]
    assert actions.count("ticket_completed") == 1


@pytest.fixture(params=[HostKind.REAL])
def patient(
    request: pytest.FixtureRequest, own_storage: str, tmp_path: Path
) -> Iterator[RunningApp]:
    """An app on the real host that waits for the model as long as it does in Azure."""
    kind: HostKind = request.param
    kind.require()
    slow = {"MODEL_TIMEOUT_SECONDS": "180", "SWEEP_AFTER_SECONDS": "30"}
    with run_app(own_storage, tmp_path / "first", kind, **slow) as running:
        yield running


def test_of_two_hosts_on_one_hub_one_is_killed_with_many_tickets(
    patient: RunningApp, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Half of the tickets are through, the model is at the other half. All end, none twice, and
    the model answers each once."""
    paid, lost = Counter[str](), Counter[str]()
    release, at_once = Event(), Event()
    at_once.set()

    def answer(_: int, body: Body) -> Response:
        [number] = set(re.findall(r"ticket number (\d+)", str(body["messages"])))
        return Paying(number, at_once if int(number) % 2 else release, paid, lost)

    patient.model.reset(answer)
    with second_host(patient, tmp_path / "second") as second:
        address, token = f"{second.base_url}/api/v1", patient.api.headers
        other = httpx2.Client(base_url=address, headers=token, timeout=60)

        def post(number: int) -> str:
            client = other if number % 4 < 2 else patient.api
            created = client.post("/tickets", json=custom(context=f"ticket number {number}"))
            assert created.status_code == 201, created.text
            return str(created.json()["id"])

        with ThreadPoolExecutor(8) as pool:
            tickets = list(pool.map(post, range(TICKETS)))

        def count_ended() -> int:
            page = other.get("/tickets", params={"per_page": 100}).json()["tickets"]
            return sum(one["status"] in ENDED for one in page if one["id"] in tickets)

        def half() -> bool:
            """The others have been asked for."""
            return len(patient.model.bodies) == TICKETS and count_ended() == TICKETS // 2

        wait_for(half, "half of the tickets to end", RECOVERY_SECONDS)
        kill_now(patient.host.pid)
        killed = time.monotonic()
        wait_for(lambda: lost, "the model to miss those who asked from there")
        release.set()

        wait_for(lambda: count_ended() == TICKETS, "all tickets to end", RECOVERY_SECONDS)
        seconds = time.monotonic() - killed
        record_property("summary", f"two hosts, one killed: {TICKETS} tickets in {seconds:.0f} s")
        for ticket in tickets:
            events = other.get(f"/tickets/{ticket}/events").json()
            actions = [one["action"] for one in events]
            assert actions == ["ticket_created", "ticket_started", "ticket_completed"]
    assert paid == Counter({str(number): 1 for number in range(TICKETS)})


@pytest.mark.long
def test_a_step_longer_than_the_visibility_timeout_runs_once(patient: RunningApp) -> None:
    """The message of a step at work is renewed."""
    release, paid, lost = Event(), Counter[str](), Counter[str]()
    patient.model.reset(lambda _, __: Paying("done", release, paid, lost))
    ticket = patient.open()
    time.sleep(90)
    release.set()
    assert patient.until_ended(ticket["id"])["status"] == "completed"
    assert len(patient.model.bodies) == 1


@contextmanager
def second_host(running_app: RunningApp, state: Path) -> Iterator[HostProcess]:
    """Another host on the storage and the hub of the first."""
    first = running_app.host
    host = HostProcess(first.app, state, first.env, first.kind, first.hub)
    try:
        host.start()
        yield host
    finally:
        host.close()
