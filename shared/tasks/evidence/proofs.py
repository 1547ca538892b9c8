"""Which quotes of a claim are in the text that it is about, and where."""

from collections.abc import Iterable

from shared.documents.extract import Places
from shared.documents.quotes import Folded
from shared.tasks.evidence.llm_output import Said
from shared.tasks.evidence.models import Chunk, Claim, Evidence


class Proofs:
    """Finds quotes in a chunk of a document; `dropped` counts those that are not there."""

    def __init__(self, chunk: Chunk, document: int, name: str) -> None:
        self._text = chunk.text
        self._folded = Folded(self._text)
        self._start = chunk.start
        self._places = Places(chunk.blocks, chunk.start)
        self._document = document
        self._name = name
        self.dropped = 0

    def claims(self, said: Iterable[Said]) -> list[Claim]:
        """Those claims that say something and have a quote that is there, each once."""
        proved = map(self.prove, said)
        return list({claim.model_dump_json(): claim for claim in proved if claim}.values())

    def prove(self, said: Said) -> Claim | None:
        """The claim with those of its quotes that are in the chunk, as they stand there; None for
        one that says nothing, or has no such quote."""
        spans = [self._folded.find(quote) for quote in said.quotes]
        self.dropped += spans.count(None)
        evidence = [self._evidence(*span) for span in sorted({span for span in spans if span})]
        if not said.text or not evidence:
            return None
        return Claim(
            document=self._document,
            kind=said.kind,
            importance=said.importance,
            text=said.text,
            evidence=evidence,
        )

    def _evidence(self, start: int, end: int) -> Evidence:
        first, last = self._start + start, self._start + end
        place = self._places.place(first, last)
        quote = self._text[start:end]
        return Evidence(document=self._name, place=place, quote=quote, start=first, end=last)
