"""Questions to Snowflake, asked from plan to result over real storage, with a model under test."""

import json
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from starlette.responses import Response

from shared.attachments.store import AttachmentStore
from shared.charts.rendering import LIMITS, ChartRenderer, Pictures
from shared.clients.blobs import Container
from shared.models import AuditAction, Inquiry, Priority, StoredTicket, StoredUser
from shared.models.clock import Clock
from shared.tasks.base import Round, WorkContext
from shared.tasks.dependencies import Dependencies
from shared.tasks.registry import find_task_type
from shared.tickets.attempts import Attempt
from tests.support.product.app import model_client, user
from tests.support.servers.model import Body, ModelServer, completion
from tests.support.tasks.analyses import form_of, material

TODAY = datetime(2026, 6, 30, 12, tzinfo=UTC)
"""The last day of the sample sales."""

Json = dict[str, Any]
Insights = Callable[[Sequence[str], Body], list[Json]]
"""Given the facts, what the model says."""


class NoCharts(ChartRenderer):
    """For tests of anything else: drawing takes a second."""

    async def render(self, spec: Mapping[str, Any]) -> Pictures | None:
        return Pictures(b"<svg/>", b"png")


def all_facts(facts: Sequence[str], _: Body) -> list[Json]:
    """Each fact word for word."""
    return [insight(text, number) for number, text in enumerate(facts, 1)]


def insight(text: str, *facts: int, **numbers: str) -> Json:
    """`numbers`: value by formula."""
    return {
        "text": text,
        "facts": list(facts),
        "numbers": [{"formula": name, "value": value} for name, value in numbers.items()],
    }


@dataclass
class Writer:
    """A model that writes this SQL, one after the other (the last again and again), and these
    insights. What it was asked for SQL is in `asked`."""

    sql: Sequence[str] = ("SELECT 1 AS N",)
    readings: Sequence[tuple[str, str]] = ()
    insights: Insights = all_facts
    asked: list[str] = field(default_factory=list)

    def __call__(self, _: int, body: Body) -> Response:
        if form_of(body) == "SqlAnswer":
            self.asked.append(str(body["messages"][1]["content"]))
            sql = self.sql[min(len(self.asked), len(self.sql)) - 1]
            others = [{"question": question, "sql": other} for question, other in self.readings]
            return completion(json.dumps({"sql": sql, "other_readings": others}))
        said = self.insights(
            re.findall(r"^\[fact \d+\] (.*)$", material(body, "facts"), re.M), body
        )
        return completion(json.dumps({"insights": said}))


@dataclass
class Questions:
    """Where questions are asked. `audited` are the events that the steps have left."""

    container: Container
    model: ModelServer
    environment: Mapping[str, str]
    draws: bool = False
    now: datetime = TODAY
    department: str | None = None
    audited: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.writer = Writer()
        self.model.reset(self.writer)
        renderer = ChartRenderer(LIMITS) if self.draws else NoCharts(LIMITS)
        known = {"shared.charts.rendering.ChartRenderer": lambda: renderer}
        self.known = Dependencies(known, self.environment)
        self.task_type = find_task_type("snowflake_query")

    def ticket(self, question: str, **task_data: Any) -> StoredTicket:
        return StoredTicket(
            id=f"{'0' * 16}-{secrets.token_hex(11)}",
            title="T",
            description="",
            task_type="snowflake_query",
            priority=Priority.MEDIUM,
            task_data={"query_request": question, **task_data},
            created_by="0" * 16,
            created_at=self.now,
            updated_at=self.now,
        )

    def attempt(self, ticket: StoredTicket) -> Attempt:
        return Attempt(self.container, ticket.id, ticket.attempt)

    def context(
        self, ticket: StoredTicket, stage: str, answers: Sequence[Any] = ()
    ) -> WorkContext[Any]:
        async def report(done: int, total: int) -> None:
            """Nobody looks."""

        async def audit(action: AuditAction, _: str, values: Json) -> None:
            self.audited.append({"action": action.value, **values})

        async def find_owner() -> StoredUser:
            return user().model_copy(update={"given_department": self.department})

        attempt = self.attempt(ticket)
        return WorkContext(
            ticket=ticket,
            data=self.task_type.data.model_validate(ticket.task_data),
            stage=stage,
            artifacts=attempt,
            read_file=partial(AttachmentStore(self.container).read, ticket.id),
            report=report,
            use=self.known.provider(self.task_type.needs),
            model=model_client(self.model),
            record=attempt.record,
            audit=audit,
            clock=Clock(),
            answers=answers,
            find_owner=find_owner,
        )

    async def ask(self, question: str, answers: Sequence[str] = (), **task_data: Any) -> Json:
        """The result, or what the ticket asks. Raises StepError."""
        ticket = self.ticket(question, **task_data)
        await self.attempt(ticket).open()
        made = await self.task_type.first_round(self.context(ticket, "reading"))
        left = list(answers)
        while isinstance(made, Round):
            here = self.context(ticket, made.stage)
            outcomes = [(await self.task_type.do_work(here, item)).outcome for item in made.items]
            made = await self.task_type.combine(here, outcomes)
            if isinstance(made, Inquiry) and left:
                answered = self.context(ticket, here.stage, [left.pop(0)])
                made = await self.task_type.combine(answered, outcomes)
        found: Json = made.model_dump(mode="json")
        return found

    async def until(self, ticket: StoredTicket, stage: str) -> tuple[WorkContext[Any], list[Any]]:
        """The context and the items of the first round of this stage, which is left undone."""
        await self.attempt(ticket).open()
        made = await self.task_type.first_round(self.context(ticket, "reading"))
        while isinstance(made, Round) and made.stage != stage:
            here = self.context(ticket, made.stage)
            outcomes = [(await self.task_type.do_work(here, item)).outcome for item in made.items]
            made = await self.task_type.combine(here, outcomes)
        assert isinstance(made, Round), made
        return self.context(ticket, stage), made.items

    async def tell(self, sql: str, question: str = "What is it?", **task_data: Any) -> Json:
        """The result of SQL that the model writes."""
        self.writer.sql, self.writer.asked = (sql,), []
        return await self.ask(question, **task_data)


def texts(result: Json) -> list[str]:
    return [one["text"] for one in result["insights"]]
