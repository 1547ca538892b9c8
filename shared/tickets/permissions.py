"""Who may do what to which object: the one place that decides.

An owner may do everything with a ticket, an assignee reads it; a manager reads and reassigns the
tickets of his department; an admin may do everything. What a caller may not read does not exist
for him (404); what he may read but not do is refused (403).
"""

from enum import StrEnum
from typing import Protocol

from shared.errors import Forbidden, NotFound
from shared.models import Role, StoredTicket, User


class Right(StrEnum):
    """What can be done with a ticket; ATTACH is adding and removing files, uploads too."""

    READ = "read"
    REASSIGN = "reassign"
    EDIT = "edit"
    DELETE = "delete"
    CANCEL = "cancel"
    REPROCESS = "reprocess"
    SUBMIT = "submit"
    ATTACH = "attach files to"


_MANAGERS = {Right.READ, Right.REASSIGN}


class Directory(Protocol):
    """What must be known about users; an answer may be as old as the cache of users allows."""

    async def department_of(self, user_id: str) -> str | None: ...

    async def members_of(self, department: str) -> list[str]: ...


class Permissions:
    """Decides about tickets for callers."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def check(self, caller: User, ticket: StoredTicket, right: Right) -> None:
        """Raises NotFound, as if there were no such ticket, where `caller` may not read it, and
        Forbidden where he may, but has not this right.

        No storage call, but for a manager and a ticket of somebody else: then one, mostly cached.
        """
        if caller.role is Role.ADMIN or caller.id == ticket.created_by:
            return
        if right is Right.READ and caller.id == ticket.assigned_to:
            return
        manages = await self._manages(caller, ticket.created_by)
        if manages and right in _MANAGERS:
            return
        if manages or caller.id == ticket.assigned_to:
            raise Forbidden(f"You may read this ticket, but not {right.value} it.")
        raise NotFound("There is no such ticket.")

    async def owners(self, caller: User) -> frozenset[str] | None:
        """Whose tickets `caller` may list, beside those assigned to him; None for everybody's."""
        if caller.role is Role.ADMIN:
            return None
        if caller.role is Role.MANAGER and caller.department:
            members = await self._directory.members_of(caller.department)
            return frozenset({caller.id, *members})
        return frozenset({caller.id})

    async def _manages(self, caller: User, owner: str) -> bool:
        """An empty department is nobody's."""
        if caller.role is not Role.MANAGER or not caller.department:
            return False
        return caller.department == await self._directory.department_of(owner)
