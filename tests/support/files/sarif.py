"""The schema of SARIF, https://docs.oasis-open.org/sarif/sarif/v2.1.0/."""

import json
from pathlib import Path

SCHEMA = json.loads((Path(__file__).parent / "sarif-schema-2.1.0.json").read_text("utf-8"))
