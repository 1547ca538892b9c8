"""Builds an answer that a JSON Schema accepts out of the sentences of a text.

It walks the schema: each string is a sentence, the next one for the next string; in an object that
holds a quote, word for word, the other strings say the same sentence, as objects within it do.
Names mean nothing to it but for courtesies: a property with `quote`, `verbatim` or `excerpt` in its
name is a quote, and one whose name labels a value in the text (`page 3`, `document="a.pdf"`) takes
the nearest one before. Where sentences are marked (`[claim 3] (fact) …`, `gap: …`), lists of that
name, and objects with a list of such numbers, are about those sentences, and an enum takes the
value that its mark says.
"""

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jsonschema.exceptions import SchemaError
from jsonschema.validators import Draft202012Validator, validator_for

from infra.local.model.compose import Schema, UnsatisfiableError, alternatives, flat, types
from infra.local.model.patterns import PatternError, shortest_match
from infra.local.model.source import Source
from infra.local.model.steps import Steps, TooManyStepsError

_USUAL_ITEMS = 3
_ITEMS_OF_LONG_TEXT = 6
_DEEPEST_RECURSION = 2
_MAX_LENGTH = 1_000_000
_FORMATS = {
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.org",
    "hostname": "example.org",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.org/",
    "url": "https://example.org/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


@dataclass(frozen=True)
class Place:
    """Where a value goes: the property's name, and the sentence it is to be about, if any."""

    name: str = ""
    sentence: int | None = None


def answer(schema: Schema, source: Source) -> Any:
    """A value that `schema` accepts, with strings from `source`; the same for the same arguments.

    Raises UnsatisfiableError when the schema is no valid one, accepts nothing, or asks for what
    this walk does not know (`not`, `contains`, `if`, references to elsewhere …).
    """
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise UnsatisfiableError(f"not a JSON Schema: {error.message}") from error
    steps = Steps()
    try:
        value = _Walk(schema, source, steps).value(schema, Place())
        for flaw in steps.bound(kind)(schema).iter_errors(value):
            raise UnsatisfiableError(f"no value found for {flaw.json_path}: {flaw.message}")
    except TooManyStepsError:
        raise UnsatisfiableError("the schema asks for too much") from None
    return value


class _Walk:
    def __init__(self, root: Schema, source: Source, steps: Steps) -> None:
        self._root = root
        self._steps = steps
        self._source = source
        self._next_sentence = 0
        self._open: Counter[str] = Counter()
        self._makers: dict[str, Callable[[Schema, Place], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._number,
            "number": self._number,
            "boolean": lambda schema, _: bool(schema.get("default", True)),
            "null": lambda schema, _: None,
        }

    def value(self, schema: Schema | bool, place: Place) -> Any:
        self._steps.take()
        if isinstance(schema, bool):
            schema = {} if schema else {"enum": []}
        if "$ref" in schema or "allOf" in schema:
            return self._composed(schema, place)
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._first_possible(alternatives(schema, word), place)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._one_of(schema["enum"], place)
        kinds = types(schema)
        if len(kinds) != 1:
            return self._first_possible([{**schema, "type": kind} for kind in kinds], place)
        return self._makers[kinds[0]](schema, place)

    def _composed(self, schema: Schema, place: Place) -> Any:
        key = repr((schema.get("$ref"), schema.get("allOf")))
        if self._open[key] >= _DEEPEST_RECURSION:
            raise UnsatisfiableError(
                f"{schema.get('$ref', 'allOf')} contains itself without an end"
            )
        self._open[key] += 1
        try:
            return self.value(flat(schema, self._root), place)
        finally:
            self._open[key] -= 1

    def _first_possible(self, options: list[Schema], place: Place) -> Any:
        refusals = []
        for option in sorted(options, key=lambda option: option.get("type") == "null"):
            try:
                return self.value(option, place)
            except UnsatisfiableError as error:
                refusals.append(str(error))
        raise UnsatisfiableError("; ".join(refusals) or "nothing to choose from")

    def _one_of(self, values: list[Any], place: Place) -> Any:
        some = [value for value in values if value is not None] or values
        if not some:
            raise UnsatisfiableError(f"nothing is allowed for {place.name or 'the answer'}")
        index = self._about(place)
        named = self._source.named(some, index)
        return some[index % len(some)] if named is None else named

    def _object(self, schema: Schema, place: Place) -> dict[str, Any]:
        properties: Schema = schema.get("properties", {})
        required = schema.get("required", [])
        sentence = self._subject(schema, place)
        made: dict[str, Any] = {}
        for name in [*properties, *(name for name in required if name not in properties)]:
            part: Schema | bool = properties.get(name, {})
            try:
                made[name] = self.value(part, Place(name, sentence))
            except UnsatisfiableError:
                if name in required:
                    raise
        open_to: Schema | bool = schema.get("additionalProperties", {})
        usual = 1 if isinstance(open_to, dict) and not properties else 0
        for number in range(1, schema.get("minProperties", usual) - len(made) + 1):
            made[f"key_{number}"] = self.value(open_to, Place())
        return made

    def _array(self, schema: Schema, place: Place) -> list[Any]:
        first = list(schema.get("prefixItems", []))
        rest = schema.get("items", True)
        least = schema.get("minItems", 0)
        usual = len(first) if rest is False else max(self._usual(rest, place), len(first), least)
        wanted = min(usual, schema.get("maxItems", usual))
        unique = schema.get("uniqueItems", False)
        alike = 0 if unique else max(least, len(first))
        made: list[Any] = []
        for _ in range(wanted + (len(self._source) if unique else wanted)):
            if len(made) == wanted:
                break
            part = first[len(made)] if len(made) < len(first) else rest
            try:
                sentence = None if made else place.sentence
                item = self.value(part, Place(place.name, self._marked(place.name, sentence)))
            except UnsatisfiableError:
                if len(made) < least:
                    raise
                break
            if item not in made or len(made) < alike:
                made.append(item)
        return made

    def _usual(self, items: Schema | bool, place: Place) -> int:
        """How many items a list has where the schema leaves it open."""
        one_is_enough = _is_quote(place.name) or self._is_integer(items) or self._is_object(items)
        if place.sentence is not None and one_is_enough:
            return 1
        return _ITEMS_OF_LONG_TEXT if self._source.is_long else _USUAL_ITEMS

    def _string(self, schema: Schema, place: Place) -> str:
        index = self._about(place)
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if least > _MAX_LENGTH:
            raise UnsatisfiableError(f"a text of {least} characters is too long")
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        if "pattern" in schema:
            return self._matching(schema["pattern"], index, least, most)
        if _is_quote(place.name):
            return self._source.quote(index, least, most)
        label = self._source.label(place.name, index) if place.name else None
        if label is not None and least <= len(label) <= (most or len(label)):
            return label
        return self._source.sentence(index, least, most)

    def _matching(self, pattern: str, index: int, least: int, most: int | None) -> str:
        sentence = self._source.sentence(index, least, most)
        check = Draft202012Validator({"pattern": pattern, "minLength": least})
        for candidate in (sentence, *sentence.split()):
            if check.is_valid(candidate):
                return candidate
        try:
            return shortest_match(pattern, least)
        except PatternError as error:
            raise UnsatisfiableError(f"pattern {pattern!r}: {error}") from error

    def _number(self, schema: Schema, place: Place) -> int | float:
        low = _first_of(schema, ("minimum", "exclusiveMinimum"), 0)
        high = _first_of(schema, ("maximum", "exclusiveMaximum"), low + 1)
        step = _first_of(schema, ("multipleOf",), 1)
        label = self._source.number(place.name, self._sentence_at(place)) if place.name else None
        multiples = (math.ceil(low / step), math.floor(low / step) + 1, math.floor(high / step))
        usual = (label, schema.get("default"), 1, low, high, (low + high) / 2)
        check = Draft202012Validator(schema)
        for number in (*usual, *(multiple * step for multiple in multiples)):
            if number is not None and check.is_valid(number):
                return int(number) if float(number).is_integer() else float(number)
        raise UnsatisfiableError(f"no number found for {place.name or 'the answer'}")

    def _sentence_at(self, place: Place) -> int:
        return self._next_sentence if place.sentence is None else place.sentence

    def _about(self, place: Place) -> int:
        """The sentence of `place`, or else the next one, which is then taken."""
        sentence = self._sentence_at(place)
        if place.sentence is None:
            self._next_sentence += 1
        return sentence

    def _subject(self, schema: Schema, place: Place) -> int | None:
        """The sentence that an object is about, if it has a quote, or a list of such numbers as
        sentences are marked with."""
        if self._holds_quote(schema, levels=1 if place.name else 0):
            return self._about(place)
        for name, part in schema.get("properties", {}).items():
            inner = flat(part, self._root) if isinstance(part, dict) else {}
            if self._is_integer(inner.get("items", True)):
                return self._marked(name, place.sentence)
        return place.sentence

    def _marked(self, name: str, sentence: int | None) -> int | None:
        """This sentence, or else the next one marked with `name`, if any, which is then taken."""
        if sentence is not None or not name:
            return sentence
        marked = self._source.marked(name, self._next_sentence)
        if marked is not None:
            self._next_sentence = marked + 1
        return marked

    def _is_integer(self, schema: Schema | bool) -> bool:
        return isinstance(schema, dict) and flat(schema, self._root).get("type") == "integer"

    def _is_object(self, schema: Schema | bool) -> bool:
        return isinstance(schema, dict) and flat(schema, self._root).get("type") == "object"

    def _holds_quote(self, schema: Schema, levels: int) -> bool:
        """Whether a property of the object is a quote, or of an object or list right inside it."""
        for name, part in schema.get("properties", {}).items():
            if _is_quote(name):
                return True
            inner = flat(part, self._root) if isinstance(part, dict) else {}
            if isinstance(inner.get("items"), dict):
                inner = flat(inner["items"], self._root)
            if levels and self._holds_quote(inner, levels - 1):
                return True
        return False


def _is_quote(name: str) -> bool:
    return any(word in name.lower() for word in ("quote", "verbatim", "excerpt"))


def _first_of(schema: Schema, keywords: tuple[str, ...], otherwise: float) -> float:
    return next((float(schema[word]) for word in keywords if word in schema), otherwise)
