"""Those who watch a ticket while it is worked on, as far as a task type can show them something."""

from typing import Protocol

from shared.clients.llm.stream import TextListener


class Audience(Protocol):
    """Those who watch the ticket being worked on."""

    def show(self, section: str, text: str) -> None:
        """A part of the result that the program has checked, Markdown, before the rest is there."""

    def listener(self, field: str) -> TextListener | None:
        """What shows them a text field of the model's answer as it comes, marked as unchecked; None
        while nobody can hear it."""


class Nobody:
    """Nobody watches."""

    def show(self, section: str, text: str) -> None: ...

    def listener(self, field: str) -> TextListener | None:
        return None


NOBODY = Nobody()
