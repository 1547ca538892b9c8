"""Task type `custom`: whatever the requester describes, in Markdown, and on request as JSON of a
form that the requester's own schema describes."""

from typing import Annotated, Any

from pydantic import AfterValidator, SerializerFunctionWrapHandler, model_serializer

from shared.clients.llm.output import AnswerForm, of_model, of_schema
from shared.errors import BadSchema
from shared.models import Model, Question, Sparse, Words
from shared.tasks import base
from shared.tasks.dependencies import Provider
from shared.tasks.task_data import MAX_REQUEST
from shared.text import json_schema
from shared.text.json_schema_validation import compile_patterns
from shared.text.markdown import inert
from shared.text.strict_json import dumps

_MAX_SCHEMA = 64 * 1024
_STRUCTURED = "- `structured`: the same result as data, in the form that its schema asks for."


def _usable(schema: dict[str, Any]) -> dict[str, Any]:
    if len(dumps(schema)) > _MAX_SCHEMA:  # All of it goes into the question.
        raise ValueError(f"must have at most {_MAX_SCHEMA} bytes")
    try:
        json_schema.check(schema)
    except BadSchema as error:
        raise ValueError(str(error)) from None
    return schema


class TaskData(base.TaskData):
    max_tokens = {"task_description": 16_000, "instructions": MAX_REQUEST, "context": 80_000}

    task_description: Words
    instructions: str | None = None
    context: str | None = None
    output_schema: Annotated[dict[str, Any], AfterValidator(_usable)] | None = None


async def find_fault(data: TaskData, _: Provider) -> base.DataFault | None:
    """A pattern of the schema that cannot be used is only known once it is compiled."""
    if data.output_schema is None:
        return None
    try:
        await compile_patterns(json_schema.check(data.output_schema))
    except BadSchema as error:
        return base.DataFault(key="output_schema", text=f"{error}.")
    return None


class Answer(Model):
    """The model's answer."""

    summary: str
    task_result: str


class Result(base.Result, Sparse):
    """`structured` is there when an output_schema was given, which it fits."""

    left_out = ("structured",)

    task_result: str
    structured: Any = None

    @model_serializer(mode="wrap")
    def _leave_out_unset(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        values: dict[str, Any] = serialize(self)
        if "structured" not in self.model_fields_set:
            del values["structured"]
        return values


async def do_task(context: base.WorkContext[TaskData]) -> Result:
    form, question = _form(context.data), _question(context.data)
    answer = await context.complete(form, question, shown="task_result")
    return Result.model_validate(answer, from_attributes=True)


def to_markdown(result: Result) -> str:
    return f"{inert(result.task_result)}\n"


task_type = base.TaskType(
    data=TaskData,
    result=Result,
    example={
        "task_description": "Summarise this note for the management in five sentences.",
        "instructions": "Plain words, no adjectives.",
        "context": "The text of the note …",
    },
    formats={"md": to_markdown},
    work=do_task,
    find_fault=find_fault,
)


def _form(data: TaskData) -> AnswerForm[Any]:
    if data.output_schema is None:
        return of_model(Answer)
    properties = {
        "summary": {"type": "string"},
        "task_result": {"type": "string"},
        "structured": json_schema.move_references(data.output_schema, "#/properties/structured"),
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
    system = base.read_prompt(__file__, "custom")
    if data.output_schema is not None:
        system = f"{system}\n{_STRUCTURED}"
    user = f"# Task\n{data.show('task_description')}"
    if data.instructions:
        user += f"\n\n# Instructions\n{data.show('instructions')}"
    return Question(system, user, {"context": data.show("context")} if data.context else {})
