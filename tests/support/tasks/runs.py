"""A task run from plan to result, step after step, over real storage and a model under test."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from shared.attachments.store import AttachmentStore
from shared.clients.blobs import Container
from shared.models import AuditAction, Priority, StoredTicket
from shared.models.clock import Clock
from shared.tasks.base import Round, WorkContext
from shared.tasks.dependencies import Dependencies
from shared.tasks.registry import find_task_type
from shared.tickets.attempts import Attempt
from tests.support.product.app import model_client
from tests.support.product.clock import now
from tests.support.servers.model import ModelServer


def ticket_of(task_type: str, task_data: Mapping[str, Any] | None = None) -> StoredTicket:
    """A ticket of this type, as its example says unless told otherwise."""
    example = find_task_type(task_type).example
    return StoredTicket(
        id=f"{'0' * 16}-{'0' * 22}",
        title="T",
        description="",
        task_type=task_type,
        priority=Priority.MEDIUM,
        task_data={**example, **(task_data or {})},
        created_by="0" * 16,
        created_at=now(),
        updated_at=now(),
    )


async def result_of(
    ticket: StoredTicket,
    container: Container,
    model: ModelServer,
    environment: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The result of a ticket, without what the workflow adds."""
    task_type, attempt = find_task_type(ticket.task_type), Attempt(container, ticket.id, 1)
    known = Dependencies({}, environment or {})
    await attempt.open()

    async def report(done: int, total: int) -> None:
        """Nobody looks."""

    async def audit(action: AuditAction, description: str, values: dict[str, Any]) -> None:
        """Nobody reads it."""

    def context(stage: str) -> WorkContext[Any]:
        return WorkContext(
            ticket=ticket,
            data=task_type.data.model_validate(ticket.task_data),
            stage=stage,
            artifacts=attempt,
            read_file=partial(AttachmentStore(container).read, ticket.id),
            report=report,
            use=known.provider(task_type.needs),
            model=model_client(model),
            record=attempt.record,
            audit=audit,
            clock=Clock(),
        )

    made = await task_type.first_round(context("reading"))
    while isinstance(made, Round):
        here = context(made.stage)
        outcomes = [(await task_type.do_work(here, item)).outcome for item in made.items]
        made = await task_type.combine(here, outcomes)
    result: dict[str, Any] = made.model_dump(mode="json")
    return result
