"""What the app imports before its first answer, which is what a cold start waits for."""

import json
import subprocess
import sys

from tests.support.hosts.process import ROOT

SETTINGS = {
    "SECRET_KEY": "k" * 64,
    "STORAGE_CONNECTION": "UseDevelopmentStorage=true",
    "MODEL_BASE_URL": "http://127.0.0.1:9/v1",
    "SWEEP_SCHEDULE": "0 * * * * *",
    "TELEMETRY_FILE": "console",
}
HEAVY = (
    *("pydantic", "openai", "httpx2", "mcp", "sqlglot", "lxml", "docx", "pypdf", "jwt", "yaml"),
    *("azure.identity", "azure.core", "azure.data", "azure.storage", "azure.monitor"),
    *("opentelemetry.sdk", "opentelemetry.exporter", "opentelemetry.metrics"),
)
LIST = "import json, sys, {}; print(json.dumps([*sys.modules]))"


def loaded_by(module: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", LIST.format(module)],
        check=True,
        cwd=ROOT,
        env=SETTINGS,
        capture_output=True,
    )
    return set(json.loads(done.stdout))


def test_importing_the_app_loads_none_of_the_libraries_that_it_works_with() -> None:
    loaded = loaded_by("function_app") - loaded_by("azure.functions, azure.durable_functions")
    assert {name for name in loaded if name.startswith(HEAVY)} == set()
    assert "shared.models" not in loaded


def test_what_reads_a_file_or_judges_code_loads_what_it_works_with_alone() -> None:
    assert "pydantic" not in loaded_by("shared.diffs.suggestion_worker")
    assert "shared.models.tickets" not in loaded_by("shared.documents.worker")
