"""`make run` and `make demo` as a user starts them."""

import csv
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from infra.local.demo import QUESTION
from infra.local.report import answer_lines
from tests.support.hosts.process import ROOT, wait_for
from tests.support.ports import find_free_ports

PORTS_OF_A_COPY = 8
# Named elsewhere, so that its stand-in is left out where a test is not about it.
NO_SNOWFLAKE = {"SNOWFLAKE_MCP_URL": "http://snowflake.invalid/mcp"}
STOP_SECONDS = 40
WITH_SNOWFLAKE = {"SNOWFLAKE_MCP_URL": ""}


def free_ports() -> int:
    """The first of a block of ports that nobody uses, for one copy of the app."""
    return find_free_ports(PORTS_OF_A_COPY)


def start(command: str, port: int, state: Path, **env: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "infra.local", command]
    return subprocess.Popen(
        [*arguments, "--port", str(port), "--state", str(state)],
        cwd=ROOT,
        env={**os.environ, **NO_SNOWFLAKE, **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@contextmanager
def running(port: int, state: Path, **env: str) -> Iterator[tuple[dict[str, Any], psutil.Process]]:
    """What ready.json says of a running copy, and its process; it must end without trouble."""
    process = start("run", port, state, **env)
    ready = state / "ready.json"
    try:
        wait_for(lambda: ready.exists() or process.poll() is not None, "ready.json", 60)
        assert process.poll() is None, process.stdout.read() if process.stdout else ""
        yield json.loads(ready.read_text()), psutil.Process(process.pid)
    finally:
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=STOP_SECONDS)
    assert process.returncode == 0, output
    assert not ready.exists()
    _, alive = psutil.wait_procs(children, timeout=STOP_SECONDS)
    assert not alive, f"left behind: {alive}"


def output_of(process: subprocess.Popen[str], seconds: float = STOP_SECONDS) -> str:
    """All it printed until it ended by itself; what does not end is killed, and fails."""
    try:
        return process.communicate(timeout=seconds)[0]
    finally:
        process.kill()


def log_in(ready: dict[str, Any]) -> httpx2.Client:
    client = httpx2.Client(base_url=ready["api_url"], timeout=30)
    login = {"username": ready["admin_email"], "password": ready["admin_password"]}
    answer = client.post("/auth/login", data=login)
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


CUSTOM = {"task_description": "Say it.", "context": "Water is wet."}


def run_ticket(
    client: httpx2.Client, task_type: str = "custom", task_data: dict[str, str] = CUSTOM
) -> dict[str, Any]:
    body = {"title": "T", "task_type": task_type, "task_data": task_data}
    made = client.post("/tickets", json=body)
    assert made.status_code == 201, made.text

    def ended() -> dict[str, Any] | None:
        ticket: dict[str, Any] = client.get(f"/tickets/{made.json()['id']}").json()
        return ticket if ticket["status"] in ("completed", "failed") else None

    return wait_for(ended, "the ticket to end")


def test_two_copies_run_side_by_side_and_a_state_outlives_its_copy(tmp_path: Path) -> None:
    port = free_ports()
    (tmp_path / "one").mkdir()
    (tmp_path / "one/ready.new").write_text("left by a crash, for all to read")
    with running(port, tmp_path / "one") as (one, _):
        for name in ("ready.json", "secrets.json"):
            assert stat.S_IMODE((tmp_path / "one" / name).stat().st_mode) == 0o600
        assert one["base_url"] == f"http://127.0.0.1:{port}"
        with running(free_ports(), tmp_path / "two") as (two, _):
            assert run_ticket(log_in(one))["status"] == "completed"
            shown = log_in(two).get("/task-types").json()["pr_review"]["example"]
            reviewed = run_ticket(log_in(two), "pr_review", shown)
            assert reviewed["status"] == "completed", reviewed["error_message"]
            assert one["storage"] != two["storage"]
            assert one["admin_password"] != two["admin_password"]
    # What the storage knows counts, and a password that does not is told nobody.
    others = {"BOOTSTRAP_ADMIN_EMAIL": one["admin_email"], "BOOTSTRAP_ADMIN_PASSWORD": "not theirs"}
    with running(port, tmp_path / "one", **others) as (again, _):
        assert again["admin_password"] == ""
        known = again | {"admin_password": one["admin_password"]}
        assert log_in(known).get("/users/me").json()["role"] == "admin"


def test_events_of_a_ticket_reach_the_realtime_service(tmp_path: Path) -> None:
    with running(free_ports(), tmp_path) as (ready, _):
        ticket = run_ticket(log_in(ready))
        endpoint = ready["webpubsub"].partition(";")[0].removeprefix("Endpoint=")

        def about() -> list[dict[str, Any]]:
            calls = httpx2.get(f"{endpoint}/__calls").json()["calls"]
            sent = [call["body"] for call in calls if call["path"].endswith("/:send")]
            return [message for message in sent if message["ticket_id"] == ticket["id"]]

        # The ticket has ended a moment before those who listen are told.
        wait_for(lambda: "completed" in str(about()[-1].get("data")), "the last message")
        told = about()
    assert {message["type"] for message in told} == {"ticket_update", "processing_status"}
    assert [message["seq"] for message in told] == list(range(1, len(told) + 1))
    assert told[-1]["data"]["status"] == "completed"


def test_a_stand_in_is_left_out_when_its_setting_points_elsewhere(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    proxies = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), nobody)
    settings = {"AZURE_OPENAI_ENDPOINT": nobody, "AZURE_OPENAI_API_KEY": "k", **proxies}
    with running(free_ports(), tmp_path, **settings) as (ready, process):
        assert ready["model"] == f"{nobody}/openai/v1"
        assert ready["stand_ins"] == ["GitHub", "realtime", "storage"]
        commands = [" ".join(child.cmdline()) for child in process.children(recursive=True)]
        assert not any("infra.local.model" in command for command in commands)
        assert any("infra.local.webpubsub" in command for command in commands)


def test_a_question_about_sales_is_answered(tmp_path: Path) -> None:
    with running(free_ports(), tmp_path, **WITH_SNOWFLAKE) as (ready, _):
        data = {"query_request": QUESTION}
        ticket = run_ticket(log_in(ready), "snowflake_query", data)
    told = "\n".join(answer_lines(ticket))

    assert ticket["status"] == "completed", ticket["error_message"]
    result = ticket["result_data"]
    assert [column["name"] for column in result["columns"]][:2] == ["MONTH_START", "REGION_NAME"]
    assert result["row_count"] == 3 * 5
    assert {one["by"] for one in result["insights"]} == {"model"}
    assert result["receipt"]["numbers_dropped"] == 0
    assert result["insights"][0]["text"] in told
    assert "= SUM(SALES)" in told
    assert "by analyst and sales_sql, runs 1" in told


def test_children_end_with_a_killed_parent(tmp_path: Path) -> None:
    process = start("run", free_ports(), tmp_path)
    ready = tmp_path / "ready.json"
    wait_for(lambda: ready.exists() or process.poll() is not None, "ready.json", 60)
    assert process.poll() is None, output_of(process)
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= 4
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(children, timeout=STOP_SECONDS)
    assert not alive, f"left behind: {alive}"


@pytest.mark.parametrize("offset", range(PORTS_OF_A_COPY))
def test_a_taken_port_is_a_clear_error(tmp_path: Path, offset: int) -> None:
    port = free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + offset))
        taken.listen()
        process = start("run", port, tmp_path, **(WITH_SNOWFLAKE if offset == 7 else {}))
        output = output_of(process)
    assert process.returncode == 2
    assert f"port {port + offset} " in output.splitlines()[-1]
    assert "Traceback" not in output


def test_a_state_folder_in_use_is_a_clear_error(tmp_path: Path) -> None:
    with running(free_ports(), tmp_path):
        process = start("run", free_ports(), tmp_path)
        output = output_of(process)
        assert process.returncode == 2
        assert str(tmp_path) in output.splitlines()[-1]


def test_a_demo_that_fails_says_why_and_the_next_one_prints_a_cited_analysis(
    tmp_path: Path,
) -> None:
    port = free_ports()
    no_model = {"MODEL_BASE_URL": "http://127.0.0.1:9/v1", "MODEL_MAX_WAIT_SECONDS": "0"}
    process = start("demo", port, tmp_path, **no_model)
    output = output_of(process, 180)
    assert process.returncode == 2
    assert re.search(r"the ticket failed: \S.* The log is \S+demo\.log\.$", output.splitlines()[-1])
    assert "Traceback" not in output

    process = start("demo", port, tmp_path)
    output = output_of(process, 180)
    assert process.returncode == 0, output
    assert "100 %  completed" in output
    assert re.search(r"“[^”]{20,}”\s+\[harbour-services-agreement\.pdf pp?\. \d", output)
    assert "read 10 of 11 pages" in output
    assert "amida-stand-in-1" in output
    saved = tmp_path / "results" / "harbour-services-agreement.docx"
    assert saved.read_bytes().startswith(b"PK")
    with saved.with_suffix(".csv").open(encoding="utf-8-sig") as file:
        evidence = list(csv.DictReader(file))
    assert len({row["place"] for row in evidence}) > 3
    assert {row["document"] for row in evidence} == {"harbour-services-agreement.pdf"}
