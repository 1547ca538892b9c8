"""The platform ends a process in which a function takes longer than host.json allows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults.stops import Stop, stopped
from tests.support.hosts.process import ROOT, HostKind
from tests.support.running_app import RunningApp, run_app

_TIMEOUT = "00:00:10"
"""Enough for a request on a busy machine."""
APP = ROOT / "tests/hosts/app/function_app.py"


@pytest.fixture
def hasty(own_storage: str, tmp_path: Path) -> Iterator[RunningApp]:
    """The app with steps that are longer than its host allows."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").symlink_to(APP)
    host = json.loads((ROOT / "host.json").read_text()) | {"functionTimeout": _TIMEOUT}
    (app / "host.json").write_text(json.dumps(host))
    patient = {"MODEL_TIMEOUT_SECONDS": "60", "STEP_SECONDS": "480"}
    with run_app(own_storage, tmp_path / "running_app", HostKind.LOCAL, app, **patient) as running:
        yield running


def test_a_ticket_that_loses_a_step_goes_on(hasty: RunningApp) -> None:
    with stopped(hasty, Stop.WORK) as ticket:
        hasty.model.script = lambda _, __: None
        ended = hasty.until_ended(ticket)
    assert ended["status"] == "completed", ended["error_message"]
    assert len(hasty.model.bodies) == 2


def test_steps_end_well_before_it() -> None:
    """A call of each kind fits into a step, and the longest step that can be set into the time."""
    host = json.loads((ROOT / "host.json").read_text())
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    assert hours * 3600 + minutes * 60 + seconds >= 540 + 60
