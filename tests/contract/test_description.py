"""The API description: valid OpenAPI 3.1, complete, and made of what the app really does."""

import json
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.endpoints import PREFIX, route_of
from shared.tasks.registry import TASK_TYPES
from tests.support.hosts.process import ROOT
from tests.support.running_app import RunningApp

JsonObject = dict[str, Any]


@pytest.fixture(scope="module")
def description(running_app: RunningApp) -> JsonObject:
    answer = running_app.api.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: JsonObject = answer.json()
    return found


@pytest.fixture(scope="module")
def operations(description: JsonObject) -> dict[tuple[str, str], JsonObject]:
    return {
        (verb.upper(), path): operation
        for path, item in description["paths"].items()
        for verb, operation in item.items()
    }


def test_it_is_valid(description: JsonObject) -> None:
    assert description["openapi"].startswith("3.1")
    assert description["info"]["version"]
    OpenAPIV31SpecValidator(description).validate()


def test_it_has_every_route_and_no_other(
    running_app: RunningApp, operations: dict[tuple[str, str], JsonObject]
) -> None:
    lines = [line for line in running_app.host.log.splitlines() if f"] {PREFIX}/" in line]
    served = {
        (verb, line.partition(PREFIX)[2])
        for line in lines
        for verb in line.partition("[")[2].partition("]")[0].split(",")
    }
    heads = {(verb, path) for verb, path in served if verb == "HEAD"}
    assert {path for _, path in heads} == {path for verb, path in served if verb == "GET"}
    unknown = ("any", "/{*token}")
    assert lines[-1].endswith(f"[any] {PREFIX}{unknown[1]}"), "the host asks it last"
    served -= {*heads, unknown}
    assert ("GET", "/health") in served
    assert {(verb, f"/{route_of(path[1:])}") for verb, path in operations} == served


def test_the_prefix_is_the_platforms(description: JsonObject) -> None:
    host = json.loads((ROOT / "host.json").read_text())
    assert f"/{host['extensions']['http']['routePrefix']}" == PREFIX
    assert description["servers"] == [{"url": PREFIX}]


def test_every_operation_is_described(operations: dict[tuple[str, str], JsonObject]) -> None:
    names = [operation["operationId"] for operation in operations.values()]
    assert len(names) == len(set(names))
    for route, operation in operations.items():
        assert operation["summary"], route
        success = [
            code for code in operation["responses"] if code.startswith("2") and code != "206"
        ]
        assert len(success) == 1, route
        answer = operation["responses"][success[0]]
        assert ("content" in answer) == (success[0] != "204"), route


def test_what_needs_no_token_says_so(
    running_app: RunningApp, operations: dict[tuple[str, str], JsonObject]
) -> None:
    for (verb, path), operation in operations.items():
        answer = running_app.host.client.request(verb, f"{PREFIX}{path}")
        assert (answer.status_code == 401) == bool(operation["security"]), (verb, path)
        assert ("401" in operation["responses"]) or not operation["security"]


def test_errors_have_their_form_and_headers(description: JsonObject) -> None:
    responses = description["components"]["responses"]
    for code, response in responses.items():
        [(kind, content)] = response["content"].items()
        assert kind == "application/problem+json"
        model = {"422": "InvalidDetails", "429": "TooManyDetails"}.get(code, "ProblemDetails")
        assert content["schema"]["$ref"].endswith(f"/{model}")
    assert "WWW-Authenticate" in responses["401"]["headers"]
    assert "Retry-After" in responses["503"]["headers"]


def test_each_task_type_has_its_schema_and_an_example(description: JsonObject) -> None:
    body = description["paths"]["/tickets"]["post"]["requestBody"]["content"]["application/json"]
    assert set(body["examples"]) == set(TASK_TYPES)
    schemas = description["components"]["schemas"]
    kinds = {
        model["properties"]["task_type"]["const"]: model["properties"]["task_data"]
        for model in schemas.values()
        if "const" in model.get("properties", {}).get("task_type", {})
    }
    assert set(kinds) == set(TASK_TYPES)
    custom = schemas[kinds["custom"]["$ref"].rpartition("/")[2]]
    assert "output_schema" in custom["properties"]
    assert custom["required"] == ["task_description"]


def test_bodies_have_examples(description: JsonObject) -> None:
    fields = description["components"]["schemas"]["Registration"]["properties"]
    assert fields["email"]["examples"] == ["ada@example.com"]
    assert all(fields[name]["examples"] for name in ("username", "password"))


def test_the_examples_work(running_app: RunningApp, description: JsonObject) -> None:
    body = description["paths"]["/tickets"]["post"]["requestBody"]["content"]["application/json"]
    for example in body["examples"].values():
        answer = running_app.api.post("/tickets", json=example["value"])
        assert answer.status_code == 201, answer.text


def test_signing_in_is_described(description: JsonObject) -> None:
    schemes = description["components"]["securitySchemes"]
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    flow = schemes["password"]["flows"]["password"]
    assert flow["tokenUrl"] == f"{PREFIX}/auth/login"
