"""What must hold of a ticket's values, whoever sets them."""

from contextlib import suppress
from typing import Any

from shared.accounts.repository import Users
from shared.errors import Invalid, PermanentFailure
from shared.models import StoredUser, validate_model
from shared.tasks.calling import call_function
from shared.tasks.dependencies import Dependencies
from shared.tasks.registry import find_task_type
from shared.telemetry.names import Attribute
from shared.telemetry.scope import scope_of


async def check_task_data(
    task_type: str, task_data: dict[str, Any], dependencies: Dependencies
) -> None:
    """`dependencies` are what the task type may look at. Raises Invalid."""
    found = find_task_type(task_type)
    data = validate_model(found.data, task_data, at=("task_data",))
    if found.find_fault is None:
        return
    use = dependencies.provider(found.needs)
    with scope_of({Attribute.TASK_TYPE: task_type}):
        fault = await call_function(found.find_fault, data, use)
    if fault:
        error = {"loc": ["task_data", fault.key], "msg": fault.text, "type": "task_data"}
        raise Invalid(f"task_data.{fault.key}: {fault.text}", [error])


def check_requester(
    task_type: str, task_data: dict[str, Any], user: StoredUser, dependencies: Dependencies
) -> None:
    """Raises Invalid, and Forbidden unless this user may ask for the type with this task_data. Of
    one that is not set up everybody may: its tickets fail with a sentence that says so."""
    known = find_task_type(task_type)
    data = validate_model(known.data, task_data, at=("task_data",))
    with suppress(PermanentFailure):
        known.check_requester(user, data, dependencies.provider(known.needs))


async def check_assignee(users: Users, user_id: str | None) -> None:
    """Raises Invalid unless this is an active user, or nobody."""
    if user_id is None:
        return
    user = await users.recent(user_id)
    if user is None or not user.is_active:
        fault = {"loc": ["assigned_to"], "msg": "must be an active user", "type": "assigned_to"}
        raise Invalid("assigned_to: there is no active user with this id.", [fault])
