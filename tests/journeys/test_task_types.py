"""What a task type from elsewhere does wrong is its own trouble: others are served, and told."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hosts.process import ROOT, wait_for
from tests.support.running_app import RunningApp, run_app
from tests.support.tasks.faulty import CANARY, Fault
from tests.support.tasks.packages import install_type


@pytest.fixture(scope="module")
def python_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Where task types lie that block, and whose results cannot be shown."""
    site = tmp_path_factory.mktemp("site")
    for name in ("blocking", "faulty"):
        install_type(site, name, f"tests.support.tasks.{name}")
    return f"{site}:{ROOT}"


@pytest.fixture(scope="module")
def running_app(
    storage: str, python_path: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    folder = tmp_path_factory.mktemp("running_app")
    with run_app(storage, folder, PYTHONPATH=python_path) as running:
        yield running


@pytest.fixture
def blocked_app(own_storage: str, python_path: str, tmp_path: Path) -> Iterator[RunningApp]:
    """One whose readiness is nobody else's: for a minute it tells of a block."""
    with run_app(own_storage, tmp_path / "running_app", PYTHONPATH=python_path) as running:
        yield running


def open_ticket(running_app: RunningApp, task_type: str, **task_data: str) -> str:
    body = {"title": "A", "task_type": task_type, "task_data": task_data}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_plain_function_that_blocks_holds_up_nobody(
    running_app: RunningApp, tmp_path: Path
) -> None:
    until = tmp_path / "until"
    ticket = open_ticket(running_app, "blocking", until=str(until))
    wait_for(Path(f"{until}.begun").exists, "the work to block")
    assert running_app.run()["status"] == "completed", "another ticket goes its way"
    assert "blocking" not in running_app.api.get("/health/ready").text
    assert running_app.read(ticket)["status"] == "processing"
    until.touch()
    assert running_app.until_ended(ticket)["status"] == "completed"


def test_a_block_within_async_def_is_told_by_log_and_readiness(blocked_app: RunningApp) -> None:
    ticket = open_ticket(blocked_app, "blocking")
    assert blocked_app.until_ended(ticket)["status"] == "completed"
    ready = blocked_app.api.get("/health/ready")
    check = ready.json()["checks"]["event_loop"]
    assert (ready.status_code, check["ok"]) == (200, False)
    assert check["reason"].startswith("ticket work of blocking (blocking) held up all else for ")
    assert ticket not in ready.text, "anybody may ask"
    named = f"is blocked by ticket work of blocking (blocking) of ticket {ticket} at tests/support"
    assert named in blocked_app.host.log
    assert "was blocked by ticket work of blocking (blocking) for " in blocked_app.host.log


@pytest.mark.parametrize("fault", [Fault.HTML, Fault.HTML_OF_MUCH])
def test_a_format_that_fails_is_named_and_the_others_stay(
    running_app: RunningApp, fault: Fault
) -> None:
    """That of a long result is made in a process of its own."""
    ticket = open_ticket(running_app, "faulty", fault=fault)
    assert running_app.until_ended(ticket)["status"] == "completed"
    path = f"/tickets/{ticket}/result"
    for _ in range(2):
        answer = running_app.api.get(path, params={"format": "html"})
        assert answer.status_code == 501
        assert answer.headers["content-type"] == "application/problem+json"
        assert "as html" in answer.json()["detail"]
    for form in ("json", "md", "docx"):
        assert running_app.api.get(path, params={"format": form}).status_code == 200
    assert CANARY not in running_app.host.log


def test_what_is_no_exception_is_a_fault_like_any_other(running_app: RunningApp) -> None:
    body = {"title": "A", "task_type": "faulty", "task_data": {"fault": Fault.REQUESTER}}
    answer = running_app.api.post("/tickets", json=body)
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Panic in create_ticket" in running_app.host.log
    assert CANARY not in answer.text + running_app.host.log


def test_what_looks_at_task_data_is_known_by_its_type(running_app: RunningApp) -> None:
    """When it blocks, the type is named."""
    body = {"title": "A", "task_type": "faulty", "task_data": {"fault": Fault.SCOPE}}
    answer = running_app.api.post("/tickets", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (422, "task_data.fault: of faulty")


def test_what_nobody_could_read_is_not_completed(running_app: RunningApp) -> None:
    ticket = running_app.until_ended(open_ticket(running_app, "faulty", fault=Fault.MD))
    assert ticket["status"] == "failed"
    assert ticket["error_message"].startswith("The result cannot be written as md, by a fault of ")
    assert running_app.api.get(f"/tickets/{ticket['id']}/result").status_code == 409
    assert f"{ticket['id']} (faulty) cannot be rendered as md: KeyError" in running_app.host.log
    assert CANARY not in running_app.host.log
