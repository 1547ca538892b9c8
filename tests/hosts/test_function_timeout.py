"""The platform ends a process in which a function takes longer than host.json allows."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.host_process import ROOT, HostKind
from tests.hosts.stops import Stop, stopped
from tests.world import World, worlds

APP = ROOT / "tests/hosts/app/function_app.py"


@pytest.fixture
def hasty(own_storage: str, tmp_path: Path) -> Iterator[World]:
    """The app with steps that are longer than its host allows."""
    app = tmp_path / "app"
    app.mkdir()
    (app / "function_app.py").symlink_to(APP)
    host = json.loads((ROOT / "host.json").read_text()) | {"functionTimeout": "00:00:03"}
    (app / "host.json").write_text(json.dumps(host))
    patient = {"MODEL_TIMEOUT_SECONDS": "60", "STEP_SECONDS": "480"}
    with worlds(own_storage, tmp_path / "world", HostKind.LOCAL, app, **patient) as running:
        yield running


def test_a_ticket_that_loses_a_step_goes_on(hasty: World) -> None:
    with stopped(hasty, Stop.WORK) as ticket:
        hasty.model.script = lambda _, __: None
        ended = hasty.until_ended(ticket, 60)
    assert ended["status"] == "completed", ended["error_message"]
    assert len(hasty.model.bodies) == 2


def test_steps_end_well_before_it() -> None:
    """A call of each kind fits into a step, and the longest step that can be set into the time."""
    host = json.loads((ROOT / "host.json").read_text())
    hours, minutes, seconds = map(int, host["functionTimeout"].split(":"))
    assert hours * 3600 + minutes * 60 + seconds >= 540 + 60
