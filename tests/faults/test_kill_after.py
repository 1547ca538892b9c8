"""kill -9 just after each storage call of a ticket's way took effect, before its answer came."""

from tests.support.faults.kills import survive_every_kill
from tests.support.running_app import RunningApp


def test_killed_after_a_storage_call(running_app: RunningApp) -> None:
    survive_every_kill(running_app, "after")
