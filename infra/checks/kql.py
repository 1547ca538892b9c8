"""The queries of the workbook and of the alerts, read by Microsoft's analyser of KQL."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infra.checks.tools import node_tools
from infra.local.npm import NODE

_HERE = Path(__file__).parent
QUERIES = _HERE.parent / "queries"
TABLES = _HERE / "log_tables.json"
"""The columns of the workspace's tables that hold telemetry.
https://learn.microsoft.com/azure/azure-monitor/reference/tables-index"""
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is wrong with a query, and the columns that it answers with."""

    faults: list[str]
    columns: list[str]


def queries() -> dict[str, str]:
    """Every query by its path below infra/queries."""
    return {
        str(path.relative_to(QUERIES)): path.read_text(encoding="utf-8")
        for path in sorted(QUERIES.rglob("*.kql"))
    }


def analyse(texts: dict[str, str]) -> dict[str, Analysis]:
    """Raises InstallError where the analyser cannot be installed."""
    node_tools()
    done = subprocess.run(
        [str(NODE), str(_HERE / "kql.mjs")],
        check=True,
        input=json.dumps({"tables": json.loads(TABLES.read_text()), "queries": texts}),
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
    )
    answers = json.loads(done.stdout)
    return {name: Analysis(answers[name], answers[f"{name} columns"]) for name in texts}
