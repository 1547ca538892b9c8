"""The text of a file, as it was read."""

from typing import Annotated

from pydantic import Field

from shared.models.base import Model


class TextQuery(Model):
    """Which part of a text: from one character (0 is the first) up to another one, which is not in
    it. A longer part than 100,000 characters is cut off there."""

    start: Annotated[int, Field(ge=0, le=1_000_000_000, alias="from")] = 0
    end: Annotated[int | None, Field(ge=0, le=1_000_000_000, alias="to")] = None


class TextPlace(Model):
    """Where the characters from `start` to `end` stand in the file, in the words that a quote of
    them is named by: `p. 12`, `Term › Length, paragraph 3`, `line 40`, `footnote 3`."""

    start: int
    end: int
    place: str


class UnreadPlace(Model):
    """A place that holds something which is not in the text, and why."""

    place: str
    reason: str


class AttachmentText(Model):
    """The characters from `start` to `end` of the text of a file, of `characters` in all; offsets
    count Unicode code points, as those of the quotes of an analysis do. `places` are one after
    another and cover all of `text`."""

    attachment_id: str
    filename: str
    text: str
    start: int
    end: int
    characters: int
    places: list[TextPlace]
    pages: int | None = None
    notes: list[str] = []
    unread: list[UnreadPlace] = []
