"""Citations and references as they are delivered: numbers of claims become places of sources, in
the style that was asked for; works are numbered as they are first cited."""

from collections.abc import Iterator, Sequence

from shared.papers.citations import citations
from shared.papers.references import (
    NUMBERED,
    CitationStyle,
    Mention,
    Work,
    entries,
    footnote,
    in_text,
)
from shared.tasks.evidence.models import Claim
from shared.tasks.paper_writing.models import CitedPlace, Reference, SourceFacts


class Citing:
    """Renders the citations of one paper, section after section."""

    def __init__(
        self, style: CitationStyle, claims: Sequence[Claim], sources: Sequence[SourceFacts]
    ) -> None:
        self._style = style
        self._claims = claims
        self._sources = sources
        self._numbers: dict[int, int] = {}
        self._cited: dict[int, list[CitedPlace]] = {}
        self._notes: list[str] = []

    def render(self, section: str, text: str) -> str:
        """The text of a section with its citations as they are shown."""
        pieces, at = [], 0
        for one in citations(text):
            mentions = [self._mention(section, number) for number in dict.fromkeys(one.numbers)]
            pieces += [text[at : one.start], in_text(self._style, mentions)]
            at = one.end
        return "".join([*pieces, text[at:]])

    @property
    def references(self) -> list[Reference]:
        """What was cited, by number."""
        return [
            Reference(
                number=number,
                title=self._sources[source].title,
                author=self._sources[source].author,
                location=_work(self._sources[source]).location,
                cited=self._cited[source],
            )
            for source, number in self._numbers.items()
        ]

    def list_references(self) -> Iterator[str]:
        """The list of references, a paragraph or item each."""
        mark = "" if self._style in NUMBERED else "- "
        for entry in entries(self._style, [_work(self._sources[one]) for one in self._numbers]):
            yield f"{mark}{entry}"

    @property
    def notes(self) -> str:
        return "\n\n".join(self._notes)

    def _mention(self, section: str, claim: int) -> Mention:
        source = self._claims[claim].document
        proof = self._claims[claim].evidence[0]
        number = self._numbers.setdefault(source, len(self._numbers) + 1)
        places = self._cited.setdefault(source, [])
        for one in self._claims[claim].evidence:
            place = CitedPlace(
                section=section, place=one.place, quote=one.quote, start=one.start, end=one.end
            )
            if place not in places:
                places.append(place)
        note = len(self._notes) + 1 if self._style is CitationStyle.FOOTNOTES else 0
        mention = Mention(number, _work(self._sources[source]), proof.place, note)
        if note:
            self._notes.append(footnote(mention, proof.quote))
        return mention


def _work(source: SourceFacts) -> Work:
    return Work(source.title, source.author, source.location or source.name)
