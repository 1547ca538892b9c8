"""What is said of code, held to lines of it."""

import re
from collections.abc import Collection, Iterable
from functools import cache, cached_property

from shared.statements.omission import without
from shared.statements.prose import code_blocks, sentences
from shared.statements.proving import LABEL, MAX_TEXT, Ground, Proved, find_words
from shared.statements.vocabulary import list_code_terms

MAX_CODE = 100_000
"""Characters of lines; a second of work."""

_TOKEN = re.compile(r"[^\W\d]\w*|\d+")
_LINES = re.compile(r"\blines? \d{1,9}(?:(?:\s?[-–]\s?| to | and )\d{1,9})?\b", re.I)
_GROUPED = re.compile(r"(?<=\d)_(?=\d)")


class CodeGround(Ground):
    """Lines of code on which sentences may rest; what every programmer calls so, as `None`, is
    nobody's name in them. `numbers` are those of lines that may be named (`line 3`)."""

    max_characters = MAX_CODE

    def __init__(
        self, lines: Iterable[str], labels: Iterable[str] = (), numbers: Collection[int] = ()
    ) -> None:
        self._lines = [_GROUPED.sub("", text) for text in lines]
        self._numbered = numbers
        super().__init__(self._lines, labels)

    @cached_property
    def _tokens(self) -> set[str]:
        return {one for text in self._lines for one in _TOKEN.findall(text)}

    def leave_labels_out(self, text: str) -> str:
        text = super().leave_labels_out(_GROUPED.sub("", text))
        text = _LINES.sub(lambda one: LABEL if self._has_lines(one[0]) else one[0], text)
        return _find_terms().sub(LABEL, text)

    def _has_lines(self, named: str) -> bool:
        return all(int(number) in self._numbered for number in re.findall(r"\d+", named))

    def shows(self, code: str) -> bool:
        """Whether every word and number of a piece of code stands in the lines."""
        used = set(_TOKEN.findall(super().leave_labels_out(_GROUPED.sub("", code))))
        return used <= self._tokens | list_code_terms()


def keep_proved_markdown(text: str, ground: CodeGround) -> Proved:
    """A Markdown text without the sentences and blocks of code that say more than the lines."""
    if len(text) > MAX_TEXT:
        return Proved("", 1)
    kept, blocks = text, 0
    for block in reversed(code_blocks(text)):
        if not ground.shows(block.code):
            kept, blocks = kept[: block.start] + kept[block.end :], blocks + 1
    bad = [one for one in sentences(kept) if not ground.holds(kept[one.start : one.end])]
    kept, count = without(kept, bad)
    return Proved(kept.strip(), blocks + count)


@cache
def _find_terms() -> re.Pattern[str]:
    return find_words(list_code_terms())
