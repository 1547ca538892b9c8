"""A host that is killed again and again, at random instants."""

import random
import time
from pathlib import Path

import pytest

from tests.support.hosts.crashes import Crashing
from tests.support.hosts.kinds import long_on_real
from tests.support.hosts.process import StartHost

pytestmark = long_on_real

KILLS = 6


@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_it_is_killed_everything_finishes_and_nothing_done_runs_again(
    start_either: StartHost, tmp_path: Path, seed: int
) -> None:
    instants = random.Random(seed)
    crashing = Crashing(start_either, tmp_path)
    instances: dict[str, str] = {}
    for _ in range(KILLS):
        instances |= crashing.start_some(each=2)
        time.sleep(instants.uniform(0, 0.4))
        crashing.crash()
    crashing.assert_all_finish(instances)
    names = {i["instanceId"]: i["name"] for i in crashing.durable.get("/instances", top=999).json()}
    fans = {instance for instance, name in names.items() if name == "fan"}
    crashing.assert_no_step_ran_after_a_later_one(fans)
