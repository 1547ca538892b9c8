"""What the model answers. The order of the fields is that in which it writes them: what it has seen
before what it makes of it."""

from typing import Annotated

from pydantic import AfterValidator

from shared.models import Model
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.pr_review.models import Category, Confidence, Severity, SuggestedChange

_MAX_TITLE, _MAX_TEXT = 200, 2_000


def _line(text: str) -> str:
    return " ".join(text.split())[:_MAX_TITLE]


def _text(text: str) -> str:
    return text.strip()[:_MAX_TEXT]


Line = Annotated[str, AfterValidator(_line)]
Text = Annotated[str, AfterValidator(_text)]


class Quoted(Model):
    """Lines of the diff; `line` only helps where the quote fits several places."""

    path: str
    line: int
    evidence_quote: str


class Described(Quoted):
    """A sentence on what changes, with lines that show it."""

    text: Text


class Proposed(Quoted):
    """A finding as the model proposes it."""

    title: Line
    body: Text
    category: Category
    severity: Severity
    confidence: Confidence
    suggestion: SuggestedChange | None


class Review(Model):
    """About one batch."""

    summary: list[Described]
    findings: list[Proposed]


class Ruling(Model):
    """What the second look says of a finding, by its number."""

    finding: int
    reason: str
    holds: bool
    severity: Severity


class Check(Model):
    """About the findings."""

    rulings: list[Ruling]


class Conclusion(Check):
    """About the findings, and about a change that was read in several parts: each sentence names
    the ones about parts that it rests on."""

    summary: list[Statement]
