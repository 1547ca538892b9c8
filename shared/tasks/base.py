"""What a task type is: a module with its models, its prompts beside it, and three functions.

`plan` says what pieces of work there are, `work` does one of them, and `combine` makes the result
of their outcomes, or asks for another round, which it tells by the stage. Only `work` may ask the
model: its outcome is stored, and an outcome that is there is never paid for twice, whereas `plan`
and `combine` may run again after a crash and must come to the same.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from pydantic import ConfigDict, Field

from shared.clients.llm.output import AnswerForm
from shared.models import Answer, Attachment, Model, Question, Record, StoredTicket

if TYPE_CHECKING:
    from shared.clients.github.client import GitHubClient
    from shared.documents.extract import Extract

T = TypeVar("T")
Item = dict[str, Any]


class TaskData(Model):
    """The `task_data` of a ticket. Unknown keys are kept and named in the result's warnings."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class Round(Model):
    """Pieces of work that can be done side by side.

    `items` are small (they pass through the workflow's history); texts go by blobs. `stage` is
    shown to people, and the round moves the percentage from `starts_at` to `ends_at`.
    """

    stage: str
    items: list[Item]
    starts_at: int = Field(default=5, ge=0, le=100)
    ends_at: int = Field(default=90, ge=0, le=100)


class Result(Model):
    """What every result has; the workflow adds `model`, `usage` and `formats`."""

    summary: str
    warnings: list[str] = []


class LanguageModel(Protocol):
    """The model client, as far as a task needs it."""

    @property
    def deployment(self) -> str: ...

    async def complete(
        self, form: AnswerForm[T], question: Question, record: Record
    ) -> Answer[T]: ...


class Artifacts(Protocol):
    """What an attempt keeps between its steps, JSON by name; keeping it again replaces it."""

    async def keep(self, name: str, value: Any) -> None: ...

    async def kept(self, name: str) -> Any:
        """None when there is nothing of that name."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What tasks work with, the same for all tickets. `chunk_tokens` and `batch_tokens` are how
    much of a document, or of a diff, goes into one call of the model; `sign` gives the signature of
    a text, in hex, that nobody else can make."""

    extract: Callable[[Attachment, bytes], Awaitable["Extract"]]
    github: "GitHubClient"
    chunk_tokens: int
    batch_tokens: int
    sign: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Context:
    """What a step may look at and leave behind. `stage` is that of its round; `read_file` gives the
    bytes of an attachment by its id, None when it has been removed; `report` shows people how many
    pieces of a long plan are done, of how many."""

    ticket: StoredTicket
    stage: str
    papers: Artifacts
    read_file: Callable[[str], Awaitable[bytes | None]]
    report: Callable[[int, int], Awaitable[None]]
    tools: Tools


@dataclass(frozen=True, slots=True)
class WorkContext(Context):
    """What a task may use while it works."""

    model: LanguageModel
    record: Record

    async def complete(self, form: AnswerForm[T], question: Question) -> T:
        """Ask the model; the call goes to the ticket's ledger. Raises StepError."""
        answer = await self.model.complete(form, question, self.record)
        return answer.value


class Task(Protocol):
    """A module of this package. `FORMATS` are those it offers beside json and md; `EXAMPLE` is a
    task_data that works; a ticket of a type that `NEEDS_FILES` is not begun without one; what the
    model answers to a type that `REUSES_ANSWERS` is not asked again for the same owner."""

    FORMATS: tuple[str, ...]
    NEEDS_FILES: bool
    REUSES_ANSWERS: bool
    EXAMPLE: dict[str, Any]
    TaskData: type[TaskData]
    plan: Callable[[Context], Awaitable[Round]]
    work: Callable[[WorkContext, Item], Awaitable[Model]]
    combine: Callable[[Context, Sequence[Any]], Awaitable[Round | Result]]
    render: Callable[[dict[str, Any], str], str | bytes]
    """The stored result in any of the forms but json; nothing active is left in it."""


def unknown_keys(data: TaskData) -> list[str]:
    """A warning for each key of the task_data that the task type does not know."""
    return [f"task_data.{key} is not known and was not used." for key in data.model_extra or {}]


def prompt(task_file: str, name: str) -> str:
    """The text of a prompt that lies beside its task module."""
    return (Path(task_file).parent / f"{name}.md").read_text(encoding="utf-8").strip()
