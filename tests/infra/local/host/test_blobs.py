"""Blob functions against Azurite: each version of a blob once, five tries, then set aside."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient, ContentSettings

from infra.local.azurite import Azurite, Ports
from tests.support.hosts.durable_api import new_id
from tests.support.hosts.poison import poison_message
from tests.support.hosts.process import HostProcess, StartHost, wait_for

APPS = Path(__file__).parent / "apps"
TRIES = 5


class Box:
    """A host for the app of the blobs, its container, and the runs of its functions."""

    def __init__(self, storage: str, folder: Path) -> None:
        self.name = f"box-{new_id()}"
        self.folder = folder
        self.env = {"STORE": storage, "BOX": self.name, "RUNS_FOLDER": str(folder)}
        self.service = BlobServiceClient.from_connection_string(storage)
        self.container: ContainerClient = self.service.create_container(self.name)

    def put(self, name: str, content: bytes, **more: Any) -> None:
        self.container.upload_blob(name, content, overwrite=True, **more)

    def runs(self, name: str = "", **what: Any) -> list[dict[str, Any]]:
        """The runs for that blob, or all, that have all of `what`."""
        path = self.folder / "runs"
        lines = path.read_text().splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines]
        if name:
            what["name"] = f"{self.name}/{name}"
        return [run for run in found if what.items() <= run.items()]

    def wait_for_runs(self, count: int, name: str = "", **what: Any) -> list[dict[str, Any]]:
        wait_for(lambda: len(self.runs(name, **what)) >= count, f"{count} runs of {name} {what}")
        return self.runs(name, **what)

    def settle(self) -> None:
        """Return once the host has looked at everything that is there now."""
        name = f"in/{new_id()}"
        for _ in range(2):
            self.put(name, b"marker")
            self.wait_for_runs(1, name)
            name += "-again"


@pytest.fixture(scope="module")
def box(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = Box(storage, tmp_path_factory.mktemp("runs"))
    box.put("in/early", b"before the first start")
    with box.service:
        yield box


@pytest.fixture(scope="module")
def host(start_module_host: StartHost, box: Box) -> HostProcess:
    return start_module_host(APPS / "blobs", box.env)


@pytest.fixture(autouse=True)
def _running(host: HostProcess) -> None:
    """Every test has the host running."""


def test_what_was_there_before_the_first_start(box: Box) -> None:
    assert box.wait_for_runs(1, "in/early")[0]["content"] == "before the first start"


def test_a_new_blob_with_all_that_is_known_of_it(box: Box) -> None:
    settings = ContentSettings(content_type="text/x-odd")
    box.put("in/new", "ü".encode(), metadata={"owner": "amal"}, content_settings=settings)
    (run,) = box.wait_for_runs(1, "in/new")
    assert run["uri"].endswith(f"/{box.name}/in/new")
    assert (run["content"], run["length"], run["type"]) == ("ü", 2, "text/x-odd")
    assert run["metadata"] == {"owner": "amal"}


def test_each_version_once(box: Box) -> None:
    for version in (b"one", b"two", b"two"):
        count = len(box.runs("in/versions"))
        box.put("in/versions", version)
        box.wait_for_runs(count + 1, "in/versions")
    box.settle()
    assert [run["content"] for run in box.runs("in/versions")] == ["one", "two", "two"]


def test_a_name_with_slashes(box: Box) -> None:
    box.put("in/a/b c/ü.txt", b"deep")
    (run,) = box.wait_for_runs(1, "in/a/b c/ü.txt")
    assert run["content"] == "deep"


def test_what_does_not_fit_the_path_is_left_alone(box: Box) -> None:
    box.put("elsewhere/x", b"not this")
    box.put("text/x.md", b"not this")
    box.settle()
    assert not box.runs(content="not this")


def test_text_and_bytes(box: Box) -> None:
    box.put("text/a.txt", "ünï".encode())
    box.put("raw/a", bytes(range(256)))
    box.wait_for_runs(1, function="as_text", content="ünï")
    box.wait_for_runs(1, function="as_bytes", content=list(range(256)))


def test_an_empty_blob(box: Box) -> None:
    box.put("in/empty", b"")
    assert box.wait_for_runs(1, "in/empty")[0]["length"] is None


def test_a_container_that_comes_later(box: Box) -> None:
    box.service.create_container(f"{box.name}-later").upload_blob("x/y", b"late")
    box.wait_for_runs(1, function="whole_container")
    assert box.runs(function="whole_container")[0]["name"] == f"{box.name}-later/x/y"


@pytest.mark.parametrize("content", [b"fail", b"leave"])
def test_five_tries_then_it_is_set_aside_while_others_flow_on(box: Box, content: bytes) -> None:
    name = f"in/{content.decode()}"
    box.put(name, content)
    box.wait_for_runs(1, name)
    box.settle()
    box.wait_for_runs(TRIES, name)
    message = wait_for(lambda: poison(box, name), "the poison message")
    etag = box.container.get_blob_client(name).get_blob_properties().etag
    assert message == {
        "Type": "BlobTrigger",
        "FunctionId": "Host.Functions.stream",
        "BlobType": "BlockBlob",
        "ContainerName": box.name,
        "BlobName": name,
        "ETag": etag.strip('"'),
    }
    box.settle()
    assert len(box.runs(name)) == TRIES
    box.put(name, b"repaired")
    assert box.wait_for_runs(TRIES + 1, name)[-1]["content"] == "repaired"


def test_a_blob_that_is_no_text_stops_nobody(box: Box) -> None:
    box.put("text/broken.txt", b"\xff\xfe\xfd")
    wait_for(lambda: poison(box, "text/broken.txt"), "the poison message")
    box.put("text/fine.txt", b"fine")
    box.wait_for_runs(1, function="as_text", content="fine")


def test_a_slow_one_does_not_hold_up_the_others(box: Box) -> None:
    box.put("in/slow", b"wait")
    box.wait_for_runs(1, "in/slow")
    box.settle()
    (box.folder / "gate").touch()
    box.settle()
    assert len(box.runs("in/slow")) == 1


def test_after_a_restart_only_what_is_new_is_handed_over(box: Box, host: HostProcess) -> None:
    box.settle()
    earlier = Counter(run.get("name") for run in box.runs())
    box.settle()  # The last ones may not have been noted yet when the host is killed.
    host.kill()
    box.put("in/while-away", b"new")
    host.start()
    box.wait_for_runs(1, "in/while-away")
    box.settle()
    assert len(box.runs("in/while-away")) == 1
    now = Counter(run.get("name") for run in box.runs())
    assert {name: now[name] for name in earlier} == earlier


def test_what_was_under_way_at_a_crash_is_handed_over_again(box: Box, host: HostProcess) -> None:
    (box.folder / "gate").unlink(missing_ok=True)
    box.put("in/crash", b"wait")
    box.wait_for_runs(1, "in/crash")
    host.kill()
    host.start()
    box.wait_for_runs(2, "in/crash")
    (box.folder / "gate").touch()
    box.settle()
    assert len(box.runs("in/crash")) == 2


def poison(box: Box, name: str) -> dict[str, Any] | None:
    """The message about a blob in the poison queue."""
    return poison_message(box.env["STORE"], box.name, name)


def test_a_storage_that_comes_later(start_host: StartHost, tmp_path: Path) -> None:
    azurite = Azurite(tmp_path / "azurite", Ports(0, 0, 0))
    with azurite:
        storage = azurite.connection_string  # names the ports, which the second start takes again
        box = Box(storage, tmp_path)
        box.put("in/early", b"early")
    host = start_host(APPS / "blobs", box.env)
    wait_for(lambda: "stream cannot poll" in host.log, "a word about it")
    with azurite, box.service:
        box.wait_for_runs(1, "in/early")
