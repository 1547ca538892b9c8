"""What passes between the steps of a paper, and its result."""

from collections.abc import Sequence
from enum import StrEnum

from shared.documents.export.template import Template
from shared.models import Model
from shared.tasks import base
from shared.tasks.evidence.models import Claim
from shared.tasks.paper_writing.llm_output import Labels, Term

MAX_REPAIRS = 2


class SourceFacts(Model):
    """A source as it was read: `location` is its file's name or its address, None for a text that
    the requester gave; `digest` is of its text; `warnings` say what of it was not read."""

    name: str
    title: str
    author: str | None
    location: str | None
    chunks: int
    digest: str
    warnings: list[str] = []


class Section(Model):
    """A section of the outline. `words` is its budget; `requirements` are the numbers of points,
    from 1."""

    title: str
    purpose: str
    words: int
    subsections: list[str] = []
    claims: list[str] = []
    requirements: list[int] = []


class Outline(Model):
    """The plan of the paper; `abstract_words` are beside those of the sections."""

    voice: str
    glossary: list[Term]
    labels: Labels
    abstract_words: int
    sections: list[Section]
    notes: list[str] = []


class SavedOutline(Model):
    """An outline with what it was made for, so that a later attempt can tell whether it still
    holds."""

    brief: str
    points: list[str]
    outline: Outline


class ReadChunk(Model):
    """What came of one chunk of a source."""

    source: int
    claims: list[Claim]
    quotes_dropped: int


class FaultKind(StrEnum):
    LENGTH = "length"
    OUTLINE = "outline"
    NUMBER = "number"
    QUOTE = "quote"
    CITATION = "citation"
    CODE = "code"
    REPETITION = "repetition"
    REQUIREMENT = "requirement"


INVENTED = {FaultKind.NUMBER, FaultKind.QUOTE, FaultKind.CITATION}
"""What is never delivered: the sentences are left out at last."""


class Fault(Model):
    """What is wrong with a section, in words for its writer, and the passages that are meant."""

    kind: FaultKind
    advice: str
    passages: list[str] = []


class Draft(Model):
    """A section as it was written, or rewritten for the `tries`-th time."""

    section: int
    tries: int
    title: str
    text: str
    words: int
    faults: list[Fault]


class Verdict(Model):
    """Whether a requirement is met, as judged when its section had been rewritten `tries` times;
    `sentence` stands in the section and shows it."""

    requirement: int
    met: bool
    section: int
    sentence: str
    why: str
    tries: int


class Verdicts(Model):
    verdicts: list[Verdict]


class Polished(Model):
    """The sections as they are delivered: what was left out is counted by kind."""

    texts: list[str]
    left_out: dict[str, int]
    edits: int = 0


class FrontMatter(Model):
    """Title and abstract; `faults` are those of the abstract."""

    title: str
    abstract: str
    tries: int
    faults: list[Fault]


class OutlineEntry(Model):
    """A heading of the paper. `words_asked` is None for the references, which nobody asked for."""

    title: str
    level: int
    purpose: str = ""
    words_asked: int | None = None
    words: int | None = None


class SectionWords(Model):
    section: str
    asked: int
    got: int


class WordCounts(Model):
    """Without code, citations and references."""

    asked: int
    got: int
    sections: list[SectionWords]


class CitedPlace(Model):
    """A claim that a section cites: `quote` stands in the source's text, word for word, at the
    offsets `start` to `end`."""

    section: str
    place: str
    quote: str
    start: int
    end: int


class Reference(Model):
    number: int
    title: str
    author: str | None
    location: str
    cited: list[CitedPlace]


class Coverage(Model):
    """A requirement and the section that meets it, or why none does."""

    point: str
    section: str | None
    met: bool
    why: str


class Target(Model):
    """Something that a paper is held to, and whether it holds."""

    name: str
    held: bool
    detail: str


class Result(base.Result):
    title: str
    is_complete: bool = True
    outline: list[OutlineEntry]
    word_counts: WordCounts
    references: list[Reference]
    requirements: list[Coverage]
    targets: list[Target]
    sentences_left_out: dict[str, int]
    paper_content: str
    template: Template | None = None


def latest(drafts: Sequence[Draft]) -> dict[int, Draft]:
    """The last draft of each section."""
    return {one.section: one for one in sorted(drafts, key=lambda one: one.tries)}
