"""The app of this repository for the host of the Durable extension, which does not look up settings
in schedules as Azure does."""

import os
import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
spec = spec_from_file_location("app_of_the_repository", ROOT / "function_app.py")
module = module_from_spec(spec)
spec.loader.exec_module(module)
app = module.app

for builder in app._function_builders:
    trigger = builder._function.get_trigger()
    if hasattr(trigger, "schedule"):
        trigger.schedule = re.sub("%(.+?)%", lambda name: os.environ[name[1]], trigger.schedule)
