"""What holds for a task type that says nothing else."""

from typing import Any

from shared.models import Inquiry, User


def check_text_answer(_: Any, inquiry: Inquiry, answer: Any) -> None:
    """For a type that asks for words. Raises ValueError, whose text says what is wanted."""
    if not isinstance(answer, str) or not answer.strip():
        raise ValueError("must be a text that is not empty.")


def check_no_requester(user: User, use: Any) -> None:
    """For a type that everybody may ask for."""


async def find_no_department() -> str | None:
    """For a step whose ticket's owner is in none."""
    return None
