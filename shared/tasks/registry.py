"""The task types by name; the module of one is imported when its first ticket comes.

A package outside this repository brings a type by an entry point of the group `amida.task_types`:
its name is the task type, its value `module` or `module:attribute`, where a TaskType lies.
"""

import re
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.errors import Invalid, SettingsError

if TYPE_CHECKING:
    from shared.tasks.base import TaskType

_GROUP = "amida.task_types"
_ATTRIBUTE = "task_type"

_BUILT_IN = {
    "custom": "shared.tasks.custom",
    "doc_analysis": "shared.tasks.doc_analysis",
    "paper_writing": "shared.tasks.paper_writing",
    "pr_review": "shared.tasks.pr_review",
    "snowflake_query": "shared.tasks.snowflake_query",
}


def _find_installed() -> dict[str, str]:
    """Those of installed packages. Raises SettingsError for a name that no activity can have."""
    if not any(map(_names_types, sys.path)):
        return {}
    from importlib.metadata import entry_points

    found = {point.name: point.value for point in entry_points(group=_GROUP)}
    for name in found:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,50}", name):
            raise SettingsError(f"The entry point {name} of {_GROUP} is no name for a task type.")
    return found


def _names_types(folder: str) -> bool:
    """Whether a package that lies there may bring a type. `importlib.metadata`, which tells all
    that packages bring, takes a fifth of what the app's import costs beside the SDKs."""
    told = Path(folder).glob("*-info/entry_points.txt")
    return any(_GROUP.encode() in found.read_bytes() for found in told)


TASK_TYPES: dict[str, str] = _find_installed() | _BUILT_IN
"""Where each lies; nobody replaces one that is built in."""


def find_task_type(name: str, at: Sequence[str] = ("task_type",)) -> "TaskType[Any, Any]":
    """`at` is where in a payload the name stood. Raises Invalid, naming the known types."""
    if name not in TASK_TYPES:
        known = ", ".join(sorted(TASK_TYPES))
        fault = {"loc": [*at], "msg": f"must be one of: {known}", "type": "task_type"}
        raise Invalid(f"There is no such task type; the known ones are: {known}.", [fault])
    module, _, attribute = TASK_TYPES[name].partition(":")
    found: TaskType[Any, Any] = getattr(import_module(module), attribute or _ATTRIBUTE)
    return found
