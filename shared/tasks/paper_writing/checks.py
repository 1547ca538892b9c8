"""What is wrong with a section, told by the program: its length, its headings, numbers and quotes
that nothing backs, references that nobody gave, code that does not parse. Each fault says to its
writer what to do."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from shared.documents.quotes import Span
from shared.papers.citations import find_cited, find_foreign, find_unfounded, find_unknown
from shared.papers.code import CodeParsers
from shared.statements.prose import blocks, count_words, headings
from shared.statements.quantities import Backing, Quantity, quantities
from shared.tasks.evidence.models import Claim
from shared.tasks.paper_writing.models import Fault, FaultKind, Section

SECTION_TOLERANCE, PAPER_TOLERANCE = 0.15, 0.10
_MAX_PASSAGES = 20
_MAX_PASSAGE = 200


class Grounds:
    """What a section may rest on: what the requester `said`, and the claims that its writer was
    given, by number. The titles of its `subsections` are not its writer's: they were agreed on with
    the outline."""

    def __init__(
        self, said: str, claims: Mapping[int, Claim], subsections: Collection[str] = ()
    ) -> None:
        self._said = said
        self._subsections = frozenset(subsections)
        self._task = Backing([said])
        self._quotes = {
            number: "\n".join(proof.quote for proof in claim.evidence)
            for number, claim in claims.items()
        }
        self._backings = {number: Backing([quote]) for number, quote in self._quotes.items()}

    def find_invented_numbers(self, text: str) -> list[Quantity]:
        """Quantities that neither the task nor a claim cited beside them has: in the same
        paragraph or list, or, for a table, right before or after it."""
        text = self._own(text)
        parts = blocks(text)
        found = []
        for one in quantities(text):
            if not self._task.holds(one) and not any(
                self._backings[number].holds(one) for number in self._beside(text, parts, one)
            ):
                found.append(one)
        return found

    def find_invented_references(self, text: str) -> list[Span]:
        text = self._own(text)
        allowed = "\n".join([self._said, *(self._quotes[n] for n in self._known(text))])
        return sorted([*find_unknown(text, self._quotes), *find_foreign(text, allowed)])

    def find_invented_quotes(self, text: str) -> list[Span]:
        text = self._own(text)
        return find_unfounded(text, [self._said, *(self._quotes[n] for n in self._known(text))])

    def find_invented(self, text: str) -> list[Span]:
        """All that nothing backs."""
        numbers = [Span(one.start, one.end) for one in self.find_invented_numbers(text)]
        return sorted(
            [*numbers, *self.find_invented_references(text), *self.find_invented_quotes(text)]
        )

    def _own(self, text: str) -> str:
        """The text with blanks for the titles of its subsections."""
        for one in headings(text) if self._subsections else ():
            if one.title in self._subsections:
                blank = re.sub(r"[^\n]", " ", text[one.start : one.end])
                text = f"{text[: one.start]}{blank}{text[one.end :]}"
        return text

    def _known(self, text: str) -> list[int]:
        return [number for number in find_cited(text) if number in self._quotes]

    def _beside(self, text: str, parts: Sequence[Span], one: Quantity) -> list[int]:
        at = next((n for n, part in enumerate(parts) if part.start <= one.start < part.end), None)
        if at is None:
            return []
        is_table = text[parts[at].start :].lstrip().startswith("|")
        reach = range(max(0, at - is_table), at + 1 + is_table)
        near = (text[parts[n].start : parts[n].end] for n in reach if n < len(parts))
        return [number for part in near for number in self._known(part)]


async def find_faults(
    section: Section, text: str, grounds: Grounds, parsers: CodeParsers
) -> list[Fault]:
    """What is wrong with a section taken by itself."""
    found = [
        _length(section, count_words(text)),
        _outline(section, text),
        _make_fault(FaultKind.NUMBER, _NUMBERS, text, _spans(grounds.find_invented_numbers(text))),
        _make_fault(FaultKind.CITATION, _REFERENCES, text, grounds.find_invented_references(text)),
        _make_fault(FaultKind.QUOTE, _QUOTES, text, grounds.find_invented_quotes(text)),
    ]
    for block in await parsers.broken_blocks(text):
        why = f"does not parse as {block.language}" if block.closed else "has no end"
        passages = [block.code[:_MAX_PASSAGE]]
        found.append(
            Fault(kind=FaultKind.CODE, advice=f"A block of code {why}.", passages=passages)
        )
    return [one for one in found if one is not None]


def is_off(got: int, asked: int, tolerance: float) -> bool:
    return abs(got - asked) > tolerance * asked


_NUMBERS = (
    "These numbers stand neither in the task nor in the quote of a claim that is cited in the same "
    "paragraph: rewrite their sentences without any number, or cite the claim that has it."
)
_REFERENCES = (
    "These references were not given: rewrite their sentences without them. Only claims may be "
    "cited, by their numbers, as [@3]."
)
_QUOTES = (
    "These quotes stand in no quote of a cited claim word for word: say it in your own words, "
    "without quotation marks."
)


def _length(section: Section, words: int) -> Fault | None:
    if not is_off(words, section.words, SECTION_TOLERANCE):
        return None
    change = "shorten" if words > section.words else "extend"
    advice = f"The section has {words} words and must have {section.words}: {change} it."
    return Fault(kind=FaultKind.LENGTH, advice=advice)


def _outline(section: Section, text: str) -> Fault | None:
    """Its headings must be the subsections of the outline, in order."""
    found = [one.title for one in headings(text)]
    if found == section.subsections:
        return None
    wanted = ", ".join(section.subsections) or "none"
    advice = f"The subsections must be those of the outline, in order ({wanted}), and no others."
    return Fault(kind=FaultKind.OUTLINE, advice=advice, passages=_cut(found))


def _make_fault(kind: FaultKind, advice: str, text: str, spans: Sequence[Span]) -> Fault | None:
    if not spans:
        return None
    return Fault(kind=kind, advice=advice, passages=_cut(text[a:b] for a, b in spans))


def _spans(found: Sequence[Quantity]) -> list[Span]:
    return [Span(one.start, one.end) for one in found]


def _cut(passages: Iterable[str]) -> list[str]:
    return [one[:_MAX_PASSAGE] for one in dict.fromkeys(passages)][:_MAX_PASSAGES]
