"""What people do to a ticket holds at every step of its way."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from tests.durable import FINISHED
from tests.host_process import HostKind, wait_for
from tests.hosts.stops import Stop, stopped
from tests.world import World

AT_ONCE = 10
DELETED: list[str] = []


def cancel(world: World, ticket: str) -> httpx2.Response:
    return world.api.post(f"/tickets/{ticket}/cancel")


def delete(world: World, ticket: str) -> httpx2.Response:
    DELETED.append(ticket)
    return world.api.delete(f"/tickets/{ticket}")


def reprocess(world: World, ticket: str) -> httpx2.Response:
    return world.api.post(f"/tickets/{ticket}/reprocess")


def together(act: Callable[[World, str], httpx2.Response], world: World, ticket: str) -> list[int]:
    """The statuses of many requests at once, in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(pool.map(lambda _: act(world, ticket).status_code, range(AT_ONCE)))


def until_over(world: World, instances: Iterable[str]) -> None:
    """Return when no workflow of these runs any more."""

    def over() -> bool:
        found = [world.durable.get(f"/instances/{instance}") for instance in instances]
        return all(
            one.status_code == 404 or one.json()["runtimeStatus"] in FINISHED for one in found
        )

    wait_for(over, "the workflows to end")


def actions(world: World, ticket: str) -> list[str]:
    return [event["action"] for event in world.api.get(f"/tickets/{ticket}/events").json()]


@pytest.mark.parametrize("stop", Stop)
def test_cancel(world: World, stop: Stop) -> None:
    with stopped(world, stop) as ticket:
        answer = cancel(world, ticket)
        assert answer.status_code == (200 if stop.is_open else 409), answer.text
        again = cancel(world, ticket)
        assert again.status_code == answer.status_code
    until_over(world, [f"{ticket}-1"])
    status = "cancelled" if stop.is_open else "completed"
    assert world.read(ticket)["status"] == status
    assert actions(world, ticket)[-1] == f"ticket_{status}"


@pytest.mark.parametrize("stop", Stop)
def test_delete(world: World, stop: Stop) -> None:
    with stopped(world, stop) as ticket:
        answer = delete(world, ticket)
        assert (answer.status_code, answer.text) == (204, "")
        assert world.api.get(f"/tickets/{ticket}").status_code == 404
        assert world.api.delete(f"/tickets/{ticket}").status_code == 404
    until_over(world, [f"{ticket}-1"])
    assert world.api.get(f"/tickets/{ticket}").status_code == 404


@pytest.mark.parametrize("stop", [Stop.PLAN, Stop.WORK, Stop.FILES_WAIT, Stop.ENDED])
def test_reprocess(world: World, stop: Stop) -> None:
    with stopped(world, stop) as ticket:
        answer = reprocess(world, ticket)
        assert answer.status_code == (409 if stop.is_open else 200), answer.text
        if stop is Stop.FILES_WAIT:
            cancel(world, ticket)
    ended = world.until_ended(ticket)
    assert ended["attempt"] == (1 if stop.is_open else 2)


@pytest.mark.parametrize(
    "stop", [stop for stop in Stop if stop not in (Stop.FILES_WAIT, Stop.ENDED)]
)
def test_cancel_and_reprocess_at_once(world: World, stop: Stop) -> None:
    """The old workflow goes on where it was stopped, and changes nothing any more."""
    with stopped(world, stop) as ticket:
        assert cancel(world, ticket).status_code == 200
        answer = reprocess(world, ticket)
        assert answer.status_code == 200, answer.text
        assert answer.json()["attempt"] == 2
    ended = world.until_ended(ticket)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    until_over(world, [f"{ticket}-1", f"{ticket}-2"])
    assert world.read(ticket) == ended
    assert actions(world, ticket).count("ticket_completed") == 1


def test_ten_together(world: World) -> None:
    with stopped(world, Stop.WORK) as ticket:
        assert together(cancel, world, ticket) == [200] * AT_ONCE
    assert together(reprocess, world, ticket) == [200] + [409] * (AT_ONCE - 1)
    ended = world.until_ended(ticket)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    deleted = together(delete, world, ticket)
    assert deleted[0] == 204
    assert set(deleted) <= {204, 404}


def test_in_the_end_nothing_is_left_of_what_was_deleted(world: World, kind: HostKind) -> None:
    """Neither workflow, nor history, nor blob, nor a trace of the deletion itself."""
    assert DELETED
    with (
        BlobServiceClient.from_connection_string(world.storage.upstream) as blobs,
        TableServiceClient.from_connection_string(world.storage.upstream) as tables,
    ):
        container = blobs.get_container_client("amida-work")

        def left() -> list[str]:
            names = [name for name in container.list_blob_names() if is_deleted(name)]
            rows = tables.get_table_client("tickets").query_entities("PartitionKey eq 'index'")
            intents = [row["RowKey"] for row in rows if is_deleted(row["RowKey"])]
            if kind is HostKind.REAL:
                history = tables.get_table_client(f"{world.host.hub}History").list_entities()
                names += [row["PartitionKey"] for row in history if is_deleted(row["PartitionKey"])]
            return names + intents

        try:
            wait_for(lambda: not left(), "nothing to be left")
        except AssertionError as error:
            raise AssertionError(f"{error}: {left()}") from None
    for ticket in DELETED:
        for attempt in (1, 2):
            answer = world.durable.get(f"/instances/{ticket}-{attempt}")
            assert answer.status_code == 404
    DELETED.clear()


def is_deleted(name: str) -> bool:
    return any(ticket in name for ticket in DELETED)
