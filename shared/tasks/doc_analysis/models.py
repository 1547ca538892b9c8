"""What passes between the steps of a document analysis, what the model answers, and the result."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.documents.extracts import Block, Unread
from shared.models import Model
from shared.tasks import base

_Words = Annotated[str, StringConstraints(max_length=16_000)]


class Stage(StrEnum):
    ANALYSING = "analysing"
    CONDENSING = "condensing"
    CONCLUDING = "concluding"


class AnalysisType(StrEnum):
    """The kinds of analysis that have a prompt of their own, `kinds/{kind}.md`."""

    SUMMARY = "summary"
    TECHNICAL_REVIEW = "technical_review"
    REQUIREMENTS = "requirements"
    RISK = "risk"
    CONTRACT = "contract"
    COMPARISON = "comparison"


class TaskData(base.TaskData):
    """`analysis_type` is one of the built-in kinds, or the requester's own words for another."""

    analysis_type: _Words | None = None
    instructions: _Words | None = None

    @property
    def kind(self) -> AnalysisType | None:
        """The built-in kind that is asked for: a summary where nothing is."""
        named = "_".join((self.analysis_type or AnalysisType.SUMMARY).lower().split())
        return AnalysisType(named) if named in set(AnalysisType) else None


class Kind(StrEnum):
    """What a claim is to those who ask."""

    FACT = "fact"
    CLAIM = "claim"
    REQUIREMENT = "requirement"
    RISK = "risk"


Importance = Literal[1, 2, 3, 4, 5]


class Said(Model):
    """A claim as the model proposes it."""

    kind: Kind
    importance: Importance
    text: str
    quotes: list[str]


class Analysis(Model):
    """The model's answer about one chunk."""

    summary: str
    claims: list[Said]
    gaps: list[str]
    recommendations: list[str]


class Merged(Model):
    """What the model makes of several claims, by their numbers."""

    kind: Kind
    importance: Importance
    text: str
    claims: list[int]


class Condensed(Model):
    """The model's answer about a group of parts."""

    summary: str
    points: list[Merged]
    gaps: list[str]
    recommendations: list[str]


class Relation(StrEnum):
    AGREEMENT = "agreement"
    CONFLICT = "conflict"


class Related(Model):
    """Claims of different documents that agree or contradict each other."""

    relation: Relation
    text: str
    claims: list[int]


class AboutDocument(Model):
    document: int
    summary: str


class Conclusion(Model):
    """The model's answer about everything."""

    summary: str
    documents: list[AboutDocument]
    insights: list[Merged]
    relations: list[Related]
    gaps: list[str]
    recommendations: list[str]


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
    kind: Kind
    importance: Importance
    text: str
    evidence: list[Evidence]


class Chunk(Model):
    """A piece of a document, `start` characters into its text."""

    start: int
    headings: list[str]
    blocks: list[Block]

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.blocks)


class Part(Model):
    """What is known of a stretch of one document or, higher up, of several (`documents`, by
    number): points that rest on claims, by number. `level` is how often parts were condensed to
    make it, `about` what was said of whole documents before they were merged with others, and
    `points_dropped` how many points rested on nothing."""

    level: int = 0
    documents: list[int]
    summary: str
    about: list[AboutDocument] = []
    points: list[Merged]
    gaps: list[str]
    recommendations: list[str]
    points_dropped: int = 0


class Outcome(Model):
    """What came of one chunk."""

    document: int
    summary: str
    claims: list[Claim]
    gaps: list[str]
    recommendations: list[str]
    quotes_dropped: int
    claims_dropped: int


class Tally(Model):
    """What came of the chunks: a claim is dropped when none of its quotes is there."""

    claims_found: int = 0
    claims_dropped: int = 0
    duplicates_merged: int = 0
    quotes_found: int = 0
    quotes_dropped: int = 0


class Concluded(Model):
    """What came of concluding: every number is one of a claim or document that there is."""

    conclusion: Conclusion
    points_dropped: int
    relations_dropped: int


class Document(Model):
    """A file and how much of it was read; `fault` says why nothing was, and `advice` what to do."""

    id: str
    name: str
    content_type: str
    title: str | None = None
    author: str | None = None
    summary: str = ""
    characters: int = 0
    chunks: int = 0
    pages: int | None = None
    pages_read: int | None = None
    unread: list[Unread] = []
    notes: list[str] = []
    fault: str | None = None
    advice: str | None = None


class Insight(Model):
    text: str
    kind: Kind
    importance: Importance
    evidence: list[Evidence]


class Finding(Model):
    """Where documents agree or contradict each other, with a quote from each."""

    text: str
    evidence: list[Evidence]


class Coverage(Tally):
    """How much of what there was is in the analysis; `statement` says it in words. Points and
    relations are dropped when they rest on no claim, or a relation on one document only."""

    statement: str
    documents: int
    documents_read: int
    pages: int
    pages_read: int
    characters: int
    chunks: int
    claims_used: int
    points_dropped: int
    relations_dropped: int


class Result(base.Result):
    documents: list[Document]
    insights: list[Insight]
    gaps: list[str]
    recommendations: list[str]
    conflicts: list[Finding]
    agreements: list[Finding]
    coverage: Coverage
    analysis: str
