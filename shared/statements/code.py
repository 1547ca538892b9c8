"""What is said of code, held to lines of it."""

import re
from collections.abc import Collection, Iterable
from functools import cache

from shared.statements.omission import without
from shared.statements.prose import sentences
from shared.statements.proving import LABEL, MAX_TEXT, Ground, Proved, find_words
from shared.statements.vocabulary import list_code_terms, list_instructions

MAX_CODE = 100_000
"""Characters of lines; a second of work."""

_WORD = re.compile(r"\S*[^\W\d_]\S*")
_CODE = re.compile(r"`[^`]+`|[A-Za-z_][\w.]{0,99}\(\)")
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

    def leave_labels_out(self, text: str) -> str:
        text = super().leave_labels_out(_GROUPED.sub("", text))
        text = _LINES.sub(lambda one: LABEL if self._has_lines(one[0]) else one[0], text)
        return _find_terms().sub(LABEL, text)

    def _has_lines(self, named: str) -> bool:
        return all(int(number) in self._numbered for number in re.findall(r"\d+", named))


def keep_proved_markdown(text: str, ground: CodeGround) -> Proved:
    """A Markdown text without the sentences that say more than the lines. A cure says nothing of
    the lines: blocks of code stay beside any sentence, and so does what a sentence that tells what
    to do has as code."""
    if len(text) > MAX_TEXT:
        return Proved("", 1)
    said = sentences(text)
    bad = [one for one in said if not ground.holds(_leave_cure_out(text[one.start : one.end]))]
    kept, count = without(text, bad)
    return Proved(kept.strip() if len(bad) < len(said) else "", count)


def _leave_cure_out(sentence: str) -> str:
    begin = {word.strip(",:*_").lower() for word in _WORD.findall(sentence)[:2]}
    return _CODE.sub(LABEL, sentence) if begin & list_instructions() else sentence


@cache
def _find_terms() -> re.Pattern[str]:
    return find_words(list_code_terms())
