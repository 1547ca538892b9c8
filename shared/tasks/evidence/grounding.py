"""What the model says beside its claims, held to the quotes of the claims that it names."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from shared.statements.proving import Ground, keep_proved
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.evidence.models import Claim

MAX_COMPARED = 400_000
"""Characters of quotes that the sentences of one answer are compared with, so that the time for it
has a bound; what comes after counts as not proved."""

P = TypeVar("P", bound=str)


class Grounds:
    """Claims by number, on which sentences of an answer rest. `dropped` counts, by the part of the
    answer, the sentences that no claim proves. `labels` are what documents are called."""

    def __init__(self, claims: Mapping[int, Claim], labels: Sequence[str]) -> None:
        self._claims = claims
        self._labels = labels
        self._known: dict[tuple[int, ...], Ground] = {}
        self._room = MAX_COMPARED
        self.dropped: Counter[str] = Counter()

    def prove(self, part: str, text: str, claims: Iterable[int]) -> tuple[str, list[int]]:
        """What is left of a text that rests on these claims, and those of them that there are."""
        numbers = [number for number in dict.fromkeys(claims) if number in self._claims]
        proved = keep_proved(text, self._ground(tuple(numbers)))
        if proved.dropped:
            self.dropped[part] += proved.dropped
        return proved.text, numbers

    def keep(self, part: str, statements: Iterable[Statement]) -> list[Statement]:
        """The statements, each without what its claims do not prove; none that says nothing."""
        proved = (self.prove(part, one.text, one.claims) for one in statements)
        return [Statement(text=text, claims=numbers) for text, numbers in proved if text]

    def _ground(self, numbers: tuple[int, ...]) -> Ground:
        if numbers not in self._known:
            evidence = [one for number in numbers for one in self._claims[number].evidence]
            quotes = [one.text for one in evidence] if self._room > 0 else []
            self._room -= sum(map(len, quotes))
            places = {one.place for one in evidence}
            pages = {place.replace("p. ", "page ", 1) for place in places}
            self._known[numbers] = Ground(quotes, {*self._labels, *places, *pages})
        return self._known[numbers]
