"""The management API: starting instances, their status, and its paths."""

import json
import re
import urllib.parse
from typing import Any

import pytest

from tests.support.hosts.durable_api import BASE, KEY, Durable, JsonObject, new_id
from tests.support.hosts.kinds import local_only


class TestStart:
    def test_the_answer_leads_to_the_instance(self, durable: Durable) -> None:
        answer = durable.post("/orchestrators/one_step", {"a": 1})
        payload = answer.json()
        assert answer.status_code == 202
        assert answer.headers["retry-after"] == "10"
        assert answer.headers["location"] == payload["statusQueryGetUri"]
        assert re.fullmatch(r"[0-9a-f]{32}", payload["id"])
        durable.wait(payload["id"])
        status = durable.host.client.get(payload["statusQueryGetUri"])
        assert status.json()["output"] == {"a": 1}

    def test_the_payload_has_every_url(self, durable: Durable, hub: str) -> None:
        payload = durable.post("/orchestrators/one_step").json()
        url = f"{durable.host.base_url}{BASE}/instances/{payload['id']}"
        paths = {
            "statusQueryGetUri": url,
            "sendEventPostUri": f"{url}/raiseEvent/{{eventName}}",
            "terminatePostUri": f"{url}/terminate",
            "suspendPostUri": f"{url}/suspend",
            "resumePostUri": f"{url}/resume",
            "restartPostUri": f"{url}/restart",
            "purgeHistoryDeleteUri": url,
        }
        assert {k: v.partition("?")[0] for k, v in payload.items() if k != "id"} == paths
        query = f"taskHub={hub}&connection=Storage&code=local"
        assert all(v.endswith(query) for k, v in payload.items() if k != "id")
        with_reason = {k for k, v in payload.items() if "reason={text}" in v}
        assert with_reason == {f"{w}PostUri" for w in ("terminate", "suspend", "resume")}

    def test_broken_json_is_refused(self, durable: Durable) -> None:
        answer = durable.host.client.post(
            f"{BASE}/orchestrators/one_step", params=KEY, content=b"{broken"
        )
        assert answer.status_code == 400
        assert answer.json()["Message"] == "Invalid JSON content"
        assert answer.json()["ExceptionMessage"]

    @local_only
    @pytest.mark.parametrize("content", [b'{"a": 1} // one', b"/* none */", b"  ", b"'a'", b"[1,]"])
    def test_what_is_json_only_to_newtonsoft_is_refused(
        self, durable: Durable, content: bytes
    ) -> None:
        """The extension accepts it; of comments it makes an instance without a status."""
        path = f"{BASE}/orchestrators/one_step"
        answer = durable.host.client.post(path, params=KEY, content=content)
        assert answer.status_code == 400

    def test_an_unknown_orchestrator_is_accepted_and_fails(self, durable: Durable) -> None:
        status = durable.run("stranger", 1)
        assert status["runtimeStatus"] == "Failed"
        assert status["output"].startswith(
            "Orchestrator function 'stranger' failed: The function 'stranger' doesn't exist, is "
            "disabled, or is not an orchestrator function. Additional info: The following are the "
            "known orchestrator functions: '"
        )

    @local_only
    def test_a_start_in_another_hub_is_refused(self, durable: Durable) -> None:
        """In Azure it waits for a host of that hub."""
        answer = durable.post("/orchestrators/one_step", taskHub="Other")
        assert answer.status_code == 400
        assert "the hub Other" in answer.json()["Message"]

    def test_the_name_ignores_case(self, durable: Durable) -> None:
        status = durable.run("ONE_Step", 1)
        assert (status["name"], status["output"]) == ("ONE_Step", 1)

    @local_only
    @pytest.mark.parametrize("id_", ["%20", "+", "%09%20", "x" * 513])
    def test_an_impossible_id_is_refused(self, durable: Durable, id_: str) -> None:
        """In Azure one of blanks stalls the hub, a long one is an error of the storage."""
        answer = durable.post(f"/orchestrators/one_step/{id_}")
        assert answer.status_code == 400
        assert "Azure" in answer.json()["Message"]

    @pytest.mark.parametrize(
        "id_", ["x" * 257, "ünï 字", "a:b@c", "50% & more", "@name", "a#b", "a\\b", "a?b", "a\x07b"]
    )
    def test_other_ids_work_everywhere(self, durable: Durable, id_: str) -> None:
        quoted = urllib.parse.quote(id_, safe="")
        payload = durable.post(f"/orchestrators/one_step/{quoted}").json()
        assert payload["id"] == id_
        durable.wait(quoted)
        status = durable.host.client.get(payload["statusQueryGetUri"])
        assert status.json()["instanceId"] == id_

    def test_a_plus_in_an_id_is_a_blank(self, durable: Durable) -> None:
        id_ = new_id()
        payload = durable.post(f"/orchestrators/one_step/a+{id_}").json()
        assert payload["id"] == f"a {id_}"
        assert payload["statusQueryGetUri"].partition("?")[0].endswith(f"/instances/a+{id_}")
        durable.wait(f"a%20{id_}")

    def test_an_id_that_runs_is_refused(self, durable: Durable) -> None:
        running = durable.start_waiting()
        held = durable.start_waiting()
        durable.post(f"/instances/{held}/suspend")
        durable.wait(held, "Suspended")
        for instance, status in ((running, "Running"), (held, "Suspended")):
            answer = durable.post(f"/orchestrators/one_step/{instance}")
            assert answer.status_code == 409
            text = f"An Orchestration instance with the status {status} already exists."
            assert answer.json() == {"Message": text}

    def test_an_id_that_has_finished_starts_anew(self, durable: Durable) -> None:
        instance = durable.start("failing")
        durable.wait(instance)
        assert durable.start("one_step", 2, instance) == instance
        assert durable.wait(instance, "Completed")["output"] == 2
        assert durable.status(instance)["name"] == "one_step"

    def test_with_a_timeout_it_waits_for_the_output(self, durable: Durable) -> None:
        wait = {"timeout": 20, "pollingInterval": 0.2}
        answer = durable.post("/orchestrators/one_step", {"a": 1}, **wait)
        assert (answer.status_code, answer.json()) == (200, {"a": 1})
        failed = durable.post("/orchestrators/failing", **wait)
        assert (failed.status_code, failed.json()["runtimeStatus"]) == (200, "Failed")

    @pytest.mark.parametrize("only", ["timeout", "pollingInterval"])
    def test_with_one_of_the_two_times_it_waits_for_nothing(
        self, durable: Durable, only: str
    ) -> None:
        assert durable.post("/orchestrators/listener", **{only: 20}).status_code == 202

    def test_an_interval_above_the_timeout_is_refused(self, durable: Durable) -> None:
        answer = durable.post("/orchestrators/one_step", timeout=1, pollingInterval=2)
        text = "Total timeout 1 should be bigger than retry timeout 2"
        assert (answer.status_code, answer.json()) == (400, {"Message": text})

    def test_with_a_timeout_too_short_it_answers_as_ever(self, durable: Durable) -> None:
        answer = durable.post("/orchestrators/listener", timeout=0.1, pollingInterval=0.1)
        assert answer.status_code == 202
        assert durable.status(answer.json()["id"])["runtimeStatus"] in ("Pending", "Running")

    def test_input_as_the_client_encodes_it(self, durable: Durable) -> None:
        instance = durable.start("echo_input", {"a": 1})
        status = durable.wait(instance)
        assert status["input"] == '{"a": 1}'
        assert status["output"] == {"a": 1}

    def test_input_as_plain_json(self, durable: Durable) -> None:
        payload = durable.post("/orchestrators/echo_input", {"a": 1}).json()
        status = durable.wait(payload["id"])
        assert status["input"] == {"a": 1}
        assert status["output"] == {"a": 1}

    @pytest.mark.parametrize("body", [[1], "text"])
    def test_plain_json_the_sdk_cannot_decode(self, durable: Durable, body: object) -> None:
        payload = durable.post("/orchestrators/echo_input", body).json()
        status = durable.wait(payload["id"])
        assert (status["input"], status["runtimeStatus"]) == (body, "Failed")


class TestStatus:
    def test_its_shape(self, durable: Durable, finished: str) -> None:
        answer = durable.get(f"/instances/{finished}")
        assert answer.status_code == 200
        status = answer.json()
        times = status.pop("createdTime"), status.pop("lastUpdatedTime")
        assert status == {
            "name": "one_step",
            "instanceId": finished,
            "runtimeStatus": "Completed",
            "input": '{"a": 1}',
            "customStatus": None,
            "output": {"a": 1},
        }
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text) for text in times)

    def test_version_and_parent_are_shown_where_there_are_any(self, durable: Durable) -> None:
        versioned = durable.post("/orchestrators/one_step", version="1.2").json()["id"]
        assert durable.status(versioned)["version"] == "1.2"
        parent = durable.start("family")
        durable.wait(parent)
        completed = durable.history(parent)[1]
        assert durable.status(completed["InstanceId"])["parentInstanceId"] == parent

    def test_another_hub_is_empty(self, durable: Durable, finished: str, hub: str) -> None:
        assert durable.get(f"/instances/{finished}", taskHub="Other").status_code == 404
        assert durable.get("/instances", taskHub="Other").json() == []
        assert durable.delete(f"/instances/{finished}", taskHub="Other").status_code == 404
        assert durable.get(f"/instances/{finished}", taskHub=hub).is_success

    def test_while_it_runs(self, durable: Durable) -> None:
        instance = durable.start_waiting()
        answer = durable.get(f"/instances/{instance}")
        assert answer.status_code == 202
        assert answer.headers["retry-after"] == "5"
        assert answer.headers["location"] == str(answer.request.url)
        assert durable.host.client.get(answer.headers["location"]).status_code == 202

    def test_a_failed_one_is_an_error_only_if_asked_for(self, durable: Durable) -> None:
        instance = durable.start("failing")
        durable.wait(instance)
        assert durable.get(f"/instances/{instance}").status_code == 200
        asked = durable.get(f"/instances/{instance}", returnInternalServerErrorOnFailure="true")
        assert (asked.status_code, asked.json()["runtimeStatus"]) == (500, "Failed")

    def test_who_is_unknown(self, durable: Durable) -> None:
        answer = durable.get("/instances/nobody")
        assert (answer.status_code, answer.content) == (404, b"")

    def test_input_may_be_left_out(self, durable: Durable, finished: str) -> None:
        assert durable.status(finished, showInput="false")["input"] is None

    def test_history(self, durable: Durable, finished: str) -> None:
        status = durable.status(finished, showHistory="true")
        started, task, completed = status["historyEvents"]
        stamps = {"Timestamp", "ScheduledTime"}
        assert without(started, {*stamps, "Input"}) == {
            "EventType": "ExecutionStarted",
            "FunctionName": "one_step",
            "Correlation": None,
            "ParentTraceContext": None,
            "ScheduledStartTime": None,
            "Generation": 0,
            "GenerateNewTrace": False,
        }
        assert json.loads(json.loads(started["Input"])) == {"a": 1}
        assert without(task, stamps) == {
            "EventType": "TaskCompleted",
            "FunctionName": "echo",
            "Input": None,
        }
        assert stamps <= set(task)
        assert without(completed, stamps) == {
            "EventType": "ExecutionCompleted",
            "OrchestrationStatus": "Completed",
            "FailureDetails": None,
        }

    def test_history_counts_the_starts_of_an_id(self, durable: Durable) -> None:
        instance = durable.start("one_step")
        for n in range(2):
            durable.wait(instance)
            assert durable.history(instance)[0]["Generation"] == n
            durable.start("one_step", None, instance)

    def test_history_with_output_and_without_input(self, durable: Durable, finished: str) -> None:
        status = durable.status(
            finished, showHistory="true", showHistoryOutput="true", showInput="false"
        )
        assert [e.get("Result") for e in status["historyEvents"]] == [None, {"a": 1}, {"a": 1}]
        assert not any("Input" in e for e in status["historyEvents"])

    def test_history_of_work_under_way(self, durable: Durable) -> None:
        instance = durable.start_waiting("collector")
        durable.raise_event(instance, "a", 1)
        family = durable.start("family")
        durable.wait(family)
        child = durable.history(family)[1]
        assert child["EventType"] == "SubOrchestrationInstanceCompleted"
        assert (child["FunctionName"], child["Result"]) == ("one_step", {"a": 1})
        assert (durable.history(instance)[1]["Name"], child["Input"]) == ("a", None)

    def test_odd_values_are_still_json(self, durable: Durable) -> None:
        instance = durable.start("nan")
        durable.wait(instance)
        answer = durable.get(f"/instances/{instance}")
        output = json.loads(answer.content, parse_constant=pytest.fail)["output"]
        assert output[0] == "NaN"
        assert durable.get("/instances", top=999).status_code == 200


class TestPaths:
    def test_words_ignore_case_and_ids_do_not(self, durable: Durable) -> None:
        instance = durable.start("listener", None, f"Id-{new_id()}")
        durable.wait_for_step(instance, "waiting")
        client = durable.host.client
        shouted = f"/RunTime/WEBHOOKS/DurableTask/INSTANCES/{instance}"
        assert client.get(shouted, params=KEY).json()["instanceId"] == instance
        assert client.get(shouted.lower(), params=KEY).status_code == 404
        sent = client.post(f"{shouted}/RAISEEVENT/go", params=KEY, json="x")
        assert sent.status_code == 202
        assert durable.wait(instance)["output"] == "x"

    @pytest.mark.parametrize(
        ("verb", "path"),
        [
            ("PUT", "/instances/{}"),
            ("HEAD", "/instances/{}"),
            ("POST", "/instances/{}"),
            ("GET", "/instances/{}/terminate"),
            ("GET", "/orchestrators/one_step"),
            ("POST", "/instances"),
            ("POST", "/instances/{}/dance"),
            ("GET", "/nothing"),
            ("GET", ""),
        ],
    )
    def test_what_is_not_there(self, durable: Durable, finished: str, verb: str, path: str) -> None:
        answer = durable.host.client.request(verb, BASE + path.format(finished), params=KEY)
        assert answer.status_code == 404

    @local_only
    def test_without_the_key_nobody_is_served(self, durable: Durable, finished: str) -> None:
        """The small host of the tests asks for none, the Functions host in Azure does."""
        path = f"{BASE}/instances/{finished}"
        client = durable.host.client
        assert client.get(path).status_code == 401
        assert client.get(path, params={"code": "wrong"}).status_code == 401
        assert client.get(path, headers={"x-functions-key": "local"}).status_code == 200


def instances(durable: Durable) -> set[str]:
    """The ids of all; what was started before may go on meanwhile."""
    return {one["instanceId"] for one in durable.get("/instances", top=9999).json()}


def without(event: JsonObject, keys: set[str]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key not in keys}


@local_only
class TestForeignCallers:
    """In Azure a page of another origin has not got the key, and the platform's CORS stands before
    it."""

    PATHS = (
        "/runtime/webhooks/durabletask/orchestrators/one_step?code=local",
        "/runtime/rpc/durabletask/orchestrators/one_step",
        "/RunTime//..//x/../webhooks/DurableTask/orchestrators/one_step?code=local",
        "/%72untime/rpc/durabletask/orchestrators/one_step",
        "/runtime/webhooks/blobs?functionName=Host.Functions.x",
    )

    @pytest.mark.parametrize("path", PATHS)
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": "http://localhost:3000"},
            {"Origin": "http://127.0.0.1:1"},
            {"Host": "evil.example"},
            {"Host": "evil.example", "Origin": "http://evil.example"},
            {"Host": "127.0.0.1.evil.example:7071"},
            {"Host": "localhost.evil.example"},
            {"Host": "127.0.0.1@evil.example"},
            {"Host": "evil.example@127.0.0.1"},
            {"Host": "[::1"},
        ],
    )
    def test_start_nothing(self, durable: Durable, path: str, headers: dict[str, str]) -> None:
        before = instances(durable)
        sent = {"Content-Type": "text/plain", "aeg-event-type": "Notification", **headers}
        answer = durable.host.client.post(path, content=b"{}", headers=sent)
        assert answer.status_code == 403
        assert instances(durable) == before

    @pytest.mark.parametrize("host", ["localhost:7071", "LOCALHOST", "127.0.0.1", "[::1]:7071"])
    def test_that_are_of_here_start_what_they_like(self, durable: Durable, host: str) -> None:
        headers = {"Host": host, "Origin": f"http://{host}"}
        answer = durable.host.client.post(self.PATHS[0], content=b"{}", headers=headers)
        assert answer.status_code == 202
