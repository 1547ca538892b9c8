"""What an attempt failed of inside, told from the runs of its steps: pure."""

from collections.abc import Sequence
from typing import Any

from shared.models import StepRun

_FAILURE = "failure"


def explain_failure(steps: Sequence[StepRun]) -> dict[str, Any]:
    """For those who run the app: which step failed, by the class of which exception, in which try.
    `steps` are by their end. Empty where no step did: the attempt came to an end between two."""
    last = {step.key: step for step in steps}
    fallen = [step for step in steps if step is last[step.key] and step.fault]
    if not fallen:
        return {}
    step = next((one for one in fallen if one.result == _FAILURE), fallen[-1])
    tries = [one for one in steps if one.key == step.key and one.fault]
    known = {
        "step": step.name,
        "stage": step.stage,
        "item": step.index,
        "exception": step.fault,
        "service": step.service,
        "tries": len(tries),
    }
    return {name: value for name, value in known.items() if value not in (None, "")}
