"""What importing the app costs, and what it costs to leave it idle."""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.verdicts import Row, judge_most
from tests.support.hosts.process import ROOT, HostProcess
from tests.support.servers.storage_proxy import storage_proxy

SDKS = "import azure.functions, azure.durable_functions"
RUNS = 15
IDLE_SECONDS = 120
"""Whole minutes: the sweeper comes once in each."""
BLOB_POLL = "/uploads"
"""What the local host lists each second, in place of Azure's events."""


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    return [_import_cost(), _idle()]


def _cpu_seconds(statement: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", statement], check=True, cwd=ROOT, env=_settings(""))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _import_cost() -> Row:
    for statement in (SDKS, "import function_app"):
        _cpu_seconds(statement)
    sdks, app = [], []
    for _ in range(RUNS):
        sdks.append(_cpu_seconds(SDKS))
        app.append(_cpu_seconds("import function_app"))
    base, ours = statistics.median(sdks), statistics.median(app)
    more = f", {ours * 1000:.0f} ms of the processor beside {base * 1000:.0f}"
    return judge_most("import function_app", ours / base, 1.05, "x the SDKs", more)


def _idle() -> Row:
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        storage_proxy(azurite.connection_string) as proxy,
    ):
        env = _settings(proxy.connection_string)
        host = HostProcess(ROOT, Path(folder) / "host", env)
        host.start()
        try:
            time.sleep(5)  # what belongs to the start is not idling
            proxy.reset()
            time.sleep(IDLE_SECONDS)
            own = [call for call in proxy.calls if not call.path.endswith(BLOB_POLL)]
            count = len(own) * 60 / IDLE_SECONDS
        finally:
            host.close()
    return judge_most("idle app, besides the blob poll", count, 2, "storage calls a minute")


def _settings(storage: str) -> dict[str, str]:
    made = {
        "SECRET_KEY": "k" * 64,
        "STORAGE_CONNECTION": storage or "UseDevelopmentStorage=true",
        "AzureWebJobsStorage": storage,
        "MODEL_BASE_URL": "http://127.0.0.1:9/v1",
        "SWEEP_SCHEDULE": "0 * * * * *",
    }
    return {**os.environ, **made}
