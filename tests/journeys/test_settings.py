"""What is wrong with the settings is said at start, in one message that names the setting."""

import json
from pathlib import Path

import pytest

from tests.support.hosts.process import ROOT, run_to_end
from tests.support.running_app import SETTINGS, run_app

GOOD = {
    **json.loads((ROOT / "local.settings.sample.json").read_text())["Values"],
    **SETTINGS,
    "MODEL_BASE_URL": "http://127.0.0.1:9/v1",
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("STORAGE_CONNECTION", ""),
        ("STORAGE_CONNECTION", "nonsense"),
        ("MODEL_BASE_URL", ""),
        ("MODEL_BASE_URL", "not an address"),
        ("MODEL_TIMEOUT_SECONDS", "soon"),
        ("MAX_PARALLEL_WORK", "0"),
        ("REGISTRATION_OPEN", "perhaps"),
        ("SWEEP_SCHEDULE", ""),
    ],
)
def test_a_missing_or_bad_setting_stops_the_app_at_start(
    tmp_path: Path, name: str, value: str
) -> None:
    status, output = run_to_end(ROOT, tmp_path, {**GOOD, name: value})
    assert status == 2
    assert len([line for line in output.splitlines() if name in line]) == 1, output
    assert "Traceback" not in output


def test_a_model_that_is_down_fails_the_ticket_with_the_reason(
    own_storage: str, tmp_path: Path
) -> None:
    nobody = "http://127.0.0.1:9/v1"
    with run_app(own_storage, tmp_path, MODEL_BASE_URL=nobody) as running_app:
        ticket = running_app.run()
        assert ticket["status"] == "failed"
        assert "cannot be reached" in ticket["error_message"]


def test_services_that_tickets_are_done_without_leave_the_app_ready(
    own_storage: str, tmp_path: Path
) -> None:
    away = "Endpoint=http://127.0.0.1;Port=9;AccessKey=a2V5a2V5a2V5a2V5;Version=1.0;"
    with run_app(own_storage, tmp_path, WEBPUBSUB_CONNECTION_STRING=away) as running_app:
        running_app.run()
        running_app.model.reset()
        answer = running_app.api.get("/health/ready")
        checks = answer.json()["checks"]
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
        checks.pop("event_loop")  # A machine that is busy may hold it up.
        assert {name: check["ok"] for name, check in checks.items()} == {
            "storage": True,
            "model": True,
            "github": False,
            "realtime": False,
        }
        assert checks["github"]["reason"] == "GitHub cannot be reached, or broke off its answer."
        assert running_app.model.bodies == [], "a ticket's answer is proof enough"
