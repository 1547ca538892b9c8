"""Whether a sentence says more than the quotes that it rests on: every number, date, amount, name
and quoted word in it must stand in one of them.

What is compared is what can be: numbers by value, dates by day, names by their letters. That the
words around them are true nobody can tell by program.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from shared.statements.names import KnownWords, names
from shared.statements.prose import split_sentences
from shared.statements.quantities import Backing, Quantity, list_numbers
from shared.statements.quotations import find_quoted
from shared.statements.vocabulary import language_of

MAX_SENTENCE = 2_000
"""Characters; what is longer is no sentence that anybody could check."""

MAX_TEXT = 10_000
"""Characters of sentences that stand together; more counts as one that says too much."""

MAX_GROUND = 30_000
"""Characters of quotes that one sentence may rest on; what is beyond them does not count."""

LABEL = "·"
_RAISED = re.compile("[⁰¹²³⁴-⁹]+")
_RAISED_DIGITS = {ord(sign): str(n) for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_FRACTIONS = frozenset("¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞")
_CODE = re.compile(r"`([^`]+)`")
_ALONE = re.compile(rf"\W*{LABEL}\W*")
_MINUS = re.compile(r"(?:^|[\s(\[{:=,;|])[-\u2212\u2013]\s?(?:[A-Z]{3}\s?|[$€£¥])?$")


class Proved(NamedTuple):
    """What is left of a text, and how many of its sentences went."""

    text: str
    dropped: int


class Ground:
    """Quotes on which sentences may rest. Any of `labels`, such as the names of documents and of
    places in them, may stand in a sentence as it is written there."""

    max_characters = MAX_GROUND

    def __init__(self, quotes: Iterable[str], labels: Iterable[str] = ()) -> None:
        self._quotes = list(_bound(map(normalize, quotes), self.max_characters))
        self._labels = find_words(normalize(label).strip() for label in labels)

    @cached_property
    def _numbers(self) -> Backing:
        return Backing(self._quotes)

    @cached_property
    def _negative(self) -> Backing:
        """The numbers below zero."""
        return Backing(
            one.text
            for quote in self._quotes
            for one in list_numbers(quote)
            if _is_negative(quote, one)
        )

    @cached_property
    def _words(self) -> KnownWords:
        return KnownWords(self._quotes)

    def prepare(self) -> None:
        """Do now what every sentence needs."""
        _ = self._words

    def holds(self, sentence: str) -> bool:
        """Whether the sentence says no more than the quotes; without quotes nothing is held."""
        if len(sentence) > MAX_SENTENCE or not any(map(str.strip, self._quotes)):
            return False
        text = self.leave_labels_out(normalize(sentence))
        return all(
            (
                all(self._holds_number(text, one) for one in list_numbers(text)),
                all(map(self._words.say, _list_quoted(text))),
                self._holds_names(text),
            )
        )

    def _holds_number(self, text: str, one: Quantity) -> bool:
        backing = self._negative if _is_negative(text, one) else self._numbers
        return backing.holds(one)

    def _holds_names(self, text: str) -> bool:
        """A month or a unit that is part of a number is none."""
        language = language_of(text)
        numbers = [(one.start, one.end) for one in list_numbers(text)]
        return all(
            self._words.have(name, language)
            for name in names(text)
            if not any(start <= name.start and name.end <= end for start, end in numbers)
        )

    def leave_labels_out(self, text: str) -> str:
        """The sentence with a sign for each of them, that says nothing."""
        return self._labels.sub(LABEL, text)


def find_words(words: Iterable[str]) -> re.Pattern[str]:
    """Finds any of these words, the longest first, by themselves."""
    known = sorted({*filter(None, words)}, key=len, reverse=True)
    either = "|".join(map(re.escape, known)) or "(?!)"
    return re.compile(rf"(?<![\w./])(?:{either})(?![\w/]|\.\w)", re.I)


def keep_proved(text: str, ground: Ground) -> Proved:
    """The text without the sentences that say more than the quotes."""
    if len(text) > MAX_TEXT:
        return Proved("", 1)
    said = [text[one.start : one.end] for one in split_sentences(text)]
    kept = [sentence for sentence in said if ground.holds(sentence)]
    return Proved(" ".join(kept), len(said) - len(kept))


def normalize(text: str) -> str:
    """One form for signs that mean the same, without what is not seen; raised digits stay apart
    from those before them."""
    if text.isascii():
        return text
    text = _RAISED.sub(lambda one: f"^{one[0].translate(_RAISED_DIGITS)}", text)
    return "".join(
        char if char in _FRACTIONS else unicodedata.normalize("NFKC", char)
        for char in text
        if unicodedata.category(char) != "Cf"
    )


def _bound(quotes: Iterable[str], room: int) -> Iterator[str]:
    for quote in quotes:
        yield quote[:room]
        room -= len(quote)
        if room <= 0:
            return


def _list_quoted(text: str) -> list[str]:
    """But for labels that stand there alone."""
    marked = [text[one.start : one.end] for one in find_quoted(text)]
    return [said for said in (*marked, *_CODE.findall(text)) if not _ALONE.fullmatch(said)]


def _is_negative(text: str, one: Quantity) -> bool:
    return bool(_MINUS.search(text[max(0, one.start - 6) : one.start]))
