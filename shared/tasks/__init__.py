"""The task types: one line each, and a module that is imported when its first ticket comes."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

from shared.errors import Invalid

if TYPE_CHECKING:
    from shared.tasks.base import Task

TASKS: dict[str, str] = {
    "custom": "shared.tasks.custom",
    "doc_analysis": "shared.tasks.doc_analysis",
    "pr_review": "shared.tasks.pr_review",
}


def task_of(task_type: str) -> "Task":
    """The module of a task type. Raises Invalid, naming the known types."""
    if task_type not in TASKS:
        known = ", ".join(sorted(TASKS))
        fault = {"loc": ["task_type"], "msg": f"must be one of: {known}", "type": "task_type"}
        raise Invalid(f"There is no such task type; the known ones are: {known}.", [fault])
    return cast("Task", import_module(TASKS[task_type]))
