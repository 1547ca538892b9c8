"""The JSON Schemas of the models that endpoints name, with their shared parts as components."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core.core_schema import EnumSchema

from functions.endpoints import Endpoint
from shared.tasks.typed_tickets import Empty, TypedTickets

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

PROBLEMS = ("ProblemDetails", "InvalidDetails", "TooManyDetails")
_REF = "#/components/schemas/{model}"
BINARY: Json = {"type": "string", "format": "binary"}
_FILES = {"binary": BINARY, "list[binary]": {"type": "array", "items": BINARY, "minItems": 1}}


class _PlainNames(GenerateJsonSchema):
    def normalize_name(self, name: str) -> str:
        """Models of the same name are told apart by their package: `PrReviewFinding`."""
        package, _, model = name.rpartition(".")
        words = re.split(r"[._]", package.removeprefix("shared.tasks.").removesuffix(".models"))
        return super().normalize_name("".join(word.title() for word in words) + model)

    def enum_schema(self, schema: EnumSchema) -> Json:
        """Values that are no names have those of their members beside them."""
        described = super().enum_schema(schema)
        if all(str(value).isidentifier() for value in described.get("enum", ())):
            return described
        return described | {"x-enum-varnames": [member.name for member in schema["members"]]}

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class Schemas:
    """Those of all models that `endpoints` name; `components` are what they refer to."""

    def __init__(self, endpoints: Iterable[Endpoint], tickets: TypedTickets) -> None:
        named = {pair for endpoint in endpoints for pair in _name_models(endpoint)}
        named |= {(name, "serialization") for name in PROBLEMS}
        self._special = {
            "NewTicket": tickets.new_ticket,
            "Ticket": tickets.ticket,
            "TicketPage": tickets.ticket_page,
            "TicketsQuery": tickets.tickets_query,
            "Result": tickets.result,
        }
        inputs: list[tuple[Any, Mode, TypeAdapter[Any]]] = [
            *((name, mode, TypeAdapter(self._annotate(name))) for name, mode in sorted(named)),
            *((model, "validation", TypeAdapter(model)) for model in tickets.data.values()),
        ]
        self._schemas, shared = TypeAdapter.json_schemas(
            inputs, ref_template=_REF, schema_generator=_PlainNames
        )
        self.components: Json = shared.get("$defs", {})
        queries = {endpoint.described.get("query", "") for endpoint in endpoints}
        self._queries = {name: self.components.pop(name) for name in queries if name}
        for component in self.components.values():
            _simplify_component(component)
        self._type_task_data(tickets)

    def make_request_schema(self, name: str) -> Json:
        """The schema of what a request may hold."""
        return _FILES.get(name) or self._schemas[(name, "validation")]

    def make_answer_schema(self, name: str) -> Json:
        """The schema of what an answer holds."""
        return self._schemas[(name, "serialization")]

    def resolve(self, ref: str) -> Json:
        """The component that is referred to."""
        component: Json = self.components[ref.rpartition("/")[2]]
        return component

    def query(self, name: str) -> Iterator[Json]:
        """The parameters that the model of a query stands for."""
        if not name:
            return
        model = self._queries[name]
        for parameter, schema in model["properties"].items():
            required = parameter in model.get("required", ())
            # An empty value is none.
            least = {"minLength": 1} if required and schema.get("type") == "string" else {}
            yield {
                "name": parameter,
                "in": "query",
                "required": required,
                "allowEmptyValue": not required,
                "schema": _without_null(schema) | least,
            }

    def _type_task_data(self, tickets: TypedTickets) -> None:
        """A ticket answers its task_data as it was sent, without what it left out."""
        kinds = self.components["Ticket"]["discriminator"]["mapping"]
        for task_type, ref in kinds.items():
            ticket = self.resolve(ref)
            sent = self._schemas[(tickets.data[task_type], "validation")]
            empty = {"$ref": _REF.format(model=Empty.__name__)}
            ticket["properties"]["task_data"] = {"anyOf": [sent, empty]}

    def _annotate(self, name: str) -> Any:
        """The type that a name in `Described` stands for."""
        if name in self._special:
            return self._special[name]
        if " | " in name:
            return reduce(or_, map(self._annotate, name.split(" | ")))
        if name.startswith("list["):
            return list[self._annotate(name[5:-1])]  # type: ignore[misc]
        if name.startswith("dict[str, "):
            return dict[str, self._annotate(name[10:-1])]  # type: ignore[misc]
        module, _, model = name.rpartition(".")
        return getattr(import_module(module or "shared.models"), model)


def _simplify_component(component: Json) -> None:
    """Without a title, and with defaults in words: to some generators of clients a title is a name,
    and a field with a default is one that must be sent."""
    component.pop("title", None)
    for name, field in component.get("properties", {}).items():
        default = field.pop("default", None)
        if default and name not in component.get("required", ()):
            told = f"{field.get('description', '')} Without it: {json.dumps(default)}."
            field["description"] = told.strip()


def _without_null(schema: Json) -> Json:
    """A query has no null: what may be missing is left out."""
    rest = {k: v for k, v in schema.items() if k != "anyOf" and (k, v) != ("default", None)}
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    return rest | (options[0] if len(options) == 1 else {"anyOf": options} if options else {})


def _name_models(endpoint: Endpoint) -> Iterator[tuple[str, Mode]]:
    described = endpoint.described
    taken = (described.get("body"), described.get("form"), described.get("query"))
    for name in (*taken, *described.get("multipart", {}).values()):
        if name and name not in _FILES:
            yield name, "validation"
    for name in (described.get("answer"), *described.get("responses", {}).values()):
        if name:
            yield name, "serialization"
