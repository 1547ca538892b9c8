"""Users' schemas: checked by their grammar, never fetched from, applied where it can be killed."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import BadSchema, SchemaMismatch
from shared.sandbox.runner import Limits
from shared.text import json_schema
from shared.text.json_schema_validation import compile_patterns, validate

PERSON = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "boss": {"$ref": "#"}},
    "required": ["name"],
}
DRAFT_07 = "http://json-schema.org/draft-07/schema#"
TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "allOf": [
                {"properties": {"next": {"$ref": "#/$defs/node"}}},
                {"properties": {"next": {"$ref": "#/$defs/node"}}},
            ]
        }
    },
}
"""Twice the work at each level of the value."""


def nested(depth: int) -> dict[str, Any]:
    return {"next": nested(depth - 1)} if depth else {}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "nonsense"}, "type must be the name of a type"),
        ({"type": "object", "properties": []}, "properties must be an object"),
        ({"required": "name"}, "required must be a list of names"),
        ({"minLength": -1}, "minLength must be a whole number"),
        ({"properties": {"a": {"items": [{}]}}}, "properties/a/items must be an object"),
        ({"allOf": []}, "allOf must be a list of schemas"),
        ({"$ref": "https://example.com/schema.json"}, "only references within"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "only references within"),
        ({"$ref": "other.json#/a"}, "only references within"),
        ({"$ref": "#anchor"}, "only references within"),
        ({"$ref": "#/$defs/nowhere"}, "points to nothing"),
        ({"$ref": "#/properties"}, "points to nothing"),
        ({"default": {"a": {}}, "$ref": "#/default/a"}, "points to nothing"),
        ({"$ref": "#"}, "without end"),
        ({"allOf": [{"anyOf": [{"$ref": "#"}]}]}, "without end"),
        ({"$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}, "without end"),
        ({"$id": "https://example.com/", "type": "object"}, "not supported"),
        ({"$dynamicRef": "#x"}, "not supported"),
        ({"patternProperties": {"^a": {}}}, "not supported"),
        ({"unevaluatedProperties": True}, "not supported"),
        ({"properties": {"example": {"patternProperties": {}}}}, "not supported"),
        ({"$defs": {"default": {"$ref": "http://127.0.0.1:1/a"}}}, "only references within"),
        ({"properties": {"properties": {"$ref": "data:,{}"}}}, "only references within"),
        ({"$schema": "http://127.0.0.1:1/dialect"}, "only https://json-schema.org"),
        ({"enum": 1}, "enum must be a list"),
        ({"anyOf": [{}] * 3_000}, "too large"),
        ({"items": {"pattern": "a" * 501}}, "up to 500 characters"),
        ({"anyOf": [{"pattern": "a"}] * 51}, "too many patterns"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(BadSchema, match=words.replace("$", r"\$")):
        json_schema.check(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        PERSON,
        {"$schema": DRAFT_07, "type": "array", "items": [{}, {"type": "string"}]},
        {"properties": {"id": {"type": "string"}, "$ref": {"type": "string"}}},
        {"properties": {"patternProperties": {"type": "object"}}},
        {"$defs": {"id": {"type": "string"}}, "properties": {"id": {"$ref": "#/$defs/id"}}},
        {"$defs": {"a/b c~": {}}, "items": {"$ref": "#/$defs/a~1b%20c~0"}},
        {"enum": [{"$ref": "https://example.com"}], "examples": [{"$id": "x"}]},
        {"const": {"$dynamicRef": "#"}, "default": {"patternProperties": 1}},
        TREE,
    ],
)
async def test_a_usable_schema_passes_and_can_be_applied(schema: dict[str, Any]) -> None:
    await compile_patterns(json_schema.check(schema))
    with suppress(SchemaMismatch):
        await validate({"name": "Ann"}, schema)


async def test_a_fault_is_told_by_place_and_rule_without_the_value() -> None:
    await validate({"name": "Ann", "boss": {"name": "Bob"}}, PERSON)
    with pytest.raises(SchemaMismatch) as misfit:
        await validate({"name": "Ann", "boss": {"name": "confidential"}}, PERSON)
    assert str(misfit.value) == "boss.name breaks pattern (^[A-Z])"
    with pytest.raises(SchemaMismatch, match=r"the top level breaks type \(object\)"):
        await validate("confidential", PERSON)


@pytest.mark.parametrize("pattern", ["(?<=a)b", "(", r"(a)\1", r"(\w{1000}){1000}"])
async def test_a_pattern_that_needs_another_engine_is_refused(pattern: str) -> None:
    with pytest.raises(BadSchema, match="pattern is not supported"):
        await compile_patterns(json_schema.check({"pattern": pattern}))


async def test_a_pattern_cannot_occupy_the_process() -> None:
    with pytest.raises(SchemaMismatch):
        await validate("a" * 5000 + "!", {"pattern": "^(a+)+$"})


async def test_endless_work_is_ended_while_the_loop_goes_on() -> None:
    json_schema.check(TREE)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1

    counting = asyncio.create_task(count_turns())
    with pytest.raises(BadSchema, match="takes too"):
        await validate(nested(60), TREE, Limits(seconds=1, megabytes=256))
    counting.cancel()
    assert turns > 10, "nothing of it ran on the loop"


def test_a_schema_moved_below_another_keeps_its_references() -> None:
    moved = json_schema.move_references(PERSON, "#/properties/structured")
    whole = {"type": "object", "properties": {"structured": moved}}
    json_schema.check(whole)
    assert moved["properties"]["boss"] == {"$ref": "#/properties/structured"}
    for kept in ({"enum": [{"$ref": "#/x"}]}, {"default": {"$ref": "#/x"}}):
        assert json_schema.move_references(kept, "#/y") == kept
    names = {"properties": {"$ref": {"type": "string"}, "enum": {"$ref": "#"}}}
    assert json_schema.move_references(names, "#/y")["properties"]["enum"] == {"$ref": "#/y"}


KEYWORDS = sorted(
    {
        *("type", "properties", "items", "allOf", "anyOf", "not", "$ref", "$defs", "default"),
        *("definitions", "pattern", "enum", "const", "examples", "$id", "$schema", "if", "then"),
        *("additionalProperties", "dependentSchemas", "prefixItems", "unevaluatedItems", "a"),
    }
)


def schemas(address: str) -> st.SearchStrategy[Any]:
    """Whatever has the look of a schema, with references of many kinds everywhere."""
    leaves = st.sampled_from(
        [address, f"{address}#/a", "#", "#/$defs/a", "#/items", "data:,{}", "object", "^a+$", 1, -1]
    )
    return st.recursive(
        leaves | st.booleans(),
        lambda parts: (
            st.lists(parts, max_size=3)
            | st.dictionaries(st.sampled_from(KEYWORDS), parts, max_size=4)
        ),
        max_leaves=25,
    )


@pytest.fixture(scope="module")
def listener() -> Iterator[socket.socket]:
    """A port at which nobody must ever knock."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


async def apply(schema: dict[str, Any]) -> None:
    with suppress(BadSchema, SchemaMismatch):
        await validate({"a": [1, {"a": "a"}]}, schema)


def test_no_schema_is_fetched_from_or_takes_long(listener: socket.socket) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/a"
    usable: list[dict[str, Any]] = []

    @settings(max_examples=400, deadline=None, derandomize=True)
    @given(st.dictionaries(st.sampled_from(KEYWORDS), schemas(address), max_size=4))
    def look(schema: dict[str, Any]) -> None:
        begin = time.thread_time()
        with suppress(BadSchema):
            json_schema.check(schema)
            usable.append(schema)
        assert time.thread_time() - begin < 1

    look()

    async def apply_some() -> None:
        await asyncio.gather(*map(apply, usable[:: max(1, len(usable) // 6)]))

    assert usable
    asyncio.run(apply_some())
    with pytest.raises(BlockingIOError):
        listener.accept()


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dictionaries(st.text(max_size=5), st.booleans(), max_size=5))
def test_any_name_may_be_that_of_a_property(properties: dict[str, bool]) -> None:
    schema = {"properties": properties, "$defs": properties}
    assert json_schema.check(schema) == []
    assert json_schema.move_references(json.loads(json.dumps(schema)), "#/x") == schema
