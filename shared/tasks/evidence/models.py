"""Pieces of documents, and what the model claims of them."""

from shared.documents.extract import Block
from shared.models import Model
from shared.tasks.evidence.llm_output import ClaimKind, Importance


class Chunk(Model):
    """A piece of a document, `start` characters into its text."""

    start: int
    headings: list[str]
    blocks: list[Block]

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)


class Evidence(Model):
    """`quote` stands in the extracted text of the document at the offsets `start` to `end` (in
    characters), word for word; `place` says where that is in the file."""

    document: str
    place: str
    quote: str
    start: int
    end: int


class Claim(Model):
    """A claim that at least one quote backs. `document` is the number of its document, from 0."""

    document: int
    kind: ClaimKind
    importance: Importance
    text: str
    evidence: list[Evidence]
