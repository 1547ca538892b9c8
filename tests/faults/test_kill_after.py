"""kill -9 just after each storage call of a ticket's way took effect, before its answer came."""

from tests.faults.kills import survive_every_kill
from tests.world import World


def test_killed_after_a_storage_call(world: World) -> None:
    survive_every_kill(world, "after")
