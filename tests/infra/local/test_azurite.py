"""Azurite as the storage of local work: its data outlives it, and its failures are named."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from infra.local.azurite import Azurite, AzuriteError, Ports
from infra.local.azurite.install import PROGRAM, install
from infra.local.serving import HOST, PortTakenError

ANY_PORTS = Ports(0, 0, 0)
DEADLINE_SECONDS = 60


def write(connection: str) -> None:
    with TableServiceClient.from_connection_string(connection) as tables:
        table = tables.create_table("tickets")
        table.create_entity({"PartitionKey": "amal", "RowKey": "1", "title": "Réponse"})
    with BlobServiceClient.from_connection_string(connection) as blobs:
        blobs.create_container("uploads").upload_blob("amal/a.txt", b"some bytes")


def read(connection: str) -> tuple[object, bytes]:
    with TableServiceClient.from_connection_string(connection) as tables:
        row = tables.get_table_client("tickets").get_entity("amal", "1")
    with BlobServiceClient.from_connection_string(connection) as blobs:
        blob = blobs.get_blob_client("uploads", "amal/a.txt").download_blob().readall()
    return row["title"], blob


def test_what_was_written_is_there_after_stop_and_start(tmp_path: Path) -> None:
    with Azurite(tmp_path, ANY_PORTS) as azurite:
        write(azurite.connection_string)
    with Azurite(tmp_path, ANY_PORTS) as again:
        assert read(again.connection_string) == ("Réponse", b"some bytes")


def test_two_of_them_share_nothing(tmp_path: Path) -> None:
    with Azurite(tmp_path / "a", ANY_PORTS) as one, Azurite(tmp_path / "b", ANY_PORTS) as other:
        write(one.connection_string)
        with pytest.raises(ResourceNotFoundError):
            read(other.connection_string)


def test_it_listens_on_the_loopback_interface_only(tmp_path: Path) -> None:
    with Azurite(tmp_path, ANY_PORTS) as azurite:
        wanted = set(vars(azurite.ports).values())
        children = psutil.Process().children()
        (child,) = (child for child in children if str(tmp_path) in child.cmdline())
        listening = [c.laddr for c in child.net_connections() if c.status == psutil.CONN_LISTEN]
    assert {address.ip for address in listening} == {HOST}
    assert {address.port for address in listening} == wanted


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} on 127\.0\.0\.1 is already in use"):
            Azurite(tmp_path, Ports(0, port, 0)).start()
    assert not list(tmp_path.iterdir())


def test_an_early_end_shows_the_end_of_its_output(tmp_path: Path) -> None:
    (tmp_path / "__azurite_db_table__.json").mkdir()
    with pytest.raises(AzuriteError, match="ended with status 1") as caught:
        Azurite(tmp_path, ANY_PORTS).start()
    assert "EISDIR" in str(caught.value)


def test_it_is_started_once(tmp_path: Path) -> None:
    with Azurite(tmp_path, ANY_PORTS) as azurite, pytest.raises(RuntimeError, match="already"):
        azurite.start()
    azurite.stop()  # a second time: nothing to do


def test_it_ends_and_saves_when_its_parent_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time, pathlib\n"
        "from infra.local.azurite import Azurite, Ports\n"
        f"azurite = Azurite(pathlib.Path({str(tmp_path)!r}), Ports(0, 0, 0))\n"
        "azurite.start()\n"
        "print(azurite._process.pid, azurite.connection_string, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid, connection = parent.stdout.readline().split()
    child = psutil.Process(int(pid))
    write(connection)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    child.wait(DEADLINE_SECONDS)
    with Azurite(tmp_path, ANY_PORTS) as again:
        assert read(again.connection_string) == ("Réponse", b"some bytes")


def test_installing_again_does_nothing_even_at_the_same_time() -> None:
    install()
    before = PROGRAM.stat().st_mtime_ns
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(lambda _: install(), range(4))) == [False] * 4
    assert PROGRAM.stat().st_mtime_ns == before
