"""What the model answers: about a chunk, and about what is known of several."""

from enum import StrEnum

from shared.models import Model
from shared.tasks.evidence.llm_output import ClaimKind, Importance, Line, Said, Statement


class NumberedClaim(Said):
    """A claim under a number, by which the rest of the answer names it."""

    id: int


class Analysis(Model):
    """The answer about one chunk. All but the claims rests on them."""

    claims: list[NumberedClaim]
    summary: list[Statement]
    gaps: list[Statement]
    recommendations: list[Statement]


class Point(Model):
    """What the model makes of several claims, by their numbers."""

    kind: ClaimKind
    importance: Importance
    text: Line
    claims: list[int]


class Relation(StrEnum):
    AGREEMENT = "agreement"
    CONFLICT = "conflict"


class Related(Model):
    """Claims of different documents that agree or contradict each other."""

    relation: Relation
    text: Line
    claims: list[int]


class AboutDocument(Model):
    """What a document says, by claims of it; `document` is its number, from 0."""

    document: int
    summary: Line
    claims: list[int] = []


class Conclusion(Model):
    """The answer about several parts."""

    insights: list[Point]
    relations: list[Related]
    documents: list[AboutDocument]
    summary: list[Statement]
    gaps: list[Statement]
    recommendations: list[Statement]
