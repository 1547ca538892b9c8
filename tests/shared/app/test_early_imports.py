"""What the first ticket needs is loaded after the first answer, and not before."""

import subprocess
import sys

from tests.support.hosts.process import ROOT

_LOOK = """
import sys, threading
from shared.app.early_imports import begin_early_imports
from shared.telemetry.background import do_in_background
asking = "openai.resources.chat.completions.completions"
late = asking, "shared.workflow.activities", "shared.tasks.custom"
print(*(name in sys.modules for name in late))
begin_early_imports()
begin_early_imports()
thread, = (one for one in threading.enumerate() if one is not threading.current_thread())
print(thread.daemon)
done = threading.Event()
do_in_background(done.set)
done.wait()
print(*(name in sys.modules for name in late))
"""


def test_clients_are_loaded_in_the_background_and_once() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _LOOK], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split("\n") == ["False False False", "True", "True True True", ""]
    assert done.stderr == ""
