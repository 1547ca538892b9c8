"""How much the sections of a paper say over again: the share of a section's runs of eight words
that an earlier section has, too. Quoting the same passage twice counts, as it reads the same."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from shared.documents.boundaries import HAN
from shared.documents.quotes import Span
from shared.papers.prose import prose

LENGTH = 8
MAX_SHARE = 0.02

_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")


class Repetition(NamedTuple):
    """What a section repeats: `share` of its runs of words, the `passages` that they make up, and
    the number (from 0) of the first section that has some of it, None where nothing is repeated."""

    share: float
    passages: list[Span]
    earlier: int | None


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
        share = len(repeated) / len(runs) if runs else 0.0
        found.append(Repetition(share, _passages(words, repeated), earlier))
        for run in runs:
            owners.setdefault(run, number)
    return found


def shared_share(texts: Sequence[str]) -> float:
    """The share of all runs of words in these texts that stand in an earlier one, too."""
    sizes = [max(0, len(_WORD.findall(prose(text))) - LENGTH + 1) for text in texts]
    shares = [one.share for one in repetitions(texts)]
    repeated = sum(share * size for share, size in zip(shares, sizes, strict=True))
    return repeated / sum(sizes) if sum(sizes) else 0.0


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
