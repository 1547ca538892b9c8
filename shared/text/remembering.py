"""What was read in a text is remembered for a while: one text is asked for the same several times,
by the step that made it and by those that follow."""

from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")

_MAX_LENGTH = 32 * 1024
"""Characters of a text that is remembered."""
_MAX_TOGETHER = 256 * 1024
"""Characters of all that are: several times those of a long paper. What is found in a text of
nothing but numbers takes some hundred times as many bytes."""
_BESIDE = 100
"""What any text counts for besides its characters."""


def remember_texts(read: Callable[[str], T]) -> Callable[[str], T]:
    """The same function of a text, which answers with what it has found in one of the last texts
    before. What it returns is shared, and must not be changed by anybody."""
    found = _Found[T]()

    @wraps(read)
    def look_up(text: str) -> T:
        if len(text) > _MAX_LENGTH:
            return read(text)
        known = found.find(text)
        if known is None:
            known = found.keep(text, read(text))
        return known

    return look_up


class _Found(Generic[T]):
    """By text, the one that was asked for last at the end."""

    def __init__(self) -> None:
        self._by_text: OrderedDict[str, T] = OrderedDict()
        self._length = 0
        self._lock = Lock()

    def find(self, text: str) -> T | None:
        with self._lock:
            if text in self._by_text:
                self._by_text.move_to_end(text)
            return self._by_text.get(text)

    def keep(self, text: str, made: T) -> T:
        with self._lock:
            if text not in self._by_text:
                self._by_text[text] = made
                self._length += len(text) + _BESIDE
            while self._length > _MAX_TOGETHER:
                oldest, _ = self._by_text.popitem(last=False)
                self._length -= len(oldest) + _BESIDE
        return made
