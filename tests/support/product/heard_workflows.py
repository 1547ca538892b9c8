"""Workflows that a test only wants to hear of: what the platform would have been asked."""

from dataclasses import dataclass, field

from shared.errors import Unavailable
from shared.models import StoredTicket


@dataclass
class HeardWorkflows:
    """`is_purged` is whether nothing is left of a deleted ticket's; `refused` cannot be started;
    one that does not hear is not told of answers."""

    is_purged: bool = True
    refused: str = ""
    hears: bool = True
    started: list[StoredTicket] = field(default_factory=list)
    swept: list[str] = field(default_factory=list)
    answered: list[StoredTicket] = field(default_factory=list)

    async def start(self, ticket: StoredTicket, *, swept: bool = False) -> None:
        if ticket.id == self.refused:
            raise Unavailable("not now")
        self.started.append(ticket)
        self.swept += [ticket.id] * swept

    async def signal(self, ticket: StoredTicket, *, is_submitted: bool = False) -> bool:
        return True

    async def signal_answer(self, ticket: StoredTicket) -> bool:
        self.answered.append(ticket)
        return self.hears

    async def terminate(self, ticket: StoredTicket) -> None:
        return None

    async def purge(self, ticket_id: str, attempts: int) -> bool:
        return self.is_purged
