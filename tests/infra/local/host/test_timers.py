"""Timer functions, and the schedules they are given."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.local.host.functions import Function
from infra.local.host.timers import parse_schedule
from tests.support.hosts.process import HostProcess, StartHost, wait_for

APPS = Path(__file__).parent / "apps"
ROUNDS = 3


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs") / "file"


@pytest.fixture(scope="module")
def host(start_module_host: StartHost, runs: Path) -> HostProcess:
    return start_module_host(APPS / "ticks", {"RUNS_FILE": str(runs), "OFTEN": "*/1 * * * * *"})


class TestRuns:
    @pytest.mark.parametrize(
        "what", ["every_second False", "by_setting", "raising", "leaving", "slow ends"]
    )
    def test_it_runs_again_and_again(self, host: HostProcess, runs: Path, what: str) -> None:
        """Also when it raises, leaves, or takes longer than the time between two ticks."""
        wait_for(lambda: len(moments(runs, what)) >= ROUNDS, f"{ROUNDS} runs of {what}")

    def test_it_runs_at_whole_seconds_and_not_more_often(
        self, host: HostProcess, runs: Path
    ) -> None:
        wait_for(lambda: len(moments(runs, "every_second")) >= ROUNDS, f"{ROUNDS} runs")
        seconds = [int(moment) for moment in moments(runs, "every_second")]
        assert len(set(seconds)) == len(seconds)

    def test_it_never_overlaps_itself(self, host: HostProcess, runs: Path) -> None:
        wait_for(lambda: len(moments(runs, "slow ends")) >= ROUNDS, f"{ROUNDS} runs")
        begins = moments(runs, "slow begins")
        for end, following in zip(moments(runs, "slow ends"), begins[1:], strict=False):
            assert following >= end

    def test_on_startup_it_runs_once_at_each_start(
        self, start_host: StartHost, tmp_path: Path
    ) -> None:
        runs = tmp_path / "file"
        host = start_host(APPS / "ticks", {"RUNS_FILE": str(runs), "OFTEN": "*/1 * * * * *"})
        wait_for(lambda: len(moments(runs, "at_start")) == 1, "the run at start")
        host.restart()
        wait_for(lambda: len(moments(runs, "at_start")) == 2, "the run at the second start")
        assert not moments(runs, "once_a_year")

    def test_above_a_minute_there_is_a_status(self, host: HostProcess, runs: Path) -> None:
        wait_for(runs.with_name("yearly.json").exists, "the run at start")
        status, schedule = json.loads(runs.with_name("yearly.json").read_text())
        assert schedule == {"AdjustForDST": True}
        assert sorted(status) == ["Last", "LastUpdated", "Next"]
        assert status["Last"].startswith("0001-01-01T00:00:00")
        assert datetime.fromisoformat(status["Next"]) > datetime.now(UTC)
        assert datetime.fromisoformat(status["LastUpdated"]) < datetime.now(UTC)

    def test_below_a_minute_there_is_none(self, host: HostProcess, runs: Path) -> None:
        wait_for(runs.with_name("secondly.json").exists, "a run")
        found = json.loads(runs.with_name("secondly.json").read_text())
        assert found == [{}, {"AdjustForDST": True}]

    def test_it_must_return_nothing(self, host: HostProcess) -> None:
        wait_for(lambda: "returning timer" in host.log, "the run at start")
        assert "a timerTrigger returned 'what nobody takes', which nobody takes" in host.log

    def test_the_host_lives(self, host: HostProcess) -> None:
        assert host.client.get("/api/ping").text == "pong"


class TestSchedules:
    @pytest.mark.parametrize(
        ("schedule", "expected"),
        [
            ("0 */5 * * * *", "2026-01-01T00:05:00"),
            ("*/5 * * * *", "2026-01-01T00:05:00"),
            ("30 * * * * *", "2026-01-01T00:00:30"),
            ("0 0 9-17 * * *", "2026-01-01T09:00:00"),
            ("0 30 9 * * 1-5", "2026-01-01T09:30:00"),
            ("0 30 9 * Jan Mon", "2026-01-05T09:30:00"),
            ("0 0 0 * * 0", "2026-01-04T00:00:00"),
            ("0 0 0 13 * 5", "2026-02-13T00:00:00"),
            ("01:30:00", "2026-01-01T01:30:00"),
            ("1.00:00:00", "2026-01-02T00:00:00"),
        ],
    )
    def test_the_next_tick(self, schedule: str, expected: str) -> None:
        """After midnight of the first of January 2026, a Thursday."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        trigger = {"type": "timerTrigger", "name": "timer", "schedule": schedule}
        tick = parse_schedule(Function("ticks", trigger, lambda timer: timer))(start)
        assert tick.astimezone(UTC).isoformat() == f"{expected}+00:00"
        assert tick - start > timedelta(0)


def moments(runs: Path, what: str) -> list[float]:
    lines = runs.read_text().splitlines() if runs.exists() else []
    return [float(line.rpartition(" ")[2]) for line in lines if line.startswith(what)]
