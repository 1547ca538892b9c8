"""A task run from plan to result, step after step, over real storage and a model under test."""

from typing import Any

from shared.app import toolbox
from shared.attachments.store import AttachmentStore
from shared.clients.blobs import Container
from shared.clients.github.client import GitHubClient
from shared.documents.extraction import Limits
from shared.models import StoredTicket
from shared.settings.github import GitHubSettings
from shared.tasks import base, task_of
from shared.tasks.base import Result, Round, Tools
from shared.tickets.attempts import Attempt
from tests.support.product.app import model_client
from tests.support.servers.model import ModelServer


async def result_of(
    ticket: StoredTicket, container: Container, model: ModelServer, given: Tools | None = None
) -> dict[str, Any]:
    """The result of a ticket, without what the workflow adds."""
    task, attempt, files = (
        task_of(ticket.task_type),
        Attempt(container, ticket.id, 1),
        AttachmentStore(container),
    )
    await attempt.open()

    async def read_file(attachment_id: str) -> bytes | None:
        return await files.read(ticket.id, attachment_id)

    async def report(done: int, total: int) -> None:
        """Nobody looks."""

    def context(stage: str) -> base.WorkContext:
        return base.WorkContext(
            ticket,
            stage,
            attempt,
            read_file,
            report,
            given or tools(),
            model_client(model),
            attempt.record,
        )

    made: Round | Result = await task.plan(context("reading"))
    while isinstance(made, Round):
        here = context(made.stage)
        outcomes = [(await task.work(here, item)).model_dump(mode="json") for item in made.items]
        made = await task.combine(here, outcomes)
    return made.model_dump(mode="json")


def tools() -> Tools:
    """Real readers, and a GitHub that is nowhere."""
    nowhere = GitHubClient(GitHubSettings(api_url="http://127.0.0.1:9/api/v3"))
    return toolbox.tools(nowhere, Limits(), 6_000, 12_000, "key")
