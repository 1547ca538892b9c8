"""What a task type may do beyond one step, as docs/task-types.md says; and types from elsewhere."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from shared.clients.blobs import Container
from shared.errors import Invalid, PermanentFailure, RetryLater
from shared.models import validate_model
from shared.tasks.call_sizes import CallSizes
from shared.tasks.dependencies import Dependencies
from shared.tasks.registry import TASK_TYPES, find_task_type
from tests.support.servers.model import Body, ModelServer, completion
from tests.support.servers.serving import served
from tests.support.tasks.example_modules import ExampleModule
from tests.support.tasks.packages import install_type
from tests.support.tasks.runs import result_of, ticket_of

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/task-types.md").read_text(encoding="utf-8")


class WeatherServer:
    """A service that is busy `refusals` times; what was asked of it."""

    def __init__(self) -> None:
        self.refusals = 0
        self.places: list[str] = []
        self.keys: set[str] = set()
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._answer(Request(scope, receive))(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        self.keys.add(request.headers["authorization"])
        self.places.append(request.query_params["place"])
        if len(self.places) <= self.refusals:
            return PlainTextResponse("busy", 429, {"Retry-After": "7"})
        return PlainTextResponse("low 3, high 11, wind 20")


@pytest.fixture
def weather(example_module: ExampleModule) -> Iterator[WeatherServer]:
    """The service, and the task type that asks it."""
    example_module("weather", PAGE)
    server = WeatherServer()
    with served(server) as (port,):
        server.url = f"http://127.0.0.1:{port}"
        yield server


def settings(server: WeatherServer) -> dict[str, str]:
    return {"WEATHER_URL": server.url, "WEATHER_KEY": "k"}


def saying(text: str) -> Any:
    return lambda *_: completion(json.dumps({"text": text}))


async def test_a_type_asks_a_service_with_its_own_key(
    weather: WeatherServer, container: Container, model: ModelServer
) -> None:
    model.reset(saying("From 3 to 11 degrees."))
    made = await result_of(ticket_of("weather"), container, model, settings(weather))
    assert (made["forecast"], made["warnings"]) == ("From 3 to 11 degrees.", [])
    assert (weather.places, weather.keys) == (["Oslo"], {"Bearer k"})


async def test_a_number_from_nowhere_is_not_delivered(
    weather: WeatherServer, container: Container, model: ModelServer
) -> None:
    model.reset(saying("A warm day of 25 degrees."))
    made = await result_of(ticket_of("weather"), container, model, settings(weather))
    assert made["forecast"] == "low 3, high 11, wind 20"
    assert len(made["warnings"]) == 1


async def test_a_busy_service_makes_the_ticket_wait(
    weather: WeatherServer, container: Container, model: ModelServer
) -> None:
    weather.refusals = 1
    with pytest.raises(RetryLater) as raised:
        await result_of(ticket_of("weather"), container, model, settings(weather))
    assert raised.value.seconds == 7


async def test_a_missing_setting_is_named(
    weather: WeatherServer, container: Container, model: ModelServer
) -> None:
    needs = find_task_type("weather").needs
    assert "WEATHER_KEY" in str(Dependencies({}, {}).find_fault(needs))
    assert Dependencies({}, settings(weather)).find_fault(needs) is None
    with pytest.raises(PermanentFailure, match="WEATHER_KEY"):
        await result_of(ticket_of("weather"), container, model)


async def test_a_second_round_is_of_what_the_first_has_found(
    example_module: ExampleModule, container: Container, model: ModelServer
) -> None:
    example_module("index", PAGE)
    texts = ["A berth is free near the quay.", "No berth.", "The berth and the quay."]

    def answer(_: int, body: Body) -> Response:
        if "terms" in json.dumps(body["response_format"]):
            return completion(json.dumps({"terms": ["berth", "quay", "tug"]}))
        return completion(json.dumps({"term": "?", "explanation": "For ships."}))

    model.reset(answer)
    made = await result_of(ticket_of("index", {"texts": texts}), container, model)
    assert [entry["term"] for entry in made["entries"]] == ["berth", "quay"]
    assert len(model.bodies) == len(texts) + 2
    model.reset(answer)
    made = await result_of(ticket_of("index", {"texts": texts[1:2]}), container, model)
    assert (made["entries"], len(model.bodies)) == ([], 1)


async def test_a_plain_function_waits_in_its_thread(
    example_module: ExampleModule, container: Container, model: ModelServer
) -> None:
    example_module("whois", PAGE)
    model.reset(saying("It is this machine."))
    made = await result_of(ticket_of("whois"), container, model)
    assert "127.0.0.1" in made["addresses"]
    assert made["summary"] == "It is this machine."
    assert "127.0.0.1" in json.dumps(model.bodies[0])
    with pytest.raises(PermanentFailure, match="check its name"):
        await result_of(ticket_of("whois", {"host": "-"}), container, model)


def test_a_step_gets_only_what_its_type_needs() -> None:
    use = Dependencies({}, {}).provider(())
    with pytest.raises(TypeError, match="CallSizes"):
        use(CallSizes)


def run_with(site: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": f"{site}:{ROOT}"},
    )


def test_a_package_brings_a_type(tmp_path: Path, example_module: ExampleModule) -> None:
    example_module("weather", PAGE)  # whose module lies in tmp_path now
    install_type(tmp_path, "forecast", "weather:task_type")
    shown = run_with(
        tmp_path,
        "from shared.tasks.registry import find_task_type as find\n"
        "print(find('forecast').example, find('custom').offered_formats)",
    )
    assert shown.stdout == "{'place': 'Oslo'} ['json', 'md', 'html', 'docx']\n", shown.stderr


def test_an_entry_point_that_names_no_activity_stops_the_start(tmp_path: Path) -> None:
    install_type(tmp_path, "Not a name", "forecasts")
    shown = run_with(tmp_path, "import shared.tasks.registry")
    assert "SettingsError: The entry point Not a name" in shown.stderr


def test_flags_and_numbers_are_taken_as_nothing_else() -> None:
    """As the API description says: 0 is not false, and "5" no number."""
    wrong = {"boolean": [0, 1, "true", "no"], "integer": [True, "5", 2.5]}
    tried = 0
    for task_type in map(find_task_type, TASK_TYPES):
        for name, field in task_type.data.model_json_schema()["properties"].items():
            for kind in (each.get("type") for each in [field, *field.get("anyOf", [])]):
                for value in wrong.get(kind, []):
                    tried += 1
                    with pytest.raises(Invalid):
                        validate_model(task_type.data, {**task_type.example, name: value})
    assert tried > 10
