"""What people do to a ticket holds at every step of its way."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from tests.support.faults.stops import Stop, stopped
from tests.support.hosts.durable_api import FINISHED
from tests.support.hosts.process import HostKind, wait_for
from tests.support.running_app import RunningApp

AT_ONCE = 10
DELETED = defaultdict[HostKind, list[str]](list)


def cancel(running_app: RunningApp, ticket: str) -> httpx2.Response:
    return running_app.api.post(f"/tickets/{ticket}/cancel")


def delete(running_app: RunningApp, ticket: str) -> httpx2.Response:
    DELETED[running_app.host.kind].append(ticket)
    return running_app.api.delete(f"/tickets/{ticket}")


def reprocess(running_app: RunningApp, ticket: str) -> httpx2.Response:
    return running_app.api.post(f"/tickets/{ticket}/reprocess")


def together(
    act: Callable[[RunningApp, str], httpx2.Response], running_app: RunningApp, ticket: str
) -> list[int]:
    """The statuses of many requests at once, in order."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(pool.map(lambda _: act(running_app, ticket).status_code, range(AT_ONCE)))


def until_over(running_app: RunningApp, instances: Iterable[str]) -> None:
    """Return when no workflow of these runs any more."""

    def over() -> bool:
        found = [running_app.durable.get(f"/instances/{instance}") for instance in instances]
        return all(
            one.status_code == 404 or one.json()["runtimeStatus"] in FINISHED for one in found
        )

    wait_for(over, "the workflows to end")


def actions(running_app: RunningApp, ticket: str) -> list[str]:
    return [event["action"] for event in running_app.api.get(f"/tickets/{ticket}/events").json()]


@pytest.mark.parametrize("stop", Stop)
def test_cancel(running_app: RunningApp, stop: Stop) -> None:
    with stopped(running_app, stop) as ticket:
        answer = cancel(running_app, ticket)
        assert answer.status_code == (200 if stop.is_open else 409), answer.text
        again = cancel(running_app, ticket)
        assert again.status_code == answer.status_code
    until_over(running_app, [f"{ticket}-1"])
    status = "cancelled" if stop.is_open else "completed"
    assert running_app.read(ticket)["status"] == status
    assert actions(running_app, ticket)[-1] == f"ticket_{status}"


@pytest.mark.parametrize("stop", Stop)
def test_delete(running_app: RunningApp, stop: Stop) -> None:
    with stopped(running_app, stop) as ticket:
        answer = delete(running_app, ticket)
        assert (answer.status_code, answer.text) == (204, "")
        assert running_app.api.get(f"/tickets/{ticket}").status_code == 404
        assert running_app.api.delete(f"/tickets/{ticket}").status_code == 404
    until_over(running_app, [f"{ticket}-1"])
    assert running_app.api.get(f"/tickets/{ticket}").status_code == 404


@pytest.mark.parametrize("stop", [Stop.PLAN, Stop.WORK, Stop.FILES_WAIT, Stop.ENDED])
def test_reprocess(running_app: RunningApp, stop: Stop) -> None:
    with stopped(running_app, stop) as ticket:
        answer = reprocess(running_app, ticket)
        assert answer.status_code == (409 if stop.is_open else 200), answer.text
        if stop is Stop.FILES_WAIT:
            cancel(running_app, ticket)
    ended = running_app.until_ended(ticket)
    assert ended["attempt"] == (1 if stop.is_open else 2)


@pytest.mark.parametrize(
    "stop", [stop for stop in Stop if stop not in (Stop.FILES_WAIT, Stop.ENDED)]
)
def test_cancel_and_reprocess_at_once(running_app: RunningApp, stop: Stop) -> None:
    """The old workflow goes on where it was stopped, and changes nothing any more."""
    with stopped(running_app, stop) as ticket:
        assert cancel(running_app, ticket).status_code == 200
        answer = reprocess(running_app, ticket)
        assert answer.status_code == 200, answer.text
        assert answer.json()["attempt"] == 2
    ended = running_app.until_ended(ticket)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    until_over(running_app, [f"{ticket}-1", f"{ticket}-2"])
    assert running_app.read(ticket) == ended
    assert actions(running_app, ticket).count("ticket_completed") == 1


def test_ten_together(running_app: RunningApp) -> None:
    with stopped(running_app, Stop.WORK) as ticket:
        assert together(cancel, running_app, ticket) == [200] * AT_ONCE
    assert together(reprocess, running_app, ticket) == [200] + [409] * (AT_ONCE - 1)
    ended = running_app.until_ended(ticket)
    assert (ended["status"], ended["attempt"]) == ("completed", 2)
    deleted = together(delete, running_app, ticket)
    assert deleted[0] == 204
    assert set(deleted) <= {204, 404}


def test_in_the_end_nothing_is_left_of_what_was_deleted(
    running_app: RunningApp, kind: HostKind
) -> None:
    """Neither workflow, nor history, nor blob, nor a trace of the deletion itself, of whatever was
    deleted here so far."""
    for stop in (Stop.WORK, Stop.ENDED):
        with stopped(running_app, stop) as ticket:
            assert delete(running_app, ticket).status_code == 204
    deleted = DELETED.pop(kind)

    def is_deleted(name: str) -> bool:
        return any(ticket in name for ticket in deleted)

    with (
        BlobServiceClient.from_connection_string(running_app.storage.upstream) as blobs,
        TableServiceClient.from_connection_string(running_app.storage.upstream) as tables,
    ):
        container = blobs.get_container_client("amida-work")

        def left() -> list[str]:
            names = [name for name in container.list_blob_names() if is_deleted(name)]
            rows = tables.get_table_client("tickets").query_entities("PartitionKey eq 'index'")
            intents = [row["RowKey"] for row in rows if is_deleted(row["RowKey"])]
            if kind is HostKind.REAL:
                history = tables.get_table_client(f"{running_app.host.hub}History").list_entities()
                names += [row["PartitionKey"] for row in history if is_deleted(row["PartitionKey"])]
            return names + intents

        try:
            wait_for(lambda: not left(), "nothing to be left")
        except AssertionError as error:
            raise AssertionError(f"{error}: {left()}") from None
    for ticket in deleted:
        for attempt in (1, 2):
            answer = running_app.durable.get(f"/instances/{ticket}-{attempt}")
            assert answer.status_code == 404
