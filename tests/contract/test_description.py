"""The API description: valid OpenAPI 3.1, complete, and made of what the app really does."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from functions.endpoints import PREFIX, route_of
from tests.support.hosts.process import ROOT
from tests.support.running_app import RunningApp, custom

JsonObject = dict[str, Any]
FILES = "/tickets/{ticket_id}/attachments"


@pytest.fixture(scope="module")
def description(running_app: RunningApp) -> JsonObject:
    answer = running_app.api.get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: JsonObject = answer.json()
    return found


@pytest.fixture(scope="module")
def fits(description: JsonObject) -> Callable[[str, Any], None]:
    """Fails for a value that is not as the schema of this name says."""

    def check(name: str, value: Any) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": description["components"]}
        Draft202012Validator(schema).validate(value)

    return check


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


def test_tickets_are_told_apart_by_their_task_type(
    running_app: RunningApp, description: JsonObject
) -> None:
    schemas = description["components"]["schemas"]
    types = running_app.api.get("/task-types").json()
    enabled = {name for name, about in types.items() if about["enabled"]}
    assert enabled != set(types)  # No warehouse is set up here.
    # A ticket of a type that is not set up is answered all the same: it has failed.
    for name, known in (("TicketCreate", enabled), ("Ticket", set(types))):
        assert schemas[name]["discriminator"]["propertyName"] == "task_type"
        kinds = schemas[name]["discriminator"]["mapping"]
        assert set(kinds) == known
        assert [one["$ref"] for one in schemas[name]["oneOf"]] == list(kinds.values())
    custom = schemas["CustomTicketCreate"]["properties"]["task_data"]["$ref"]
    data = schemas[custom.rpartition("/")[2]]
    assert "output_schema" in data["properties"]
    assert data["required"] == ["task_description"]


def test_files_are_bytes_and_other_media_have_a_type(
    operations: dict[tuple[str, str], JsonObject],
) -> None:
    binary = {"type": "string", "format": "binary"}
    for (verb, path), name in ((("POST", "/tickets"), "files"), (("POST", FILES), "file")):
        parts = operations[verb, path]["requestBody"]["content"]["multipart/form-data"]
        assert parts["schema"]["properties"][name]["items"] == binary
    download = operations["GET", f"{FILES}/{{attachment_id}}"]["responses"]
    for status in ("200", "206"):
        assert download[status]["content"]["application/octet-stream"]["schema"] == binary
    for route, operation in operations.items():
        for answer in operation["responses"].values():
            assert all(content["schema"] for content in answer.get("content", {}).values()), route


def test_values_that_are_no_names_have_some(description: JsonObject) -> None:
    kinds = description["components"]["schemas"]["LineKind"]
    assert kinds["enum"] == [" ", "+", "-"]
    assert kinds["x-enum-varnames"] == ["CONTEXT", "ADDED", "REMOVED"]


def test_a_ticket_of_every_status_fits(
    running_app: RunningApp, fits: Callable[[str, Any], None]
) -> None:
    bodies = [
        {"title": "W", "task_type": "doc_analysis", "task_data": {"strange": 1}},
        {"title": "F", "task_type": "snowflake_query", "task_data": {"query_request": "How many?"}},
        custom(context="x" * 200_000),
    ]
    waiting, failing, long = [running_app.api.post("/tickets", json=body).json() for body in bodies]
    fits("Ticket", waiting)
    assert waiting["status"] == "pending"
    fits("Ticket", failed := running_app.until_ended(failing["id"]))
    assert failed["status"] == "failed"
    fits("Ticket", completed := running_app.until_ended(long["id"]))
    assert completed["status"] == "completed"
    fits("Ticket", running_app.api.post(f"/tickets/{waiting['id']}/cancel").json())
    fits("CustomResult", running_app.api.get(f"/tickets/{long['id']}/result").json())
    fits("TicketPage", page := running_app.api.get("/tickets").json())
    assert page["tickets"][0]["shortened"] == ["task_data"]


def test_what_is_always_sent_is_required(running_app: RunningApp, description: JsonObject) -> None:
    schemas = description["components"]["schemas"]
    ticket = running_app.run()
    assert set(schemas["User"]["required"]) == set(running_app.api.get("/users/me").json())
    assert set(schemas["CustomTicket"]["required"]) == set(ticket)
    assert set(schemas["CustomResult"]["required"]) == set(ticket["result_data"])
    assert set(schemas["Progress"]["required"]) == set(ticket["progress"])


def test_bodies_have_examples(description: JsonObject) -> None:
    fields = description["components"]["schemas"]["Registration"]["properties"]
    assert fields["email"]["examples"] == ["ada@example.com"]
    assert all(fields[name]["examples"] for name in ("username", "password"))


def test_the_examples_work(
    running_app: RunningApp, description: JsonObject, fits: Callable[[str, Any], None]
) -> None:
    schemas = description["components"]["schemas"]
    body = description["paths"]["/tickets"]["post"]["requestBody"]["content"]["application/json"]
    for name, ref in schemas["TicketCreate"]["discriminator"]["mapping"].items():
        [example] = schemas[ref.rpartition("/")[2]]["examples"]
        assert body["examples"][name]["value"] == example
        answer = running_app.api.post("/tickets", json=example)
        assert answer.status_code == 201, answer.text
        fits("Ticket", answer.json())


def test_signing_in_is_described(description: JsonObject) -> None:
    schemes = description["components"]["securitySchemes"]
    assert schemes["bearer"] == {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    flow = schemes["password"]["flows"]["password"]
    assert flow["tokenUrl"] == f"{PREFIX}/auth/login"
