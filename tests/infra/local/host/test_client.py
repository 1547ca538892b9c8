"""The SDK's durable client, in HTTP functions of an app, against the host's management API."""

from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable, new_id
from tests.support.hosts.kinds import long_on_real
from tests.support.hosts.process import StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_either: StartHost) -> Durable:
    return Durable(start_module_either(APPS / "lifecycle"))


def waiting(durable: Durable) -> str:
    instance = durable.start("listener")
    durable.wait_for_step(instance, "waiting")
    return instance


def call(durable: Durable, path: str, **query: str) -> str:
    """What an HTTP function of the app answers."""
    return str(durable.host.client.get(f"/api/{path}", params=query).text)


def test_it_starts_and_hands_out_urls_that_work(durable: Durable) -> None:
    client = durable.host.client
    answer = client.post("/api/start/listener")
    payload = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == payload["statusQueryGetUri"]
    durable.wait_for_step(payload["id"], "waiting")
    client.post(payload["suspendPostUri"].replace("{text}", "hm"))
    durable.wait(payload["id"], "Suspended")
    client.post(payload["resumePostUri"].replace("{text}", "on"))
    durable.wait(payload["id"], "Running")
    client.post(payload["sendEventPostUri"].replace("{eventName}", "go"), json={"x": 1})
    assert durable.wait(payload["id"])["output"] == {"x": 1}
    assert client.post(payload["rewindPostUri"].replace("{text}", "x")).status_code == 412
    again = client.post(payload["restartPostUri"]).json()
    durable.wait_for_step(again["id"], "waiting")
    client.post(again["terminatePostUri"].replace("{text}", "no more"))
    assert durable.wait(again["id"])["output"] == "no more"
    assert client.delete(payload["purgeHistoryDeleteUri"]).json() == {"instancesDeleted": 1}


def test_the_urls_have_the_origin_the_caller_used(durable: Durable) -> None:
    answer = durable.host.client.post(
        "/api/start/one_step", headers={"host": "tickets.example:8080"}
    )
    assert answer.json()["statusQueryGetUri"].startswith("http://tickets.example:8080/runtime/")
    payload = durable.host.client.get("/api/payload/abc").json()
    assert payload["statusQueryGetUri"].startswith(durable.host.base_url)


def test_it_starts_with_an_id_and_an_input(durable: Durable) -> None:
    instance = new_id()
    answer = durable.host.client.post(f"/api/start/one_step/{instance}", json={"a": [1]})
    assert answer.json()["id"] == instance
    status = durable.wait(instance)
    assert (status["input"], status["output"]) == ('{"a": [1]}', {"a": [1]})


def test_a_start_that_is_refused_raises(durable: Durable) -> None:
    running = waiting(durable)
    assert "with the status Running already exists" in call(durable, f"start/one_step/{running}")


def test_it_starts_an_orchestrator_that_is_not_there(durable: Durable) -> None:
    instance = durable.host.client.post("/api/start/stranger").json()["id"]
    output = durable.wait(instance, "Failed")["output"]
    assert "The function 'stranger' doesn't exist" in output


def test_it_waits_for_a_quick_one(durable: Durable) -> None:
    answer = durable.host.client.get("/api/start-and-wait/ticking/20000")
    assert (answer.status_code, answer.text) == (200, "fired")


def test_it_does_not_wait_for_a_slow_one(durable: Durable) -> None:
    answer = durable.host.client.get("/api/start-and-wait/listener/100")
    assert answer.status_code == 202
    assert answer.json()["statusQueryGetUri"] == answer.headers["location"]


def test_it_sees_status_and_history(durable: Durable) -> None:
    instance = durable.start("one_step", 3)
    durable.wait(instance)
    assert durable.host.client.get(f"/api/status/{instance}").json() == {
        "status": "Completed",
        "output": 3,
        "events": ["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"],
    }
    assert call(durable, "status/nobody") == "null"


def test_it_terminates_suspends_and_resumes(durable: Durable) -> None:
    instance = waiting(durable)
    assert call(durable, f"manage/suspend/{instance}") == "done"
    durable.wait(instance, "Suspended")
    assert call(durable, f"manage/resume/{instance}") == "done"
    durable.wait(instance, "Running")
    assert call(durable, f"manage/terminate/{instance}", reason="all & more?") == "done"
    assert durable.wait(instance)["output"] == "all & more?"
    for what in ("suspend", "resume", "terminate"):
        assert call(durable, f"manage/{what}/nobody").startswith("No instance with ID")


def test_it_rewinds(durable: Durable) -> None:
    instance = durable.start("failing")
    durable.wait(instance)
    assert call(durable, f"manage/rewind/{instance}") == "done"
    assert durable.wait(instance)["runtimeStatus"] == "Failed"


def test_it_restarts(durable: Durable) -> None:
    instance = durable.start("one_step", 4)
    durable.wait(instance)
    again = durable.host.client.get(f"/api/restart/{instance}/new").json()["id"]
    assert again != instance
    assert durable.wait(again)["output"] == 4
    same = durable.host.client.get(f"/api/restart/{instance}/same").json()
    assert same["id"] == instance
    assert durable.wait(instance)["output"] == 4


def test_it_finds_by_filter(durable: Durable) -> None:
    prefix = new_id()
    wanted = [durable.start("one_step", n, f"{prefix}-{n}") for n in range(3)]
    durable.start("listener", None, f"{prefix}-x")
    for instance in wanted:
        durable.wait(instance)
    assert durable.host.client.get(f"/api/find/{prefix}").json() == wanted
    assert set(wanted) <= set(durable.host.client.get("/api/all").json())


def test_it_purges(durable: Durable) -> None:
    instance = durable.start("one_step")
    durable.wait(instance)
    assert call(durable, f"purge/{instance}") == "1"
    assert call(durable, f"purge/{instance}") == "0"
    ended = waiting(durable)
    assert "status code 412" in call(durable, f"purge/{ended}"), "it runs"
    assert call(durable, f"manage/terminate/{ended}") == "done"
    durable.wait(ended, "Terminated")
    assert int(call(durable, "purge-terminated")) >= 1
    assert durable.get(f"/instances/{ended}").status_code == 404
    assert call(durable, "purge-terminated") == "0"


@long_on_real
def test_many_starts_at_once(durable: Durable) -> None:
    instances = [
        durable.host.client.post("/api/start/one_step", json=n).json()["id"] for n in range(50)
    ]
    assert [durable.wait(each)["output"] for each in instances] == list(range(50))
