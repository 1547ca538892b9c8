"""kill -9 just before each storage call of a ticket's way."""

from tests.faults.kills import survive_every_kill
from tests.world import World


def test_killed_before_a_storage_call(world: World) -> None:
    survive_every_kill(world, "before")
