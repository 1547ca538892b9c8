"""One chat completion: the request validated, the answer made, cut and counted."""

import json
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from infra.local.model import MODEL, author
from infra.local.model.analyst import number_claims
from infra.local.model.compose import UnsatisfiableError
from infra.local.model.schema import answer
from infra.local.model.source import Source

_CHARACTERS_A_TOKEN = 4
_EXTRACT_SENTENCES = 5


class InvalidRequestError(Exception):
    """The request cannot be answered; `param` names the part that is to blame."""

    def __init__(self, message: str, param: str) -> None:
        super().__init__(message)
        self.param = param


class TextPart(BaseModel):
    """A part of a message; other kinds than text are refused rather than passed over."""

    type: Literal["text"]
    text: str


class Message(BaseModel):
    """What a role said; a null content is that of an assistant who called tools."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[TextPart] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class NamedSchema(BaseModel):
    """The schema of a structured answer."""

    model_config = ConfigDict(populate_by_name=True)

    name: str
    schema_: dict[str, Any] = Field(alias="schema")


class SchemaFormat(BaseModel):
    """`response_format` with a schema."""

    type: Literal["json_schema"]
    json_schema: NamedSchema


class PlainFormat(BaseModel):
    """`response_format` without one."""

    type: Literal["text", "json_object"]


class StreamOptions(BaseModel):
    """What a stream ends with."""

    include_usage: bool = False


class Request(BaseModel):
    """The body of a chat completion request; what is not named here has no effect."""

    model: str = Field(min_length=1)
    messages: list[Message] = Field(min_length=1)
    response_format: Annotated[SchemaFormat | PlainFormat, Field(discriminator="type")] = Field(
        default_factory=lambda: PlainFormat(type="text")
    )
    max_tokens: int | None = Field(default=None, ge=1)
    max_completion_tokens: int | None = Field(default=None, ge=1)
    n: Literal[1] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tool_choice: Literal["none", "auto"] | None = None

    @property
    def schema_name(self) -> str | None:
        wanted = self.response_format
        return wanted.json_schema.name if isinstance(wanted, SchemaFormat) else None


@dataclass(frozen=True)
class Completion:
    """An answer with what the protocol tells about it."""

    id: str
    content: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int

    @property
    def usage(self) -> dict[str, int]:
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }

    def envelope(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        """What every object of the protocol has around its choices."""
        return {"id": self.id, "object": kind, "created": 0, "model": MODEL, "choices": choices}


def parse(body: bytes) -> Request:
    """The request in `body`; raises InvalidRequestError."""
    try:
        return Request.model_validate_json(body)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "body"
        raise InvalidRequestError(f"{place}: {first['msg']}", place) from error


def complete(request: Request, digest: str) -> Completion:
    """The answer to `request`, whose id derives from `digest`; raises InvalidRequestError."""
    source = Source("\n\n".join(said.text for said in request.messages if said.role == "user"))
    content = _content(request, source)
    limits = [limit for limit in (request.max_tokens, request.max_completion_tokens) if limit]
    room = min(limits, default=len(content)) * _CHARACTERS_A_TOKEN
    return Completion(
        id=f"chatcmpl-{digest[:24]}",
        content=content[:room],
        finish_reason="stop" if len(content) <= room else "length",
        prompt_tokens=_tokens("".join(said.text for said in request.messages)),
        completion_tokens=_tokens(content[:room]),
    )


def _content(request: Request, source: Source) -> str:
    wanted = request.response_format
    if wanted.type == "text":
        return _extract(source)
    if isinstance(wanted, PlainFormat):
        points = [
            source.sentence(index) for index in range(1, min(len(source), _EXTRACT_SENTENCES))
        ]
        return json.dumps({"summary": source.sentence(0), "points": points}, ensure_ascii=False)
    said = "\n\n".join(one.text for one in request.messages if one.role == "user")
    try:
        paper = author.write(wanted.json_schema.name, said)
        made = paper or number_claims(
            wanted.json_schema.name, answer(wanted.json_schema.schema_, source)
        )
    except UnsatisfiableError as error:
        raise InvalidRequestError(str(error), "response_format.json_schema.schema") from error
    return json.dumps(made, ensure_ascii=False)


def _extract(source: Source) -> str:
    lines = [f"- {source.sentence(index)}" for index in range(min(len(source), _EXTRACT_SENTENCES))]
    return "\n".join(["## Extract", "", "The text says, in its own words:", "", *lines, ""])


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_A_TOKEN)
