"""The process in which a step runs alone: the product once more, for one activity.

What the activity prints goes to standard error, so that the answer is all of standard output.
"""

import asyncio
import json
import os
import sys
import traceback
from contextlib import redirect_stdout
from typing import Any

from shared.app import App
from shared.sandbox.child import read_data, read_request
from shared.settings import read_settings
from shared.telemetry.logs import hide_lost_errors
from shared.workflow.faults import name_fault
from shared.workflow.step_starts import LoneAnswer

_LEFT_OVER_SECONDS = 5.0


async def _run(activity: str, arguments: list[Any]) -> LoneAnswer:
    step = getattr(App(read_settings(os.environ)).activities, activity)
    try:
        answer = LoneAnswer(result=await step(*arguments))
    except MemoryError as error:  # its limits are part of what it runs alone for
        traceback.print_tb(error.__traceback__)
        sys.exit("MemoryError")
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        traceback.print_tb(error.__traceback__)
        answer = LoneAnswer(raised=name_fault(error))
    # Progress and lines of the course are written a little later.
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        await asyncio.wait(left, timeout=_LEFT_OVER_SECONDS)
    return answer


def main() -> None:
    """Answer one request, as `sandbox.child` tells; `kind` is the activity, the data its
    arguments."""
    hide_lost_errors()
    asked = read_request()
    with redirect_stdout(sys.stderr):
        answer = asyncio.run(_run(asked["kind"], json.loads(read_data(asked))))
    sys.stdout.write(answer.model_dump_json())


if __name__ == "__main__":
    main()
