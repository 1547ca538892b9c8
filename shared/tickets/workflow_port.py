"""What tickets ask of the workflows that work on them, whatever runs these."""

from typing import Protocol

from shared.models import StoredTicket


class WorkflowClient(Protocol):
    """The workflows of all attempts at all tickets. Nothing here raises: what could not be done is
    done by the sweeper."""

    async def start(self, ticket: StoredTicket, *, swept: bool = False) -> None:
        """Start the workflow of a pending ticket; one that runs already is left alone. `swept` if a
        first start was lost."""

    async def signal(self, ticket: StoredTicket, *, is_submitted: bool = False) -> bool:
        """Tell the workflow of a ticket that waits that its files have changed, or that all of them
        are there; whether it could be told."""
        ...

    async def signal_answer(self, ticket: StoredTicket) -> bool:
        """Tell the workflow of a ticket that asked that the answer is there; whether it could be
        told."""
        ...

    async def terminate(self, ticket: StoredTicket) -> None:
        """End the workflow of a ticket that was cancelled; without this it ends at its next step,
        which changes nothing."""

    async def purge(self, ticket_id: str, attempts: int) -> bool:
        """End the workflows of a ticket that was deleted and remove their history; whether nothing
        is left of them."""
        ...
