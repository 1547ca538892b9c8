"""Which claims of the sources a section is given: those that have most words in common with what
the section is about, chosen by the program."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from shared.documents.boundaries import HAN
from shared.documents.tokens import estimate
from shared.tasks.evidence.models import Claim
from shared.tasks.paper_writing.models import Section

MAX_TOKENS = 3_000
"""Of the claims, with their quotes, that one section is given."""
_WORD = re.compile(rf"[{HAN}]|[^\W_{HAN}]{{3,}}")
_EMPTY = re.compile(
    "the|and|for|are|was|with|that|this|from|its|has|have|not|but|can|how|what|which|who|their"
    "|der|die|das|und|ist|ein|eine|mit|von|den|dem|des|für|auf|les|une|est|pour|dans"
)
"""Words that say nothing of what a text is about."""
_STEM = 6
"""Letters of a word that count: endings differ between a section and its sources."""


def choose(
    sections: Sequence[Section], claims: Sequence[Claim], points: Sequence[str]
) -> list[list[int]]:
    """For each section the numbers of its claims. Each claim belongs to the section that it is
    closest to, so that no two say the same, or, where it has no word in common with any, to that
    which has fewest; one that requirements call for is given as well. What claims belong where does
    not depend on the requirements."""
    texts = [" ".join([claim.text, *(one.quote for one in claim.evidence)]) for claim in claims]
    scorer = _Scorer(texts)
    topics = [f"{one.title} {one.purpose} {' '.join(one.claims)}" for one in sections]
    scores = [scorer.scores(topic) for topic in topics]
    owned: list[list[int]] = [[] for _ in sections]
    for number in range(len(claims)):
        best = max(range(len(sections)), key=lambda section: scores[section][number])
        if scores[best][number] == 0:
            best = min(range(len(sections)), key=lambda section: len(owned[section]))
        owned[best].append(number)
    chosen = []
    for section, mine, mark in zip(sections, owned, scores, strict=True):
        ranked = sorted(mine, key=lambda n: (-mark[n] - claims[n].importance / 5, n))
        called = list(scorer.best(points[number - 1] for number in section.requirements))
        chosen.append(sorted(_take_fitting([*called, *ranked], claims)))
    return chosen


def closest(text: str, others: Sequence[str]) -> int:
    """Which of the other texts has most in common with a text; the last where none has anything."""
    scores = _Scorer(others).scores(text)
    return max(range(len(others)), key=lambda n: (scores[n], n))


class _Scorer:
    """Words that few texts have count for more (inverse document frequency)."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words = [set(_stems(text)) for text in texts]
        counts = Counter(word for words in self._words for word in words)
        self._weights = {word: math.log(1 + len(texts) / count) for word, count in counts.items()}

    def scores(self, query: str) -> list[float]:
        wanted = set(_stems(query))
        return [
            sum(self._weights[word] for word in wanted & words) / math.sqrt(len(words) + 8)
            for words in self._words
        ]

    def best(self, queries: Iterable[str]) -> Iterable[int]:
        """The closest text of each query, if any has a word in common."""
        for query in queries:
            scores = self.scores(query)
            if scores and max(scores) > 0:
                yield scores.index(max(scores))


def _take_fitting(numbers: Iterable[int], claims: Sequence[Claim]) -> list[int]:
    room, kept = MAX_TOKENS, []
    for number in dict.fromkeys(numbers):
        quotes = " ".join(one.quote for one in claims[number].evidence)
        room -= estimate(f"{claims[number].text} {quotes}") + 20
        if room < 0:
            break
        kept.append(number)
    return kept


def _stems(text: str) -> list[str]:
    words = (word for word in _WORD.findall(text.casefold()) if not _EMPTY.fullmatch(word))
    return [word[:_STEM] for word in words]
