"""An answer of a chat API that comes in pieces, as server-sent events.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

from collections.abc import AsyncIterator
from typing import Protocol

from shared.clients.llm.responses import Completion, model_away, parse_part

_DATA = "data:"
_END = "[DONE]"


class TextListener(Protocol):
    """Hears an answer while it comes, before anybody has checked it."""

    def begin(self) -> None:
        """An answer begins, perhaps anew in place of one that did not fit."""

    def hear(self, text: str) -> None:
        """The next piece of it."""


async def assemble(lines: AsyncIterator[str], listener: TextListener) -> Completion:
    """The completion that the pieces make together, each told to `listener` as it comes.

    Raises RetryLater when the answer breaks off, PermanentFailure for what is no such answer.
    """
    listener.begin()
    whole = Completion()
    async for line in lines:
        if not line.startswith(_DATA):
            continue
        data = line.removeprefix(_DATA).strip()
        if data == _END:
            return whole
        listener.hear(whole.add(parse_part(data)))
    if whole.is_ended:  # Some servers say no more.
        return whole
    raise model_away("The model cannot be reached, or broke off its answer.")
