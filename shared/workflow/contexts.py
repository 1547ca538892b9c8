"""What each step of a task type is given: its ticket, its artifacts, and what it may use."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, TypedDict

from shared.accounts.repository import Users
from shared.attachments.store import AttachmentStore
from shared.audit.chain import Actor, Draft
from shared.clients.blobs import Container
from shared.models import AuditAction, StoredTicket, StoredUser
from shared.models.clock import Clock
from shared.quotas.token_budgets import TokenBudgets
from shared.tasks.base import Artifacts, Context, TaskData, TaskType, WorkContext
from shared.tasks.dependencies import Dependencies, Provider
from shared.tasks.language_model import LanguageModel
from shared.tickets.attempts import Attempt
from shared.tickets.repository import Tickets
from shared.workflow.answer_cache import Answers
from shared.workflow.bookkeeping import Bookkeeping
from shared.workflow.budgeted_model import BudgetedModel
from shared.workflow.messages import AttemptRef
from shared.workflow.metering import Metering
from shared.workflow.partial_texts import PartialTexts
from shared.workflow.progress import ProgressWriter

_TaskType = TaskType[Any, Any]


class _Fields(TypedDict):
    """What every context has."""

    ticket: StoredTicket
    data: TaskData
    stage: str
    artifacts: Artifacts
    read_file: Callable[[str], Coroutine[Any, Any, bytes | None]]
    report: Callable[[int, int], Coroutine[Any, Any, None]]
    use: Provider
    find_owner: Callable[[], Coroutine[Any, Any, StoredUser | None]]
    earlier: Artifacts | None
    waits_left: Mapping[str, float]


class Contexts:
    """Makes the contexts of steps."""

    def __init__(
        self,
        *,
        tickets: Tickets,
        users: Users,
        container: Container,
        model: LanguageModel,
        answers: Answers,
        dependencies: Dependencies,
        progress: ProgressWriter,
        metering: Metering,
        books: Bookkeeping,
        budgets: TokenBudgets,
        partial_texts: PartialTexts,
        max_waits: Mapping[str, float],
        clock: Clock,
    ) -> None:
        self._tickets = tickets
        self._users = users
        self._container = container
        self._files = AttachmentStore(container)
        self._model = model
        self._answers = answers
        self._dependencies = dependencies
        self._progress = progress
        self._metering = metering
        self._books = books
        self._max_waits = max_waits
        self._budgets = budgets
        self._partial_texts = partial_texts
        self._clock = clock

    def context(
        self,
        task_type: _TaskType,
        ticket: StoredTicket,
        ref: AttemptRef,
        stage: str,
        *,
        artifacts: Artifacts,
        answers: Sequence[Any],
    ) -> Context[Any]:
        """Of a plan, or of what follows a stage; `answers` are those to what it has asked."""
        return Context(**self._fields(task_type, ticket, ref, stage, artifacts), answers=answers)

    def work_context(
        self,
        task_type: _TaskType,
        ticket: StoredTicket,
        ref: AttemptRef,
        stage: str,
        artifacts: Artifacts,
    ) -> WorkContext[Any]:
        """Of a piece of work."""

        async def audit(action: AuditAction, description: str, values: dict[str, Any]) -> None:
            draft = Draft(action, Actor(), description, metadata=values)
            await self._tickets.note(ticket.id, draft, self._clock.now())

        model: LanguageModel = BudgetedModel(self._model, self._budgets, ticket)
        if task_type.reuses_answers:
            model = self._answers.of(ticket.created_by, model)
        return WorkContext(
            **self._fields(task_type, ticket, ref, stage, artifacts),
            model=model,
            record=self._metering.of(ticket, partial(self._books.book, ref)),
            audit=audit,
            clock=self._clock,
            audience=self._partial_texts.audience(ref),
        )

    def remember_answers(self, task_type: _TaskType) -> bool:
        """Whether what the model has answered costs nothing when it is asked once more."""
        return task_type.reuses_answers and self._answers.is_on

    def _fields(
        self,
        task_type: _TaskType,
        ticket: StoredTicket,
        ref: AttemptRef,
        stage: str,
        artifacts: Artifacts,
    ) -> _Fields:
        async def report(done: int, total: int) -> None:
            await self._progress.show_plan(ref, stage, done, total)

        return _Fields(
            ticket=ticket,
            data=task_type.data.model_validate(ticket.task_data),
            stage=stage,
            artifacts=artifacts,
            read_file=partial(self._files.read, ticket.id),
            report=report,
            use=self._dependencies.provider(task_type.needs),
            find_owner=partial(self._users.recent, ticket.created_by),
            earlier=self._earlier(ref),
            waits_left=self._waits_left(ref),
        )

    def _waits_left(self, ref: AttemptRef) -> dict[str, float]:
        spent = ref.get("spent", {})
        return {name: limit - spent.get(name, 0.0) for name, limit in self._max_waits.items()}

    def _earlier(self, ref: AttemptRef) -> Attempt | None:
        number = ref["attempt"] - 1
        return Attempt(self._container, ref["ticket_id"], number) if number else None
