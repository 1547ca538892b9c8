"""The README's programs that show live progress, in JavaScript and Python, as they stand there."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.responses import Response

from infra.local import npm
from tests.support.hosts.process import ROOT, wait_for
from tests.support.running_app import RunningApp, custom
from tests.support.servers.model import Body
from tests.support.servers.realtime import run_with_realtime

README = (ROOT / "README.md").read_text(encoding="utf-8")
JAVASCRIPT = ROOT / "tests/journeys/javascript"


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    with run_with_realtime(storage, tmp_path_factory.mktemp("app")) as (running, _):
        yield running


def block(language: str) -> str:
    [code] = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return str(code)


def in_javascript(folder: Path) -> list[str]:
    """Node finds packages beside the program only."""
    npm.install(JAVASCRIPT)
    (folder / "node_modules").symlink_to(JAVASCRIPT / "node_modules")
    (folder / "progress.mjs").write_text(block("js"), encoding="utf-8")
    return [str(npm.NODE), str(folder / "progress.mjs")]


def in_python(folder: Path) -> list[str]:
    (folder / "progress.py").write_text(block("py"), encoding="utf-8")
    return [sys.executable, str(folder / "progress.py")]


@pytest.mark.parametrize("command", [in_javascript, in_python])
def test_live_progress(
    running_app: RunningApp, tmp_path: Path, command: Callable[[Path], list[str]]
) -> None:
    """The ticket waits for the model until the program has shown something of it."""
    output = tmp_path / "output"

    def when_watched(number: int, body: Body) -> Response | None:
        wait_for(lambda: len(output.read_text().splitlines()) >= 3, "the program to show it")
        return None

    running_app.model.reset(when_watched)
    token = running_app.api.headers["Authorization"].removeprefix("Bearer ")
    api = f"{running_app.host.base_url}/api/v1"
    arguments = command(tmp_path)
    with output.open("w") as file:
        answer = running_app.api.post("/tickets", json=custom())
        subprocess.run(
            [*arguments, api, token, answer.json()["id"]],
            check=True,
            timeout=60,
            stdout=file,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "NODE_OPTIONS": ""},
        )
    lines = output.read_text().splitlines()
    assert [line.split()[0] for line in lines] == [str(n) for n in range(1, len(lines) + 1)]
    assert lines[-1].endswith("ticket_update completed")
