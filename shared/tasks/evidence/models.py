"""Pieces of documents, and what the model claims of them."""

from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from shared.documents.extract import Block
from shared.models import Model, Sparse
from shared.tasks.evidence.llm_output import ClaimKind, Importance


class Chunk(Model):
    """A piece of a document, `start` characters into its text. `left_out` are lines for which HOLE
    stands in it."""

    start: int
    headings: list[str]
    blocks: list[Block]
    left_out: list[str] = []

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)


class Reckoned(Model):
    """A value of the rows of a table: `sum(price) where region is “North”`."""

    function: str
    value: str

    @property
    def text(self) -> str:
        return f"{self.function} = {self.value}"


class Evidence(Sparse):
    """`quote` stands in the extracted text of the document at the offsets `start` to `end` (in
    characters), word for word; `place` says where that is in the file. Of a table that was profiled
    the evidence is what the program `computed` of the rows and columns that `place` names."""

    left_out = ("quote", "start", "end", "computed")

    document: str
    place: str
    quote: str = ""
    start: int = 0
    end: int = 0
    computed: Reckoned | None = None

    @property
    def text(self) -> str:
        """What a sentence may rest on."""
        return self.quote if self.computed is None else self.computed.text

    @model_serializer(mode="wrap")
    def _leave_out_other(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Evidence is a quote or a reckoned value."""
        values: dict[str, Any] = serialize(self)
        gone = ("computed",) if self.computed is None else ("quote", "start", "end")
        return {name: value for name, value in values.items() if name not in gone}


class Claim(Model):
    """A claim that at least one quote backs. `document` is the number of its document, from 0."""

    document: int
    kind: ClaimKind
    importance: Importance
    text: str
    evidence: list[Evidence]
