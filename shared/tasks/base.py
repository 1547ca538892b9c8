"""What a task type is: an object with its task_data, its result, and stages that say by their
annotations what passes between them.

A plan says what pieces of work the first stage has; `work` does one of them; what is put after a
stage (`then`) makes the result of its outcomes, or the round of another stage. Only `work` may ask
the model: its outcome is stored, and an outcome that is there is never paid for twice, whereas the
others may run again after a crash and must come to the same.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar, get_type_hints

from pydantic import Field

from shared.clients.llm.output import AnswerForm
from shared.models import (
    Attachment,
    AuditAction,
    Inquiry,
    Model,
    Question,
    Record,
    StoredTicket,
    StoredUser,
)
from shared.models.clock import Clock
from shared.tasks.artifacts import Artifacts as Artifacts
from shared.tasks.artifacts import Keep as Keep
from shared.tasks.audience import NOBODY, Audience
from shared.tasks.calling import Returned, call_function
from shared.tasks.calling import wait_for as wait_for
from shared.tasks.defaults import (
    check_no_requester,
    check_text_answer,
    find_no_owner,
)
from shared.tasks.dependencies import Provider
from shared.tasks.language_model import LanguageModel
from shared.tasks.stored_models import dump_model
from shared.tasks.task_data import TaskData as TaskData

T = TypeVar("T")
_ONE_STEP = "working"
_BASIC_FORMATS = ("json", "md", "html", "docx")


class Result(Model):
    """What every result has; the workflow adds `model`, `usage` and `formats`, and a warning for
    each key of the task_data that is not known or of which not all could be used."""

    summary: str
    warnings: list[str] = []


class DataFault(Model):
    """What is wrong with the value of a key of task_data, in words that follow the key."""

    key: str
    text: str


class NoItem(Model):
    """The item of a stage that has a single piece of work."""


D = TypeVar("D", bound=TaskData)
I = TypeVar("I", bound=Model)  # noqa: E741
O = TypeVar("O", bound=Model)  # noqa: E741
R = TypeVar("R", bound=Result)


class Round(Model):
    """Pieces of work that can be done side by side, made by `Stage.round`.

    `items` are small (they pass through the workflow's history); texts go by artifacts. `stage` is
    shown to people, and the round moves the percentage from `starts_at` to `ends_at`.
    """

    stage: str = Field(max_length=100)
    items: list[dict[str, Any]]
    starts_at: int = Field(default=5, ge=0, le=100)
    ends_at: int = Field(default=90, ge=0, le=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Generic[D]):
    """What a step may look at and leave behind. `data` is the ticket's task_data, `stage` that of
    its round; `use` gives one of the type's `needs`; `read_file` gives the bytes of an attachment
    by its id, None when it has been removed; `report` shows people how many pieces of a long plan
    are done, of how many. `answers` are those of people to what this step has asked so far;
    `earlier` is what the attempt before this one has kept, None for the first; `find_owner` tells
    the ticket's owner, as they are now; `waits_left` for how many seconds the
    ticket may still be made to wait for each service outside, by its name."""

    ticket: StoredTicket
    data: D
    stage: str
    artifacts: Artifacts
    read_file: Callable[[str], Awaitable[bytes | None]]
    report: Callable[[int, int], Awaitable[None]]
    use: Provider
    answers: Sequence[Any] = ()
    earlier: Artifacts | None = None
    find_owner: Callable[[], Awaitable[StoredUser | None]] = find_no_owner
    waits_left: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkContext(Context[D]):
    """What a task may use while it works. `audit` leaves an event with these values in the
    ticket's audit trail, each time that it is called."""

    model: LanguageModel
    record: Record
    audit: Callable[[AuditAction, str, dict[str, Any]], Awaitable[None]]
    clock: Clock
    audience: Audience = NOBODY

    async def complete(self, form: AnswerForm[T], question: Question, *, shown: str = "") -> T:
        """Ask the model; the call goes to the ticket's ledger. The field of the answer that is to
        be `shown` is, as it comes. Raises StepError."""
        listener = self.audience.listener(shown) if shown else None
        answer = await self.model.complete(form, question, self.record, listener)
        return answer.value


class NamedOutcome(NamedTuple):
    """The outcome of a piece of work as JSON, and what people call the piece; mostly nothing."""

    outcome: Any
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[D, R]):
    """A stage with what follows it, over plain JSON: as items and outcomes are stored."""

    name: str
    work: Callable[[WorkContext[D], Any], Awaitable[NamedOutcome]]
    combine: Callable[[Context[D], Sequence[Any]], Awaitable[Round | Inquiry | R]]


@dataclass(frozen=True, slots=True)
class Stage(Generic[D, I, O]):
    """Pieces of work of one kind. `name` is shown to people, and with it, of a piece that is done,
    what `name_outcome` calls it; `work` says by its annotations what it takes and makes, both of
    which are models."""

    name: str
    work: Callable[[WorkContext[D], I], Returned[O]]
    name_outcome: Callable[[O], str] = lambda _: ""

    def round(self, items: Iterable[I], *, starts_at: int = 5, ends_at: int = 90) -> Round:
        """One round of this stage."""
        given = [*map(dump_model, items)]
        return Round(stage=self.name, items=given, starts_at=starts_at, ends_at=ends_at)

    def then(
        self, combine: Callable[[Context[D], Sequence[O]], Returned[Round | Inquiry | R]]
    ) -> Step[D, R]:
        """This stage, followed by what makes a result of its outcomes, in the order of their items,
        or another round."""
        hints = get_type_hints(self.work)
        outcome_model: type[O] = hints.pop("return")
        *_, item_model = hints.values()

        async def work(context: WorkContext[D], item: Any) -> NamedOutcome:
            outcome = await call_function(self.work, context, item_model.model_validate(item))
            return NamedOutcome(dump_model(outcome), self.name_outcome(outcome))

        async def after(context: Context[D], outcomes: Sequence[Any]) -> Round | Inquiry | R:
            known = list(map(outcome_model.model_validate, outcomes))
            return await call_function(combine, context, known)

        return Step(name=self.name, work=work, combine=after)


@dataclass(frozen=True, kw_only=True)
class TaskType(Generic[D, R]):
    """A task type, which lies in its module as `task_type`.

    `data` and `result` are models; `example` is a task_data that works. `formats` render the result
    in each form that the type offers beside json: `md` is one, from which html and docx are made
    unless they are others; nothing active is left in any.

    A type of one step has a `work` alone. Any other has a `plan`, which makes the first round, and
    `stages`, each with what follows it. These may be plain functions, see `shared.tasks.calling`.

    `needs` are classes of what its steps `use`. `find_fault` tells with them what is wrong with
    valid task_data when a ticket is opened. `partial` makes what there is of a result from what the
    current attempt has kept, also while it runs and after it ended without one. `misses_files`
    tells whether a ticket with this task_data and files of these names must wait for another file
    before it is begun. What the model answers to a type that `reuses_answers` is not asked again
    for the same owner.

    A plan, and what follows a stage, may return an Inquiry to ask the people that the ticket is
    for; it runs again with their answers in its context. `check_answer` raises ValueError for an
    answer that does not fit; its text says what is wanted. `check_requester` raises Forbidden for a
    user who may not open or repeat a ticket of the type with such task_data; `saved_formats` are
    forms of the result that its steps save (`saved_formats.save_format`).
    """

    data: type[D]
    result: type[R]
    example: dict[str, Any]
    formats: Mapping[str, Callable[[R], str | bytes]]
    work: Callable[[WorkContext[D]], Returned[R]] | None = None
    plan: Callable[[Context[D]], Returned[Round | Inquiry]] | None = None
    stages: Sequence[Step[D, R]] = ()
    needs: Sequence[type] = ()
    misses_files: Callable[[D, Sequence[str]], bool] | None = None
    find_fault: Callable[[D, Provider], Returned[DataFault | None]] | None = None
    partial: Callable[[StoredTicket, D, Artifacts], Returned[R | None]] | None = None
    reuses_answers: bool = False
    check_answer: Callable[[D, Inquiry, Any], None] = check_text_answer
    check_requester: Callable[[StoredUser, D, Provider], None] = check_no_requester
    saved_formats: Sequence[str] = ()

    @property
    def offered_formats(self) -> list[str]:
        """Every form in which a result can be had."""
        return list(dict.fromkeys([*_BASIC_FORMATS, *self.formats, *self.saved_formats]))

    @property
    def is_single(self) -> bool:
        """Whether it has one piece of work, whose outcome is the result."""
        return self.work is not None

    async def first_round(self, context: Context[D]) -> Round | Inquiry:
        """Raises StepError."""
        if self.plan is None:
            return Round(stage=_ONE_STEP, items=[{}])
        return await call_function(self.plan, context)

    async def do_work(self, context: WorkContext[D], item: Any) -> NamedOutcome:
        """Raises StepError."""
        return await self._step(context.stage).work(context, item)

    async def combine(self, context: Context[D], outcomes: Sequence[Any]) -> Round | Inquiry | R:
        """The result of the outcomes of a round, or the next round. Raises StepError."""
        made = await self._step(context.stage).combine(context, outcomes)
        if isinstance(made, Round | Inquiry):
            return made
        warnings = [*context.data.find_warnings(), *made.warnings]
        return made.model_copy(update={"warnings": warnings})

    async def assemble_partial(
        self, ticket: StoredTicket, artifacts: Artifacts
    ) -> dict[str, Any] | None:
        """What there is of a result, as JSON; None where there is nothing of it, or the type makes
        none before its end."""
        if self.partial is None:
            return None
        data = self.data.model_validate(ticket.task_data)
        made = await call_function(self.partial, ticket, data, artifacts)
        formats = {"formats": self.offered_formats}
        return None if made is None else made.model_dump(mode="json") | formats

    def must_wait(self, task_data: dict[str, Any], files: Iterable[Attachment]) -> bool:
        """Whether a ticket with valid `task_data` waits for another file."""
        if self.misses_files is None:
            return False
        names = [file.filename for file in files]
        return self.misses_files(self.data.model_validate(task_data), names)

    def render(self, result_data: dict[str, Any], form: str) -> str | bytes:
        """A stored result in one of the `formats`."""
        return self.formats[form](self.result.model_validate(result_data))

    def _step(self, stage: str) -> Step[D, R]:
        if self.work is not None:
            return _single_step(self.work, self.result)
        return {step.name: step for step in self.stages}[stage]


def _single_step(work: Callable[[WorkContext[D]], Returned[R]], result: type[R]) -> Step[D, R]:
    """The only stage of a type of one step, whose outcome is the result."""

    async def work_once(context: WorkContext[D], _: Any) -> NamedOutcome:
        return NamedOutcome(dump_model(await call_function(work, context)))

    async def pass_on(_: Context[D], outcomes: Sequence[Any]) -> Round | Inquiry | R:
        return result.model_validate(outcomes[0])

    return Step(name=_ONE_STEP, work=work_once, combine=pass_on)


@cache
def read_prompt(task_file: str, name: str) -> str:
    """The text of a prompt that lies beside its task module."""
    return (Path(task_file).parent / f"{name}.md").read_text(encoding="utf-8").strip()
