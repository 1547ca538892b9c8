"""What a paper is asked for with."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from shared.documents.file_types import DOCX, kind_of_name
from shared.errors import UnsupportedMediaType
from shared.models import Model, Words
from shared.papers.references import CitationStyle
from shared.papers.requirements import MAX_POINTS, points
from shared.statements.prose import count_words
from shared.tasks import base
from shared.tasks.task_data import MAX_REQUEST

MIN_WORDS, MAX_WORDS = 200, 20_000
MAX_SOURCES = 50
_MAX_URL = 2_000
_MAX_REQUIREMENTS, _MAX_LINES = 100_000, 2_000
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*:/|//|www\.)\S*(?: \S+)?", re.IGNORECASE)
_LENGTHS = {"short": 1_000, "medium": 2_500, "long": 6_000}

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class PaperType(StrEnum):
    """The kinds of paper that have a prompt of their own, `kinds/{kind}.md`."""

    TECHNICAL_REPORT = "technical_report"
    RESEARCH_PAPER = "research_paper"
    WHITEPAPER = "whitepaper"
    TUTORIAL = "tutorial"
    DOCUMENTATION = "documentation"
    PROPOSAL = "proposal"


def _file_name(name: str) -> str:
    if re.search(r"[/\\]", name):
        raise ValueError("must be the name of an attachment, without a folder")
    return name


class TextSource(Model):
    """A text to write from."""

    text: Words
    title: _Line | None = None


class FileSource(Model):
    """An attachment of the ticket, by its name."""

    file: Annotated[_Line, AfterValidator(_file_name)]


class UrlSource(Model):
    """A page or file on one of the hosts that the setting SOURCE_URL_HOSTS lists."""

    url: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=_MAX_URL)]


Source = TextSource | FileSource | UrlSource


def _told_apart(source: Any) -> Any:
    """A string is an address, the name of a file, or else a text."""
    if not isinstance(source, str):
        return source
    if len(source) <= _MAX_URL and _ADDRESS.fullmatch(source.strip()):
        return {"url": source}
    return {"file": source} if _names_a_file(source.strip()) else {"text": source}


def _names_a_file(words: str) -> bool:
    if len(words) > 200 or "\n" in words or not re.search(r"\S\.[A-Za-z0-9]{1,10}$", words):
        return False
    try:
        kind_of_name(words)
    except UnsupportedMediaType:
        return False
    return True


def _on_lines(requirements: Any) -> Any:
    if isinstance(requirements, list) and all(isinstance(one, str) for one in requirements):
        return "\n".join(f"- {' '.join(one.split())}" for one in requirements)
    return requirements


def _few_points(requirements: str) -> str:
    # They are read as Markdown here and now, which takes ten milliseconds for a thousand lines.
    if len(requirements) > _MAX_REQUIREMENTS or len(requirements.splitlines()) > _MAX_LINES:
        raise ValueError(
            f"must be at most {_MAX_REQUIREMENTS} characters in {_MAX_LINES} lines,"
            f" and at most {MAX_POINTS} points"
        )
    if len(points(requirements)) > MAX_POINTS:
        raise ValueError(f"must be at most {MAX_POINTS} points")
    return requirements


def _known_style(style: Any) -> Any:
    return style.strip().lower() if isinstance(style, str) else style


def _word_file(name: str) -> str:
    if not name.lower().endswith(".docx") or kind_of_name(name) != DOCX:
        raise ValueError("must be the name of a .docx attachment")
    return name


class TaskData(base.TaskData):
    """`paper_type` is one of the built-in kinds, or the requester's own words for another. Without
    `sources` every attachment but the template is one."""

    max_tokens = {
        "topic": MAX_REQUEST,
        "paper_type": 1_000,
        "target_audience": 2_000,
        "requirements": 60_000,
        "style": 4_000,
        "language": 200,
    }

    topic: Words
    paper_type: Words = PaperType.TECHNICAL_REPORT.value
    target_audience: str | None = None
    length: (
        Literal["short", "medium", "long"]
        | Annotated[int, Field(ge=MIN_WORDS, le=MAX_WORDS, strict=True)]
    ) = "medium"
    requirements: (
        Annotated[
            str,
            BeforeValidator(_on_lines, json_schema_input_type=str | list[str]),
            AfterValidator(_few_points),
        ]
        | None
    ) = None
    style: str | None = None
    sources: (
        Annotated[
            list[
                Annotated[
                    Source, BeforeValidator(_told_apart, json_schema_input_type=Words | Source)
                ]
            ],
            Field(max_length=MAX_SOURCES),
        ]
        | None
    ) = None
    citation_style: Annotated[CitationStyle, BeforeValidator(_known_style)] = CitationStyle.IEEE
    language: Words | None = None
    template: Annotated[_Line, AfterValidator(_word_file)] | None = None
    outline_only: StrictBool = False

    @model_validator(mode="after")
    def _has_room(self) -> "TaskData":
        asked = count_words(self.requirements or "")
        if asked > self.words:
            raise ValueError(
                f"requirements has {asked} words, more than the paper is to have ({self.words})"
            )
        return self

    @property
    def words(self) -> int:
        """How many words the paper is to have."""
        return _LENGTHS[self.length] if isinstance(self.length, str) else self.length

    @property
    def points(self) -> list[str]:
        """The requirements, one by one."""
        return points(self.show("requirements"))

    @property
    def kind(self) -> PaperType | None:
        """The built-in kind that is asked for."""
        named = "_".join(self.paper_type.lower().replace("-", " ").split())
        return PaperType(named) if named in set(PaperType) else None

    @property
    def said(self) -> str:
        """All that the requester says of the paper; nothing in it was invented by a model."""
        known = ("topic", "paper_type", "target_audience", "requirements", "style")
        return "\n\n".join(filter(None, map(self.show, known)))

    def find_missing_files(self, filenames: Sequence[str]) -> list[str]:
        """The names of files that are wanted and are not among these."""
        wanted = [one.file for one in self.sources or () if isinstance(one, FileSource)]
        there = {name.casefold() for name in filenames}
        named = [*wanted, *([self.template] if self.template else [])]
        return [name for name in named if name.casefold() not in there]
