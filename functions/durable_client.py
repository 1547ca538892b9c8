"""Workflows of tickets, as the platform runs them: the one implementation of `WorkflowClient`."""

import logging
from typing import TYPE_CHECKING

import azure.durable_functions as df
from opentelemetry.trace import SpanKind

from functions.composition import product
from shared.telemetry.names import SpanName
from shared.telemetry.scope import facts_of, scope_of
from shared.telemetry.spans import carry, span
from shared.workflow.messages import EVENT, Signal, answer_event

if TYPE_CHECKING:
    from shared.models import StoredTicket

log = logging.getLogger(__name__)

ORCHESTRATOR = "process_ticket"
_NONE = "No instance with ID"
"""How the SDK says that there is no such instance. It has no exception of its own for anything."""


class DurableWorkflow:
    """The instances `{ticket}-{attempt}` of one task hub, behind the client of an invocation."""

    def __init__(self, client: df.DurableOrchestrationClient) -> None:
        self._client = client

    async def start(self, ticket: "StoredTicket", *, swept: bool = False) -> None:
        try:
            with scope_of(facts_of(ticket)), span(SpanName.START, kind=SpanKind.PRODUCER):
                given = {**product().start_input(ticket), "trace": carry()}
                if swept:
                    given["swept"] = True
                await self._client.start_new(ORCHESTRATOR, _instance(ticket), given)
        except Exception as error:
            if "already exists" not in str(error):
                log.exception("Ticket %s is not started yet; the sweeper will", ticket.id)

    async def signal(self, ticket: "StoredTicket", *, is_submitted: bool = False) -> bool:
        signal = Signal.SUBMITTED if is_submitted else Signal.CHANGED
        try:
            await self._client.raise_event(_instance(ticket), EVENT, signal.value)
        except Exception:
            log.warning("Ticket %s is not told of its files yet; the sweeper will", ticket.id)
            await self.start(ticket)  # It may have given up waiting just now.
            return False
        return True

    async def signal_answer(self, ticket: "StoredTicket") -> bool:
        try:
            await self._client.raise_event(_instance(ticket), answer_event(ticket.inquiry), True)
        except Exception:
            log.warning("Ticket %s is not told of its answer yet; the sweeper will", ticket.id)
            return False
        return True

    async def terminate(self, ticket: "StoredTicket") -> None:
        try:
            await self._terminate(_instance(ticket), "The ticket was cancelled.")
        except Exception:
            log.warning("The workflow of ticket %s is left to end by itself", ticket.id)

    async def purge(self, ticket_id: str, attempts: int) -> bool:
        """One that runs ends a moment after it was told to, and cannot be removed before."""
        gone = True
        for attempt in range(1, attempts + 1):
            instance = f"{ticket_id}-{attempt}"
            try:
                if await self._terminate(instance, "The ticket was deleted."):
                    await self._client.purge_instance_history(instance)
            except Exception:
                log.info("Attempt %d at ticket %s is left to the sweeper", attempt, ticket_id)
                gone = False
        return gone

    async def _terminate(self, instance: str, reason: str) -> bool:
        """Whether there is such an instance; it ends a moment later."""
        try:
            await self._client.terminate(instance, reason)
        except Exception as error:
            if _NONE in str(error):
                return False
            raise
        return True


def _instance(ticket: "StoredTicket") -> str:
    return f"{ticket.id}-{ticket.attempt}"
