"""kill -9 just before each storage call of a ticket's way."""

from tests.support.faults.kills import survive_every_kill
from tests.support.running_app import RunningApp


def test_killed_before_a_storage_call(running_app: RunningApp) -> None:
    survive_every_kill(running_app, "before")
