"""What the app asks of the platform for a ticket: to start its workflow, to tell it of files, to
stop it, to remove what is left of it."""

import logging
from typing import TYPE_CHECKING

import azure.durable_functions as df

from functions.composition import product
from shared.workflow.messages import EVENT, Signal

if TYPE_CHECKING:
    from shared.models import StoredTicket

log = logging.getLogger(__name__)

ORCHESTRATOR = "process_ticket"
_NONE = "No instance with ID"
"""How the SDK says that there is no such instance."""


async def start(client: df.DurableOrchestrationClient, ticket: "StoredTicket") -> None:
    """Start the workflow of a pending ticket; one that runs already is left alone.

    Raises nothing: the sweeper starts what could not be started here.
    """
    instance = f"{ticket.id}-{ticket.attempt}"
    try:
        await client.start_new(ORCHESTRATOR, instance, product().start_input(ticket))
    except Exception as error:  # The SDK has no exception of its own for any of this.
        if "already exists" not in str(error):
            log.exception("Ticket %s is not started yet; the sweeper will", ticket.id)


async def stop(client: df.DurableOrchestrationClient, ticket: "StoredTicket") -> None:
    """End the workflow of a ticket that was cancelled.

    Raises nothing: without this the workflow ends at its next step, which changes nothing.
    """
    try:
        await _terminate(client, f"{ticket.id}-{ticket.attempt}", "The ticket was cancelled.")
    except Exception:  # The SDK has no exception of its own for any of this.
        log.warning("The workflow of ticket %s is left to end by itself", ticket.id)


async def erase(client: df.DurableOrchestrationClient, ticket_id: str, attempts: int) -> bool:
    """End the workflows of a ticket that was deleted and remove their history; whether nothing is
    left of them. One that runs ends a moment after it was told to, and cannot be removed before.

    Raises nothing: the sweeper calls again.
    """
    gone = True
    for attempt in range(1, attempts + 1):
        instance = f"{ticket_id}-{attempt}"
        try:
            if await _terminate(client, instance, "The ticket was deleted."):
                await client.purge_instance_history(instance)
        except Exception:  # The SDK has no exception of its own for any of this.
            log.info("Attempt %d at ticket %s is left to the sweeper", attempt, ticket_id)
            gone = False
    return gone


async def _terminate(client: df.DurableOrchestrationClient, instance: str, reason: str) -> bool:
    """Whether there is such an instance; it ends a moment later."""
    try:
        await client.terminate(instance, reason)
    except Exception as error:
        if _NONE in str(error):
            return False
        raise
    return True


async def tell(
    client: df.DurableOrchestrationClient, ticket: "StoredTicket", signal: Signal = Signal.CHANGED
) -> bool:
    """Tell the workflow of a ticket that waits about its files; whether it could be told."""
    instance = f"{ticket.id}-{ticket.attempt}"
    try:
        await client.raise_event(instance, EVENT, signal.value)
    except Exception:  # The SDK has no exception of its own for any of this.
        log.warning("Ticket %s is not told of its files yet; the sweeper will", ticket.id)
        await start(client, ticket)  # It may have given up waiting just now.
        return False
    return True
