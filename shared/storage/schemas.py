"""The forms in which things are stored: a version for each kind of row or document, and the steps
that lead from each version to the next. What has no version is of the first.

Old and new hosts run side by side at an upgrade. So a step only adds: the version before must still
be able to read what it makes, and a step must make the same of what it has made already. A name
that nobody needs any more goes one version after the code that read it.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

SCHEMA = "schema"
"""The column, or the member of a document, that has the version."""

Values = Mapping[str, Any]
Step = Callable[[Values], Values]


class StoredKind(StrEnum):
    """What has a version of its own. Audit events have none: their hashes say that nobody changes
    them. What lies in `work/` ends with its attempt, answers that do not fit are asked for anew."""

    TICKET = "ticket"
    RESULT = "result"


def _give_all_columns(ticket: Values) -> Values:
    """The columns of questions to people, of why a ticket failed, and of what was told when."""
    added = {
        "failure_kind": "internal",
        "inquiry": "",
        "waited_seconds": 0.0,
        "question": "",
        "asked_at": "",
        "progress_told_at": "",
        "answers": b"{}",
    }
    return {**added, **ticket}


def _give_counts(result: Values) -> Values:
    """Tokens that were cached and answers that were used again; the forms that all types offer."""
    usage = {"reused": 0, "cached": 0, **result.get("usage", {})}
    return {"formats": ["json", "md", "html"], **result, "usage": usage}


STEPS: Mapping[StoredKind, tuple[Step, ...]] = {
    StoredKind.TICKET: (_give_all_columns,),
    StoredKind.RESULT: (_give_counts,),
}
"""The first leads from version 1 to version 2, and so on."""


def present_version(kind: StoredKind) -> int:
    return 1 + len(STEPS[kind])


def is_late(kind: StoredKind, values: Values) -> bool:
    return int(values.get(SCHEMA, 1)) < present_version(kind)


def upgrade(kind: StoredKind, values: Values) -> dict[str, Any]:
    """The same in the present form; what a newer host wrote stays as it is."""
    upgraded = values
    for step in STEPS[kind][int(values.get(SCHEMA, 1)) - 1 :]:
        upgraded = step(upgraded)
    return {**upgraded, SCHEMA: max(int(values.get(SCHEMA, 1)), present_version(kind))}
