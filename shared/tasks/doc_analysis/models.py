"""What a document analysis is asked for, what passes between its steps, and its result."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator

from shared.documents.extract import Unread
from shared.models import Model
from shared.tasks import base
from shared.tasks.doc_analysis.llm_output import AboutDocument, Point, Related
from shared.tasks.evidence.llm_output import ClaimKind, Importance, Statement
from shared.tasks.evidence.models import Claim, Evidence
from shared.tasks.task_data import MAX_REQUEST


class AnalysisType(StrEnum):
    """The kinds of analysis that have a prompt of their own, `kinds/{kind}.md`."""

    SUMMARY = "summary"
    TECHNICAL_REVIEW = "technical_review"
    REQUIREMENTS = "requirements"
    RISK = "risk"
    CONTRACT = "contract"
    COMPARISON = "comparison"


EXHAUSTIVE = {AnalysisType.REQUIREMENTS, AnalysisType.RISK, AnalysisType.CONTRACT}
"""Kinds of analysis in which nothing may be missing: what the conclusion leaves out is added."""


class TaskData(base.TaskData):
    """`analysis_type` is one of the built-in kinds, or the requester's own words for another."""

    max_tokens = {"analysis_type": MAX_REQUEST, "instructions": MAX_REQUEST}

    analysis_type: str | None = None
    instructions: str | None = None

    @property
    def kind(self) -> AnalysisType | None:
        """The built-in kind that is asked for: a summary where nothing is."""
        words = (self.analysis_type or AnalysisType.SUMMARY).lower().replace("-", " ")
        named = "_".join(words.split())
        return AnalysisType(named) if named in set(AnalysisType) else None


class AnswerPart(StrEnum):
    """What sentences of the model are part of, as people are told of those that go."""

    SUMMARY = "of the summary"
    DOCUMENTS = "about documents"
    CLAIMS = "of insights"
    RELATIONS = "on conflicts and agreements"
    GAPS = "on gaps"
    RECOMMENDATIONS = "of recommendations"


Dropped = dict[AnswerPart, int]
"""How many sentences went because no quote proves them."""


def _leave_unfounded(said: Any) -> Any:
    """Texts that name no claims, as earlier versions kept them, are not proved."""
    if isinstance(said, str):
        return []
    return [one for one in said if not isinstance(one, str)] if isinstance(said, list) else said


Statements = Annotated[list[Statement], BeforeValidator(_leave_unfounded)]


class Outcome(Model):
    """What came of one chunk; its statements name its claims by their places in the list.
    Of the places that are `unanswered` the model had no proper answer; it is not answered at all
    where that is the whole chunk."""

    document: int
    summary: Statements
    claims: list[Claim]
    gaps: Statements
    recommendations: Statements
    quotes_dropped: int
    claims_dropped: int
    dropped: Dropped = {}
    unanswered: list[Unread] = []
    is_answered: bool = True


class Tally(Model):
    """What came of the chunks: a claim is dropped when none of its quotes is there."""

    claims_found: int
    claims_dropped: int
    duplicates_merged: int
    quotes_found: int
    quotes_dropped: int


class Account(Model):
    """All claims of a ticket, by number, and the places, by the number of their document, about
    which the model had no proper answer."""

    claims: list[Claim]
    tally: Tally
    unanswered: dict[int, list[Unread]] = {}


class Grounded(Point):
    """A point, and the documents that its claims are of, by number."""

    documents: list[int]


class Part(Model):
    """What is known of a chunk or, higher up, of many: points that rest on claims, by number.

    `documents` are those it is about, by number, and `about` what was said of each: once when all
    that is known of it is in here. `level` is how often parts were merged to make it. Points and
    relations are dropped when they rest on no claims, or a relation on those of one document.
    """

    level: int = 0
    documents: list[int]
    summary: Statements
    about: list[AboutDocument]
    points: list[Grounded]
    relations: list[Related] = []
    gaps: Statements
    recommendations: Statements
    dropped: Dropped = {}
    points_dropped: int = 0
    relations_dropped: int = 0


class Document(Model):
    """A file and how much of it was read; `fault` says why nothing was, and `advice` what to do.
    `rows` is how many a table has that was profiled instead of being read.
    `encoding` is that in which a text was read, by Python's name."""

    id: str
    name: str
    content_type: str
    title: str | None = None
    author: str | None = None
    encoding: str | None = None
    summary: str = ""
    characters: int = 0
    chunks: int = 0
    pages: int | None = None
    pages_read: int | None = None
    unread: list[Unread] = []
    rows: int | None = None
    notes: list[str] = []
    fault: str | None = None
    advice: str | None = None


class Insight(Model):
    text: str
    kind: ClaimKind
    importance: Importance
    evidence: list[Evidence]


class Finding(Model):
    """Where documents agree or contradict each other, with a quote from each."""

    text: str
    evidence: list[Evidence]


class Coverage(Tally):
    """How much of what there was is in the analysis; `statement` says it in words."""

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
