"""What was read in a text is remembered for a while: one text is asked for the same several times,
by the step that made it and by those that follow."""

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")

_MAX_TEXTS = 256
"""More than the sections and quotes of a long paper."""
_MAX_LENGTH = 32 * 1024
"""Characters of a text that is remembered, so that all together take a few megabytes."""


def remember_texts(read: Callable[[str], T]) -> Callable[[str], T]:
    """The same function of a text, which answers with what it has found in one of the last texts
    before. What it returns is shared, and must not be changed by anybody."""
    known = lru_cache(_MAX_TEXTS)(read)

    @wraps(read)
    def look_up(text: str) -> T:
        return known(text) if len(text) <= _MAX_LENGTH else read(text)

    return look_up
