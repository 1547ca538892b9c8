"""A ticket that ends the process which works on it does so a few times, and takes no other ticket
with it; a restart is never held against a ticket."""

import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import httpx2
import psutil
import pytest
from starlette.responses import Response

from shared.workflow.messages import TaskActivity
from shared.workflow.step_starts import MAX_DEATHS, MAX_DEATHS_ALONE
from tests.support.hosts.process import ROOT, wait_for
from tests.support.running_app import ENDED, RunningApp, kill_now, run_app
from tests.support.servers.model import Body, Thinking
from tests.support.tasks.packages import install_type

GOOD = 20


@pytest.fixture
def running_app(own_storage: str, tmp_path: Path) -> Iterator[RunningApp]:
    """The app with a task type whose tickets end their process."""
    site = tmp_path / "site"
    site.mkdir()
    install_type(site, "lethal", "tests.support.tasks.lethal")
    with run_app(own_storage, tmp_path / "app", PYTHONPATH=f"{site}:{ROOT}") as running:
        yield running


class Thinker:
    """A model that answers nobody until it is told to."""

    def __init__(self, running_app: RunningApp) -> None:
        self.release = Event()
        running_app.model.reset(self._think)
        self._bodies = running_app.model.bodies

    def _think(self, _: int, __: Body) -> Response | None:
        return None if self.release.is_set() else Thinking(Event())

    def wait_for_question(self, number: int) -> None:
        wait_for(lambda: len(self._bodies) >= number, f"question {number}")


def lone_steps(running_app: RunningApp) -> list[psutil.Process]:
    """The processes in which a step of the app runs alone."""
    children = psutil.Process(running_app.host.pid).children(recursive=True)
    return [child for child in children if "shared.app.lone_step" in child.cmdline()]


@pytest.mark.parametrize(
    "step",
    [
        TaskActivity.PLAN,
        TaskActivity.WORK,
        pytest.param(TaskActivity.COMBINE, marks=pytest.mark.long),
    ],
)
def test_one_poison_ticket_beside_good_ones(running_app: RunningApp, step: TaskActivity) -> None:
    good = [running_app.open()["id"] for _ in range(GOOD if step is TaskActivity.WORK else 1)]
    body = {"title": "A", "task_type": "lethal", "task_data": {"step": step}}
    key = {"Idempotency-Key": "poison"}
    poison, deaths = "", 0

    def is_over() -> bool:
        nonlocal poison, deaths
        if not running_app.host.running:
            deaths += 1
            running_app.restart()
        try:
            poison = running_app.api.post("/tickets", json=body, headers=key).json()["id"]
            return all(running_app.read(one)["status"] in ENDED for one in (poison, *good))
        except httpx2.TransportError:
            return False

    wait_for(is_over, "all tickets to end", 90)
    assert [running_app.read(one)["status"] for one in good] == ["completed"] * len(good)
    ended = running_app.read(poison)
    assert ended["status"] == "failed"
    assert "ended the process that worked on it" in ended["error_message"]
    assert deaths == MAX_DEATHS
    assert running_app.host.log.count("ended its process with -9") == MAX_DEATHS_ALONE


def test_five_restarts_during_a_long_step_fail_nothing(running_app: RunningApp) -> None:
    model = Thinker(running_app)
    ticket = running_app.open()["id"]
    for number in range(1, 6):
        model.wait_for_question(number)
        kill_now(running_app.host.pid)
        running_app.restart()
    model.wait_for_question(6)
    assert len(lone_steps(running_app)) == 1
    kill_now(running_app.host.pid)
    model.release.set()
    running_app.restart()
    assert running_app.until_ended(ticket)["status"] == "completed"
    assert running_app.run()["status"] == "completed"


def test_a_graceful_stop_of_a_step_that_runs_alone_never_counts(running_app: RunningApp) -> None:
    model = Thinker(running_app)
    ticket = running_app.open()["id"]
    for number in range(1, MAX_DEATHS + 1):
        model.wait_for_question(number)
        kill_now(running_app.host.pid)
        running_app.restart()
    first = MAX_DEATHS + 1
    for number in range(first, first + MAX_DEATHS_ALONE + 1):
        model.wait_for_question(number)
        [process] = lone_steps(running_app)
        process.send_signal(signal.SIGTERM)
    model.wait_for_question(first + MAX_DEATHS_ALONE + 1)
    model.release.set()
    [process] = lone_steps(running_app)
    process.send_signal(signal.SIGTERM)
    ended = running_app.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    assert ended["processing_logs"].count("is tried again alone") == 1
