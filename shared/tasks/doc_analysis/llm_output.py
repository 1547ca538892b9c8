"""What the model answers: about a chunk, and about what is known of several."""

from enum import StrEnum

from shared.models import Model
from shared.tasks.evidence.llm_output import ClaimKind, Importance, Line, Lines, Said, Words


class Analysis(Model):
    """The answer about one chunk."""

    summary: Words
    claims: list[Said]
    gaps: Lines
    recommendations: Lines


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
    """What a document says; `document` is its number, from 0."""

    document: int
    summary: Line


class Conclusion(Model):
    """The answer about several parts."""

    summary: Words
    documents: list[AboutDocument]
    insights: list[Point]
    relations: list[Related]
    gaps: Lines
    recommendations: Lines
