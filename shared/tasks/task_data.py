"""What all task_data have in common: keys that nobody knows, and texts that are longer than the
model is shown."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from pydantic import ConfigDict

from shared.documents.tokens import estimate
from shared.models import Model

MAX_REQUEST = 8_000
"""Tokens of what is asked with every call of the model."""
_SLICE = 1_000
_MAX_RATE = 2.5
"""A character is no more tokens than that."""


class TaskData(Model):
    """The `task_data` of a ticket. Unknown keys are kept and named in the result's warnings, and so
    is a text of which the model is shown the beginning only: what a window of 128,000 tokens holds
    is shared between those in `max_tokens`."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    max_tokens: ClassVar[Mapping[str, int]] = {}

    def show(self, name: str) -> str:
        """The text of this name as the model is shown it, empty where there is none."""
        text = str(getattr(self, name) or "")
        end = _find_end(text, self.max_tokens[name])
        return text if end == len(text) else f"{text[:end]}\n[…]"

    def find_warnings(self) -> Iterator[str]:
        """What of the data is not used, or not whole."""
        for key in self.model_extra or {}:
            yield f"task_data.{key} is not known and was not used."
        for name, limit in self.max_tokens.items():
            text = str(getattr(self, name) or "")
            if (end := _find_end(text, limit)) < len(text):
                yield (
                    f"task_data.{name} is longer than the model can be shown: of its"
                    f" {len(text)} characters the first {end} were used."
                )


def _find_end(text: str, max_tokens: int) -> int:
    """How many characters from the beginning have at most so many tokens, by slices."""
    if len(text) * _MAX_RATE <= max_tokens:
        return len(text)
    tokens, step = 0, min(_SLICE, max_tokens // 16)
    for end in range(0, len(text), step):
        tokens += estimate(text[end : end + step])
        if tokens > max_tokens:
            return end
    return len(text)
