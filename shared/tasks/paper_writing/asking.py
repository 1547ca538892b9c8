"""The outline shown to people before anything is written, and sent back as they would have it."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints, ValidationError

from shared.models import Inquiry, InquiryKind, Model
from shared.tasks.paper_writing.llm_output import Term
from shared.tasks.paper_writing.models import Outline, Section
from shared.tasks.paper_writing.outlining import MAX_SECTIONS, MAX_TITLE, budget, place, plain_title
from shared.tasks.paper_writing.task_data import TaskData

_Title = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TITLE)
]
_Line = Annotated[str, StringConstraints(max_length=1_000)]
_TEXT = (
    "Please look over the outline. Send it back as the answer, changed or as it is: its sections "
    "are written in this order, with words in proportion to theirs."
)


class EditedSection(Model):
    """A section as people want it; without `words` it gets an equal share."""

    title: _Title
    purpose: _Line = ""
    words: Annotated[int, Field(ge=1, le=100_000)] | None = None
    subsections: Annotated[list[_Title], Field(max_length=12)] = []
    claims: Annotated[list[_Line], Field(max_length=20)] = []
    requirements: list[int] = []


class EditedOutline(Model):
    """The answer: what is left out beside the sections stays as it was."""

    sections: Annotated[list[EditedSection], Field(min_length=1, max_length=MAX_SECTIONS)]
    voice: _Line | None = None
    glossary: Annotated[list[Term], Field(max_length=50)] | None = None


def ask(outline: Outline) -> Inquiry:
    shown = outline.model_dump(mode="json", include={"voice", "glossary", "sections"})
    return Inquiry(kind=InquiryKind.OUTLINE, text=_TEXT, outline=shown)


def check_outline(data: TaskData, inquiry: Inquiry, answer: Any) -> None:
    """Raises ValueError, whose text says what is wanted."""
    try:
        edited = EditedOutline.model_validate(answer)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place_ = ".".join(map(str, fault["loc"])) or "the answer"
        raise ValueError(
            f"must be an outline as the question has one; {place_}: {fault['msg']}."
        ) from None
    titles = [plain_title(one.title).casefold() for one in edited.sections]
    if not all(titles):
        raise ValueError("must have a title for each section that is more than markup.")
    if len(set(titles)) < len(titles):
        raise ValueError("must have a title of its own for each section.")


def apply_edits(outline: Outline, answer: Any, data: TaskData) -> Outline:
    """The outline as it was sent back, within the length that was asked for."""
    edited = EditedOutline.model_validate(answer)
    usual = max(1, data.words // len(edited.sections))
    sections = [
        Section(
            title=plain_title(one.title),
            purpose=one.purpose,
            words=one.words or usual,
            subsections=list(dict.fromkeys(filter(None, map(plain_title, one.subsections)))),
            claims=one.claims,
            requirements=one.requirements,
        )
        for one in edited.sections
    ]
    shared = budget(sections, data.words - outline.abstract_words)
    return outline.model_copy(
        update={
            "sections": place(shared, data.points),
            "voice": edited.voice if edited.voice is not None else outline.voice,
            "glossary": outline.glossary if edited.glossary is None else edited.glossary,
        }
    )
