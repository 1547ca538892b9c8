"""Task type `custom`: whatever the requester describes, in Markdown, and on request as JSON of a
form that the requester's own schema describes."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import AfterValidator

from shared.clients.llm.output import AnswerForm, of_model, of_schema
from shared.errors import BadSchema
from shared.models import Model, Question, Words
from shared.tasks import base
from shared.text import json_schema
from shared.text.markdown import inert

FORMATS: tuple[str, ...] = ()
NEEDS_FILES = False
REUSES_ANSWERS = False
EXAMPLE: dict[str, Any] = {
    "task_description": "Summarise this note for the management in five sentences.",
    "instructions": "Plain words, no adjectives.",
    "context": "The text of the note …",
}

_STRUCTURED = "- `structured`: the same result as data, in the form that its schema asks for."


def _usable(schema: dict[str, Any]) -> dict[str, Any]:
    try:
        json_schema.check(schema)
    except BadSchema as error:
        raise ValueError(str(error)) from None
    return schema


class TaskData(base.TaskData):
    task_description: Words
    instructions: str | None = None
    context: str | None = None
    output_schema: Annotated[dict[str, Any], AfterValidator(_usable)] | None = None


class Work(Model):
    """The model's answer."""

    summary: str
    task_result: str


class StructuredWork(Work):
    structured: Any


class Result(base.Result):
    task_result: str


class StructuredResult(Result):
    """`structured` fits the output_schema."""

    structured: Any


async def plan(context: base.Context) -> base.Round:
    return base.Round(stage="working", items=[{}])


async def work(context: base.WorkContext, item: base.Item) -> Work:
    data = TaskData.model_validate(context.ticket.task_data)
    answer = await context.complete(_form(data), _question(data))
    return answer if isinstance(answer, Work) else StructuredWork.model_validate(answer)


async def combine(context: base.Context, outcomes: Sequence[Any]) -> base.Result:
    data = TaskData.model_validate(context.ticket.task_data)
    result = Result if data.output_schema is None else StructuredResult
    return result(**outcomes[0], warnings=base.unknown_keys(data))


def render(result: dict[str, Any], form: str) -> str:
    return f"{inert(result['task_result'])}\n"


def _form(data: TaskData) -> AnswerForm[Any]:
    if data.output_schema is None:
        return of_model(Work)
    properties = {
        "summary": {"type": "string"},
        "task_result": {"type": "string"},
        "structured": json_schema.moved(data.output_schema, "#/properties/structured"),
    }
    dialect = data.output_schema.get("$schema")
    schema = {
        **({"$schema": dialect} if dialect else {}),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return of_schema(schema)


def _question(data: TaskData) -> Question:
    system = base.prompt(__file__, "custom")
    if data.output_schema is not None:
        system = f"{system}\n{_STRUCTURED}"
    user = f"# Task\n{data.task_description}"
    if data.instructions:
        user += f"\n\n# Instructions\n{data.instructions}"
    return Question(system, user, {"context": data.context} if data.context else {})
