"""What holds for a task type that says nothing else."""

from typing import Any

from shared.models import Inquiry, StoredUser


def check_text_answer(_: Any, inquiry: Inquiry, answer: Any) -> None:
    """For a type that asks for words. Raises ValueError, whose text says what is wanted."""
    if not isinstance(answer, str) or not answer.strip():
        raise ValueError("must be a text that is not empty.")


def check_no_requester(user: StoredUser, data: Any, use: Any) -> None:
    """For a type that everybody may ask for."""


async def find_no_owner() -> StoredUser | None:
    """For a step of a ticket that is nobody's."""
    return None
