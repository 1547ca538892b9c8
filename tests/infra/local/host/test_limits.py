"""How long functions may take and how large what they get and give may be, and what then ends."""

import os
import re
import socket
import time
from collections import Counter
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.process import HostProcess, StartHost, wait_for

APPS = Path(__file__).parent / "apps"
MIB = 1024 * 1024
TIMEOUT_SECONDS = 2.0
GRACE_SECONDS = 10.0
STEPS = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where functions note their runs."""
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def timed(start_module_host: StartHost, folder: Path) -> HostProcess:
    return start_module_host(APPS / "timed", {"RUNS_FOLDER": str(folder)})


@pytest.fixture(scope="module")
def web(start_module_host: StartHost) -> HostProcess:
    return start_module_host(APPS / "web")


def start_of(host: HostProcess) -> str:
    """What names the start of the host that answers."""
    return host.client.get("/api/start").text


def has_started_anew(host: HostProcess, before: str) -> bool:
    """Whether another start answers; the connections of the one before may be ending."""
    with suppress(httpx2.TransportError):
        return start_of(host) != before
    return False


def test_a_call_that_ends_late_fails_and_nothing_else_ends(
    timed: HostProcess, folder: Path
) -> None:
    before = start_of(timed)
    answer = timed.client.get("/api/late")
    assert (answer.status_code, answer.content) == (500, b"")
    assert "Timeout value of 0:00:02 was exceeded by function: Functions.late" in timed.log
    wait_for((folder / "late").exists, "the end of the late function")
    assert start_of(timed) == before


def test_what_does_not_end_is_ended_with_all_that_runs(timed: HostProcess, folder: Path) -> None:
    durable, before, address = Durable(timed), start_of(timed), timed.base_url
    hanging = durable.start("hangs")
    began = time.monotonic()
    assert timed.client.get("/api/plain").status_code == 500
    assert time.monotonic() - began < GRACE_SECONDS, "it waits for no new start"
    working = [durable.start("works", STEPS) for _ in range(3)]
    status = durable.wait(hanging)
    assert "Timeout value of 0:00:02 was exceeded" in status["output"]

    wait_for(lambda: has_started_anew(timed, before), "a new start")
    assert time.monotonic() - began > TIMEOUT_SECONDS + GRACE_SECONDS
    assert timed.base_url == address
    assert_quiet(folder / "plain")
    assert_quiet(folder / hanging)
    for instance in working:
        assert durable.wait(instance)["output"] == [f"{instance} {n}" for n in range(STEPS)]
    runs = Counter((folder / "steps").read_text().splitlines())
    assert len(runs) == 3 * STEPS
    assert max(runs.values()) == 2, "what ran when the host started anew runs again"


def test_a_blocked_event_loop_is_ended_too(timed: HostProcess, folder: Path) -> None:
    before, pid = start_of(timed), timed.pid
    with pytest.raises(httpx2.TransportError):
        timed.client.get("/api/blocking")
    assert start_of(timed) != before
    assert_quiet(folder / "blocking")
    os.kill(pid, 0)  # it is the same process still, which its parent can stop


def test_a_body_of_more_than_100_mib_is_refused(web: HostProcess) -> None:
    fits = web.client.post("/api/sizes", content=bytes(100 * MIB))
    assert (fits.status_code, fits.text) == (200, str(100 * MIB))
    answer = web.client.post("/api/sizes", content=bytes(100 * MIB + 1))
    assert (answer.status_code, answer.text) == (
        413,
        "A body may have at most 104857600 bytes here.",
    )
    assert web.client.post("/api/sizes", content=b"next").text == "4"


@pytest.mark.parametrize(
    "path",
    [
        "/api/sizes",
        "/api/nowhere",
        "/runtime/webhooks/blobs",
        "/runtime/rpc/durabletask/orchestrators/any",
        "/runtime/webhooks/durabletask/orchestrators/any?code=local",
        "/runtime/webhooks/durabletask/instances/any/raiseEvent/e?code=local",
    ],
)
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_without_end_takes_no_memory(web: HostProcess, path: str, announced: bool) -> None:
    before = most_memory(web)
    headers = {"Content-Type": "application/json", "aeg-event-type": "Notification"}
    if announced:
        headers["Content-Length"] = str(120 * MIB)
    answer = web.client.post(path, content=(bytes(MIB) for _ in range(120)), headers=headers)
    assert answer.status_code == (404 if path == "/api/nowhere" else 413)
    # What was taken until it was too much lies in one buffer, which grows by steps.
    assert most_memory(web) - before < (4 if announced or path.startswith("/api") else 40) * MIB


def test_bodies_of_many_at_once_are_bounded_together(web: HostProcess) -> None:
    head = f"POST /api/sizes HTTP/1.1\r\nHost: localhost\r\nContent-Length: {100 * MIB}\r\n\r\n"
    with ExitStack() as stack:
        slow = [stack.enter_context(connect(web)) for _ in range(5)]
        for connection in slow[:4]:
            connection.sendall(head.encode() + bytes(99 * MIB))
        slow[4].sendall(head.encode() + bytes(5 * MIB))
        assert slow[4].recv(12) == b"HTTP/1.1 503"
    wait_for(lambda: web.client.post("/api/sizes", content=bytes(99 * MIB)).is_success, "room")


def most_memory(host: HostProcess) -> int:
    """The most bytes that the host has held since it was last asked."""
    status = Path(f"/proc/{host.pid}/status").read_text()
    Path(f"/proc/{host.pid}/clear_refs").write_text("5")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def connect(host: HostProcess) -> socket.socket:
    """A connection on which the test writes what it likes."""
    address = urlsplit(host.base_url)
    return socket.create_connection((str(address.hostname), int(address.port or 0)), timeout=30)


def test_a_response_that_is_too_large_ends_all_that_runs(
    start_host: StartHost, tmp_path: Path
) -> None:
    web = start_host(APPS / "web")
    assert len(web.client.get(f"/api/sizes?answer={100 * MIB}").content) == 100 * MIB
    answer = web.client.get(f"/api/sizes?answer={150 * MIB}")
    assert (answer.status_code, answer.content) == (500, b"")
    wait_for(lambda: web.log.count("serving ") == 2, "a new start")
    assert web.client.get("/api/plain_name").status_code == 200


def assert_quiet(beat: Path) -> None:
    """The function that touches the file every 50 ms runs no more."""
    last = beat.stat().st_mtime_ns
    time.sleep(0.3)
    assert beat.stat().st_mtime_ns == last
