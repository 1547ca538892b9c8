"""A patch made from two versions of a file, in the form in which GitHub gives one: unified, three
lines of context, from the first `@@`."""

import time
from collections.abc import Iterator
from difflib import Match, SequenceMatcher

from shared.clients.github.models import NoPatch

MAX_BYTES = 2 * 1024 * 1024
_MAX_LINES = 20_000
_SECONDS = 5.0
_LOOK_FOR_NUL = 8000
_NO_NEWLINE = "\n\\ No newline at end of file"


def text_of(content: bytes) -> str | None:
    """The text of a file, None for a binary one; as git does, judged by a NUL near its begin."""
    if b"\0" in content[:_LOOK_FOR_NUL]:
        return None
    return content.decode(errors="replace")


def patch_between(old: bytes, new: bytes) -> str | NoPatch:
    """The patch that leads from `old` to `new`, or why there is none."""
    if old == new:
        return NoPatch.SAME_CONTENT if old else NoPatch.EMPTY
    texts = text_of(old), text_of(new)
    if texts[0] is None or texts[1] is None:
        return NoPatch.BINARY
    before, after = _lines(texts[0]), _lines(texts[1])
    if before == after:
        return NoPatch.NO_LINES if before else NoPatch.EMPTY
    if before and after and max(len(before), len(after)) > _MAX_LINES:
        return NoPatch.TOO_LARGE
    try:
        return "\n".join(_hunks(before, after))
    except TimeoutError:
        return NoPatch.TOO_LARGE


def _lines(text: str) -> list[str]:
    """Lines as git has them: only LF ends one, and a missing last LF belongs to its line."""
    lines = text.split("\n")
    if lines[-1]:
        lines[-1] += _NO_NEWLINE
    else:
        lines.pop()
    return lines


class _InTime(SequenceMatcher[str]):
    """Raises TimeoutError when comparing takes too long; each look for a match is short."""

    def __init__(self, old: list[str], new: list[str]) -> None:
        super().__init__(None, old, new)
        self._deadline = time.monotonic() + _SECONDS

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> Match:
        if time.monotonic() > self._deadline:
            raise TimeoutError
        return super().find_longest_match(alo, ahi, blo, bhi)


def _hunks(old: list[str], new: list[str]) -> Iterator[str]:
    for group in _InTime(old, new).get_grouped_opcodes():
        (_, old_from, _, new_from, _), (_, _, old_to, _, new_to) = group[0], group[-1]
        yield f"@@ -{_range(old_from, old_to)} +{_range(new_from, new_to)} @@"
        for tag, i, j, k, m in group:
            if tag == "equal":
                yield from (f" {line}" for line in old[i:j])
                continue
            yield from (f"-{line}" for line in old[i:j])
            yield from (f"+{line}" for line in new[k:m])


def _range(start: int, stop: int) -> str:
    """As in a hunk's header: from 1, the count left out when it is 1; an empty range names the line
    before it."""
    count = stop - start
    if count == 1:
        return str(start + 1)
    return f"{start + 1 if count else start},{count}"
