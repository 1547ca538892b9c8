"""What four uploads of 10 MB at once cost the app in memory."""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2

from infra.local.azurite import Azurite, Ports
from tests.benchmarks.memory import peak, reset_peak
from tests.benchmarks.verdicts import Row, judge_most
from tests.support.running_app import RunningApp, run_app

SIZE = 10_000_000
AT_ONCE = 4


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder) / "azurite", Ports(0, 0, 0)) as azurite,
        run_app(
            azurite.connection_string, Path(folder) / "running_app", **_SETTINGS
        ) as running_app,
    ):
        ticket = running_app.run()["id"]
        for number in range(2):  # what is loaded or pooled at the first use is not counted
            _upload(running_app, ticket, number, 100_000)
        rows = []
        for what, size in (("text", SIZE), ("pdf", SIZE)):
            before = reset_peak(running_app.host.pid)
            with ThreadPoolExecutor(AT_ONCE) as pool:
                numbers = range(10, 10 + AT_ONCE)
                list(
                    pool.map(
                        lambda n, s=size, w=what: _upload(running_app, ticket, n, s, w), numbers
                    )
                )
            more = peak(running_app.host.pid) - before
            name = f"{AT_ONCE} uploads of 10 MB at once, {what}"
            rows.append(judge_most(name, more / 1024, 60, "MB more at the peak"))
        return rows


_SETTINGS = {"SWEEP_AFTER_SECONDS": "60", "SWEEP_SCHEDULE": "0 * * * * *"}


def _upload(
    running_app: RunningApp, ticket: str, number: int, size: int, kind: str = "text"
) -> None:
    head = f"%PDF-1.7 {number} " if kind == "pdf" else f"{number} "
    content = (head.encode() + b"0123456789abcde\n" * (size // 16 + 1))[:size]
    name = f"{number}.{'pdf' if kind == 'pdf' else 'txt'}"
    answer = httpx2.post(
        f"{running_app.host.base_url}/api/v1/tickets/{ticket}/attachments",
        files={"file": (name, content)},
        headers=running_app.api.headers,
        timeout=120,
    )
    assert answer.status_code == 201, answer.text
