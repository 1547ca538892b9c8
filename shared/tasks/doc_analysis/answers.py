"""What the model answers: about a chunk, and about what is known of several."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator

from shared.models import Model


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text.strip()


def _without_blank(texts: list[str]) -> list[str]:
    return [text.strip() for text in texts if text.strip()]


# As validators and not as constraints, which strict structured output does not allow.
Sentences = Annotated[str, AfterValidator(_not_blank)]
Points = Annotated[list[str], AfterValidator(_without_blank)]
Importance = Literal[1, 2, 3, 4, 5]


class Kind(StrEnum):
    """What a claim is to those who ask."""

    FACT = "fact"
    CLAIM = "claim"
    REQUIREMENT = "requirement"
    RISK = "risk"


class Said(Model):
    """A claim as the model proposes it."""

    kind: Kind
    importance: Importance
    text: str
    quotes: list[str]


class Analysis(Model):
    """The answer about one chunk."""

    summary: Sentences
    claims: list[Said]
    gaps: Points
    recommendations: Points


class Point(Model):
    """What the model makes of several claims, by their numbers."""

    kind: Kind
    importance: Importance
    text: str
    claims: list[int]


class Relation(StrEnum):
    AGREEMENT = "agreement"
    CONFLICT = "conflict"


class Related(Model):
    """Claims of different documents that agree or contradict each other."""

    relation: Relation
    text: str
    claims: list[int]


class AboutDocument(Model):
    """What a document says; `document` is its number, from 0."""

    document: int
    summary: str


class Conclusion(Model):
    """The answer about several parts."""

    summary: Sentences
    documents: list[AboutDocument]
    insights: list[Point]
    relations: list[Related]
    gaps: Points
    recommendations: Points
