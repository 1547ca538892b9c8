"""The product's parts over storage of a test's own, with a model and a GitHub under control."""

import secrets
from dataclasses import dataclass, field
from functools import partial

from shared.accounts.repository import Users
from shared.attachments.service import Attachments
from shared.attachments.store import AttachmentStore
from shared.clients.blobs import Container
from shared.clients.github.client import GitHubClient
from shared.clients.llm.client import ModelClient
from shared.clients.tables import Table
from shared.clients.upload_containers import UploadContainers
from shared.documents.extraction import Extractor, Limits
from shared.models import Role, StoredUser, now
from shared.settings.github import GitHubSettings
from shared.settings.model import ModelSettings
from shared.tasks.base import CallSizes
from shared.tasks.dependencies import Dependencies
from shared.tasks.signer import Signer
from shared.tickets.access import TicketAccess
from shared.tickets.answering import TicketAnswering
from shared.tickets.idempotency import IdempotencyKeys
from shared.tickets.intents import Intents, Purpose
from shared.tickets.listing.listing import TicketList
from shared.tickets.opening import TicketOpening
from shared.tickets.permissions import Permissions
from shared.tickets.repository import Tickets
from shared.tickets.results import TicketQueries
from shared.tickets.service import TicketService, Times
from shared.tickets.sweeper import Sweeper
from shared.tickets.workflow_port import WorkflowClient
from shared.workflow.activities import Activities
from shared.workflow.answer_cache import Answers
from tests.support.product.clock import MovedClock
from tests.support.servers.model import ModelServer

SWEEP_AFTER = 2.5
LINGER = 2.0


def model_settings(base_url: str, timeout: float) -> ModelSettings:
    return ModelSettings(
        base_url=base_url,
        api_key="key",
        uses_identity=False,
        deployment="grok-3",
        timeout=timeout,
        max_output_tokens=4096,
        first_wait=1,
        max_wait=1,
    )


def model_client(server: ModelServer, timeout: float = 20.0) -> ModelClient:
    return ModelClient(model_settings(server.base_url, timeout))


EXTRACTOR = Extractor(Limits())


def dependencies(
    chunk_tokens: int = 6_000,
    github: GitHubClient | None = None,
    batch_tokens: int = 12_000,
) -> Dependencies:
    """What tasks work with: real readers, and GitHub wherever a test has it, else nowhere."""
    made = (
        github or GitHubClient(GitHubSettings(api_url="http://127.0.0.1:9/api/v3")),
        EXTRACTOR,
        CallSizes(chunk_tokens=chunk_tokens, batch_tokens=batch_tokens),
        Signer("key"),
    )
    known = {f"{type(one).__module__}.{type(one).__qualname__}": one for one in made}
    return Dependencies({name: partial(_same, one) for name, one in known.items()}, {})


def _same(made: object) -> object:
    return made


@dataclass
class AppUnderTest:
    """The app's parts over one table and one container."""

    table: Table
    container: Container
    landing: UploadContainers
    model: ModelServer
    dependencies: Dependencies = field(default_factory=dependencies)

    clock: MovedClock = field(default_factory=MovedClock)

    def __post_init__(self) -> None:
        self.tickets = Tickets(self.table)
        self.intents = Intents(self.table)
        self.idempotency_keys = IdempotencyKeys(self.table, self.clock)
        self.users = Users(self.table, 0, self.clock)
        self.ticket_opening = self._opening(self.tickets)
        self.permissions = Permissions(self.users)
        self.ticket_access = TicketAccess(self.tickets, self.permissions)
        self.ticket_queries = TicketQueries(self.tickets, self.ticket_access, self.container)
        self.ticket_list = TicketList(
            table=self.table,
            tickets=self.tickets,
            queries=self.ticket_queries,
            permissions=self.permissions,
        )
        self.ticket_service = self._service(self.tickets, LINGER)
        self.attachments = Attachments(
            tickets=self.tickets,
            access=self.ticket_access,
            intents=self.intents,
            store=AttachmentStore(self.container),
            max_bytes=10_000_000,
            clock=self.clock,
        )
        self.ticket_answering = TicketAnswering(
            tickets=self.tickets,
            access=self.ticket_access,
            intents=self.intents,
            clock=self.clock,
        )
        self.activities = self._activities(self.tickets)

    def worker(self, step_seconds: float = 60) -> Activities:
        """The activities as another process would have them."""
        return self._activities(Tickets(self.table), step_seconds)

    def another_opening(self) -> TicketOpening:
        """The intake as another process would have it."""
        return self._opening(Tickets(self.table))

    def another_service(self, linger: float = LINGER) -> TicketService:
        """The changes as another process would make them."""
        return self._service(Tickets(self.table), linger)

    async def sweep(self, workflow: WorkflowClient) -> int:
        sweeper = Sweeper(
            tickets=self.tickets,
            intents=self.intents,
            others={
                Purpose.DELETE: self.ticket_service,
                Purpose.FILES: self.attachments,
                Purpose.ANSWER: self.ticket_answering,
            },
            sweep_after=SWEEP_AFTER,
            clock=self.clock,
        )
        return await sweeper.sweep(workflow)

    def _opening(self, tickets: Tickets) -> TicketOpening:
        return TicketOpening(
            tickets=tickets,
            keys=self.idempotency_keys,
            users=self.users,
            sweep_after=SWEEP_AFTER,
            clock=self.clock,
        )

    def _service(self, tickets: Tickets, linger: float) -> TicketService:
        times = Times(SWEEP_AFTER, linger)
        return TicketService(
            tickets=tickets,
            access=TicketAccess(tickets, self.permissions),
            container=self.container,
            users=self.users,
            landing=self.landing,
            times=times,
            clock=self.clock,
        )

    def _activities(self, tickets: Tickets, step_seconds: float = 60) -> Activities:
        client = model_client(self.model)
        answers = Answers(self.container, client, days=30)
        return Activities(
            tickets=tickets,
            container=self.container,
            model=client,
            answers=answers,
            dependencies=self.dependencies,
            intents=self.intents,
            step_seconds=step_seconds,
            quiet_seconds=0,
            answer_days=7,
        )


def user(role: Role = Role.USER) -> StoredUser:
    number = secrets.token_hex(8)
    return StoredUser(
        id=number,
        email=f"{number}@example.com",
        username=f"u{number}",
        role=role,
        created_at=now(),
        updated_at=now(),
        password_hash="none",
    )
