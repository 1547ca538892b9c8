"""Users' schemas: checked, never fetched from, and applied with bounded effort."""

import time
from typing import Any

import pytest

from shared.errors import BadSchema, SchemaMismatch
from shared.text import json_schema

PERSON = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"name": {"type": "string", "pattern": "^[A-Z]"}, "boss": {"$ref": "#"}},
    "required": ["name"],
}
DOUBLING = {
    "$ref": "#/$defs/d0",
    "$defs": {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(40)
    }
    | {"d40": False},
}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "nonsense"}, "not a JSON Schema: at type"),
        ({"type": "object", "properties": []}, "not a JSON Schema"),
        ({"required": "name"}, "not a JSON Schema"),
        ({"$ref": "https://example.com/schema.json"}, "only references within"),
        ({"properties": {"a": {"$ref": "file:///etc/passwd"}}}, "only references within"),
        ({"$ref": "other.json#/a"}, "only references within"),
        ({"$ref": "#/$defs/nowhere"}, "points to nothing"),
        ({"$ref": "#"}, "without end"),
        ({"$id": "https://example.com/", "type": "object"}, "not supported"),
        ({"$dynamicRef": "#x"}, "not supported"),
        ({"pattern": "(?<=a)b"}, "pattern is not supported"),
        ({"pattern": "("}, "pattern is not supported"),
        ({"patternProperties": {"^a": {}}}, "not supported"),
        (DOUBLING, "too many steps"),
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
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "array", "items": {}},
        {"properties": {"id": {"type": "string"}, "$ref": {"type": "string"}}},
        {"properties": {"patternProperties": {"type": "object"}}},
        {"$defs": {"id": {"type": "string"}}, "properties": {"id": {"$ref": "#/$defs/id"}}},
        {"enum": [{"$ref": "https://example.com"}]},
    ],
)
def test_a_usable_schema_passes(schema: dict[str, Any]) -> None:
    json_schema.check(schema)


def test_a_fault_is_told_by_place_and_rule_without_the_value() -> None:
    json_schema.validate({"name": "Ann", "boss": {"name": "Bob"}}, PERSON)
    with pytest.raises(SchemaMismatch) as misfit:
        json_schema.validate({"name": "Ann", "boss": {"name": "confidential"}}, PERSON)
    assert str(misfit.value) == "boss.name breaks pattern (^[A-Z])"
    with pytest.raises(SchemaMismatch, match=r"the top level breaks type \(object\)"):
        json_schema.validate("confidential", PERSON)


def test_a_pattern_cannot_occupy_the_process() -> None:
    begin = time.process_time()
    with pytest.raises(SchemaMismatch):
        json_schema.validate("a" * 5000 + "!", {"pattern": "^(a+)+$"})
    assert time.process_time() - begin < 2


def test_a_schema_moved_below_another_keeps_its_references() -> None:
    moved = json_schema.moved(PERSON, "#/properties/structured")
    whole = {"type": "object", "properties": {"structured": moved}}
    json_schema.validate({"structured": {"name": "Ann", "boss": {"name": "Bob"}}}, whole)
    with pytest.raises(SchemaMismatch, match=r"structured\.boss"):
        json_schema.validate({"structured": {"name": "Ann", "boss": {"name": "bob"}}}, whole)
    assert json_schema.moved({"enum": [{"$ref": "#/x"}]}, "#/y") == {"enum": [{"$ref": "#/x"}]}
