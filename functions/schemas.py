"""The JSON Schemas of the models that endpoints name, with their shared parts as components."""

from collections.abc import Iterable, Iterator
from functools import reduce
from importlib import import_module
from operator import or_
from typing import Any, Literal

from pydantic import TypeAdapter, create_model

from functions.endpoints import Endpoint
from shared.models import NewTicket, TicketsQuery
from shared.tasks.registry import TASK_TYPES, find_task_type

Json = dict[str, Any]
Mode = Literal["validation", "serialization"]

PROBLEMS = ("ProblemDetails", "InvalidDetails", "TooManyDetails")
_REF = "#/components/schemas/{model}"
_BINARY: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
_FILES = {"binary": _BINARY, "list[binary]": {"type": "array", "items": _BINARY, "minItems": 1}}


class Schemas:
    """Those of all models that `endpoints` name; `components` are what they refer to."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        named = {pair for endpoint in endpoints for pair in _name_models(endpoint)}
        named |= {(name, "serialization") for name in PROBLEMS}
        inputs = [(name, mode, TypeAdapter(annotation(name))) for name, mode in sorted(named)]
        self._schemas, shared = TypeAdapter.json_schemas(inputs, ref_template=_REF)
        self.components: Json = shared.get("$defs", {})

    def make_request_schema(self, name: str) -> Json:
        """The schema of what a request may hold."""
        return _FILES.get(name) or self._schemas[(name, "validation")]

    def make_answer_schema(self, name: str) -> Json:
        """The schema of what an answer holds."""
        return self._schemas[(name, "serialization")]

    def query(self, name: str) -> Iterator[Json]:
        """The parameters that the model of a query stands for."""
        if not name:
            return
        model = self.components[self.make_request_schema(name)["$ref"].rpartition("/")[2]]
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


def annotation(name: str) -> Any:
    """The type that a name in `Described` stands for."""
    if " | " in name:
        return reduce(or_, map(annotation, name.split(" | ")))
    if name.startswith("list["):
        return list[annotation(name[5:-1])]  # type: ignore[misc]
    if name.startswith("dict[str, "):
        return dict[str, annotation(name[10:-1])]  # type: ignore[misc]
    if name == "NewTicket":
        return reduce(or_, map(new_ticket, TASK_TYPES))
    if name == "TicketsQuery":
        return tickets_query()
    module, _, model = name.rpartition(".")
    return getattr(import_module(module or "shared.models"), model)


def new_ticket(task_type: str) -> type[NewTicket]:
    """A new ticket of one task type, whose `task_data` is known."""
    name = task_type.title().replace("_", "")
    data: Any = create_model(f"{name}TaskData", __base__=find_task_type(task_type).data)
    needed = any(field.is_required() for field in data.model_fields.values())
    fields: Any = {
        "task_type": (Literal[task_type], ...),
        "task_data": (data, ... if needed else {}),
    }
    made: type[NewTicket] = create_model(f"New{name}Ticket", __base__=NewTicket, **fields)
    return made


def tickets_query() -> type[TicketsQuery]:
    """The filters of tickets, whose task types are known."""
    task_type: Any = (Literal[tuple(TASK_TYPES)] | None, None)
    return create_model("TicketsQuery", __base__=TicketsQuery, task_type=task_type)


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
