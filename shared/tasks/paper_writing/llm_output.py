"""What the model answers: an outline, claims of a source, a section, whether requirements are met,
edits, and what stands at the front."""

from typing import Annotated

from pydantic import AfterValidator

from shared.models import Model
from shared.statements.prose import with_characters, with_newlines
from shared.tasks.evidence.llm_output import Line, Lines, Said, Words


def _as_read(text: str) -> str:
    return with_characters(with_newlines(text))


Markdown = Annotated[str, AfterValidator(_as_read)]


class Term(Model):
    """A word of the glossary, and the words that are not to stand for it."""

    term: Words
    meaning: Line
    instead_of: Lines


class Labels(Model):
    """Words of the paper's language that the program writes."""

    abstract: Words
    references: Words
    table: Words
    cites_nothing: Words


class PlannedSection(Model):
    """`words` is its share; `claims` are what it says and no other section does; `requirements`
    are the numbers of the points that it meets."""

    title: Words
    purpose: Line
    words: int
    subsections: Lines
    claims: Lines
    requirements: list[int]


def _some(sections: list[PlannedSection]) -> list[PlannedSection]:
    if not sections:
        raise ValueError("there must be a section")
    return sections


class Plan(Model):
    """The answer about the whole paper."""

    voice: Line
    glossary: list[Term]
    labels: Labels
    sections: Annotated[list[PlannedSection], AfterValidator(_some)]


class Placed(Model):
    """Which sections, by number, meet a requirement."""

    requirement: int
    sections: list[int]


class Placement(Model):
    """The answer about changed requirements of a paper whose outline there is."""

    placed: list[Placed]


class Reading(Model):
    """The answer about one chunk of a source."""

    claims: list[Said]


class Part(Model):
    title: Line
    text: Markdown


class Written(Model):
    """A section: what stands before its first subsection, and the subsections."""

    text: Markdown
    subsections: list[Part]


class Judged(Model):
    """Whether a requirement is met: by which section, by number, in which sentence, or why not."""

    requirement: int
    met: bool
    section: int
    sentence: str
    why: Line


class Judgement(Model):
    """The answer about the requirements."""

    requirements: list[Judged]


class Edit(Model):
    """A passage of a section, word for word, and what is to stand there."""

    section: int
    passage: str
    instead: Markdown


class Edits(Model):
    """The answer about the whole text."""

    edits: list[Edit]


class Front(Model):
    """What is written last."""

    title: Words
    abstract: Markdown
