"""How every stand-in starts and ends: loopback only, cleanly, and loudly when its port is taken."""

import signal
import socket
import subprocess
import sys

import psutil
import pytest
from websockets.sync.client import connect

from infra.local.serving import HOST, PartError, PortTakenError, take_port
from infra.local.webpubsub import DEFAULT_KEY
from infra.local.webpubsub.tokens import client_token

STAND_INS = ["infra.local.github", "infra.local.model", "infra.local.webpubsub"]
TIMEOUT = 20


def started(module: str) -> tuple[subprocess.Popen[str], str]:
    """A stand-in on a free port, and its address."""
    command = [sys.executable, "-m", module, "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().split()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("module", STAND_INS)
def test_it_ends_cleanly_when_told_to(module: str, number: signal.Signals) -> None:
    process, _ = started(module)
    process.send_signal(number)
    printed, complained = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, printed, complained) == (0, "", "")


def test_a_connected_client_does_not_keep_it_alive() -> None:
    process, url = started("infra.local.webpubsub")
    address = f"{url}/client/hubs/h"
    token = client_token(DEFAULT_KEY, address, user=None, roles=[], groups=[], minutes=1)
    with connect(f"ws{address.removeprefix('http')}?access_token={token}", proxy=None):
        process.terminate()
        _, complained = process.communicate(timeout=TIMEOUT)
    assert (process.returncode, complained) == (0, "")


@pytest.mark.parametrize("module", STAND_INS)
def test_it_listens_on_the_loopback_interface_only(module: str) -> None:
    process, url = started(module)
    try:
        addresses = [
            f"http://{connection.laddr.ip}:{connection.laddr.port}"
            for connection in psutil.Process(process.pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    finally:
        process.terminate()
        process.communicate(timeout=TIMEOUT)
    assert addresses == [url]


@pytest.mark.parametrize("module", STAND_INS)
def test_a_taken_port_ends_it_with_one_line_that_names_the_port(module: str) -> None:
    with socket.create_server((HOST, 0)) as somebody:
        port = somebody.getsockname()[1]
        command = [sys.executable, "-m", module, "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    assert done.returncode == 2
    assert done.stderr.endswith(f"port {port} on {HOST} is already in use\n")
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port_is_named(port: int) -> None:
    with pytest.raises(PartError, match=f"^here: {port} is no port"):
        take_port(port, "here")


def test_a_port_that_was_just_left_can_be_taken_again() -> None:
    with take_port(0, "first") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError) as caught:
            take_port(port, "second")
        assert caught.value.port == port
    take_port(port, "third").close()
