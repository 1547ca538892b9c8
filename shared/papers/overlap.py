"""How much the sections of a paper say over again: the share of a section's runs of eight words
that an earlier section has, too. Quoting the same passage twice counts, as it reads the same."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from shared.documents.boundaries import HAN
from shared.documents.quotes import Span
from shared.statements.prose import prose

LENGTH = 8
MAX_SHARE = 0.02

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


class Repetition(NamedTuple):
    """What a section repeats: `repeated` of its `runs` of words, the `passages` that they make up,
    and the number (from 0) of the first section that has some of it, None where there is none."""

    repeated: int
    runs: int
    passages: list[Span]
    earlier: int | None

    @property
    def share(self) -> float:
        return self.repeated / self.runs if self.runs else 0.0


def repetitions(texts: Sequence[str]) -> list[Repetition]:
    """For each of these Markdown texts, what it repeats of those before it."""
    owners: dict[tuple[str, ...], int] = {}
    found = []
    for number, text in enumerate(texts):
        words = list(_WORD.finditer(prose(text)))
        runs = [
            tuple(word[0].casefold() for word in words[at : at + LENGTH])
            for at in range(len(words) - LENGTH + 1)
        ]
        repeated = [at for at, run in enumerate(runs) if run in owners]
        earlier = min((owners[runs[at]] for at in repeated), default=None)
        found.append(Repetition(len(repeated), len(runs), _passages(words, repeated), earlier))
        for run in runs:
            owners.setdefault(run, number)
    return found


def measure_overlap(texts: Sequence[str]) -> float:
    """The share of all runs of words in these texts that stand in an earlier one, too."""
    found = repetitions(texts)
    runs = sum(one.runs for one in found)
    return sum(one.repeated for one in found) / runs if runs else 0.0


def _passages(words: list[re.Match[str]], repeated: list[int]) -> list[Span]:
    """Runs that overlap or touch are one passage."""
    spans: list[Span] = []
    for at in repeated:
        start, end = words[at].start(), words[at + LENGTH - 1].end()
        if spans and start <= spans[-1].end:
            spans[-1] = Span(spans[-1].start, end)
        else:
            spans.append(Span(start, end))
    return spans
