"""What the tests of crashes share: a host whose activities write down their runs."""

from collections import defaultdict
from pathlib import Path
from typing import Any

from tests.support.hosts.durable_api import PATIENCE_SECONDS, Durable
from tests.support.hosts.process import APPS, HostKind, StartHost, wait_for

APP = APPS / "faults"
STEPS = 5
KINDS = ("chain", "fan", "timed", "generations", "nested")


class Crashing:
    """A host for the app of the faults, its durable API, and the runs of its activities."""

    def __init__(self, start_host: StartHost, folder: Path) -> None:
        self.folder = folder
        self.host = start_host(APP, {"RUNS_FOLDER": str(folder)})
        self.durable = Durable(self.host)

    def runs(self) -> list[tuple[str, str, int]]:
        """Each `begin` and `end` of an activity in order: which, whose, step."""
        path = self.folder / "runs"
        lines = path.read_text().splitlines() if path.exists() else []
        parts = [line.split(" ") for line in lines]
        return [(part[0], part[1], int(part[2])) for part in parts if len(part) == 3]

    def count(self, what: str, owner: str, step: int) -> int:
        """How often a step of an instance began or ended."""
        return self.runs().count((what, owner, step))

    def wait_for_run(self, what: str, owner: str, *steps: int) -> None:
        """Return once those steps have begun or ended."""
        wait_for(
            lambda: all(self.count(what, owner, step) for step in steps),
            f"{what} of {steps}",
            PATIENCE_SECONDS[self.host.kind],
        )

    def settle(self) -> None:
        """Return once all that activities have returned by now is stored."""
        self.durable.run("chain", {"steps": 1})

    def open(self, gate: str) -> None:
        """Let through who waits at a gate."""
        (self.folder / gate).touch()

    def crash(self) -> None:
        """Kill the host and start it again."""
        self.host.kill()
        self.host.start()

    def start_some(self, each: int, **more: Any) -> dict[str, str]:
        """Start that many instances of every kind; their ids and kinds."""
        given = {"steps": STEPS, "seconds": 0.02, **more}
        return {self.durable.start(kind, given): kind for kind in KINDS for _ in range(each)}

    def assert_all_finish(self, instances: dict[str, str]) -> None:
        """Every instance completes with the result it has without crashes."""
        steps = list(range(STEPS))
        for instance, kind in instances.items():
            status = self.durable.wait(instance)
            expected = [steps, steps, steps] if kind == "nested" else steps
            assert (status["runtimeStatus"], status["output"]) == ("Completed", expected)

    def assert_no_step_ran_after_a_later_one(self, fans: set[str]) -> None:
        """Once a step has begun, the ones before it are over for good.

        Of a fan-out that is only so for the last step, which comes after all others; and not in
        Azure, where the message of a step that is over may come back.
        """
        if self.host.kind is HostKind.REAL:
            return
        reached: dict[str, int] = defaultdict(int)
        for what, owner, step in self.runs():
            if what != "begin":
                continue
            rank = int(step == STEPS - 1) if owner in fans else step
            assert rank >= reached[owner], f"step {step} of {owner} ran again"
            reached[owner] = rank
