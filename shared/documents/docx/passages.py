"""What a paragraph or a row of a table holds: its text with its changes, and what hangs on it
beside the line."""

from dataclasses import dataclass, field

from shared.documents.docx.changes import PLAIN_LOOK, ChangedSpan, Changes, Look, View, is_in
from shared.documents.docx.xml import Element

NEXT_CELL = " | "


@dataclass(frozen=True, slots=True)
class Reference:
    """To a `footnote`, an `endnote` or a `comment`."""

    kind: str
    note_id: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class Nested:
    """A text box, or a table within a row: paragraphs and tables of its own."""

    element: Element
    changes: Changes


@dataclass(frozen=True, slots=True)
class DescribedPart:
    """What is said of an image to those who do not see it."""

    text: str
    changes: Changes


@dataclass(frozen=True, slots=True)
class Drawn:
    """A `chart` or `diagram`, whose text is in the part that a relationship of the part leads to
    that `element` stands in."""

    kind: str
    relationship: str
    element: Element
    changes: Changes


@dataclass(frozen=True, slots=True)
class Missing:
    """Something whose content cannot be read."""

    what: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """A document within the document, in the part that a relationship leads to."""

    relationship: str


Aside = Reference | Nested | DescribedPart | Drawn | Embedded | Missing


@dataclass(slots=True)
class Passage:
    """`hidden` says that some of the text is hidden from readers. A `gap` is the mark at the
    end of a paragraph, by its changes: it becomes a space when more comes in the same cell.
    `look` is that of what is added next."""

    spans: list[ChangedSpan] = field(default_factory=list)
    asides: list[Aside] = field(default_factory=list)
    hidden: bool = False
    look: Look = PLAIN_LOOK
    gap: Changes | None = None
    _descriptions: set[str] = field(default_factory=set)

    def has_text(self, view: View | None = None) -> bool:
        """Whether there is more than white space, in a view or in any."""
        texts = (span for span in self.spans if span.text != NEXT_CELL and span.text.strip())
        return any(view is None or is_in(span.changes, view) for span in texts)

    def add(self, text: str, changes: Changes) -> None:
        if text:
            if self.gap is not None:
                self.spans.append(ChangedSpan(" ", self.gap))
                self.gap = None
            self.spans.append(ChangedSpan(text, changes, self.look))

    def next_cell(self, changes: Changes) -> None:
        self.gap = None
        self.add(NEXT_CELL, changes)

    def next_image(self) -> None:
        self._descriptions.clear()

    def describe(self, text: str, changes: Changes) -> None:
        """What comes now is described, perhaps once more."""
        if text and text not in self._descriptions:
            self._descriptions.add(text)
            self.asides.append(DescribedPart(text, changes))

    def image(self) -> None:
        """There is an image: it must have been described."""
        if not self._descriptions:
            self.asides.append(Missing("an image without a description"))

    def note_embedded(self) -> None:
        """There is an object of another program; the image that stands for it says nothing."""
        self.asides.append(Missing("an embedded object"))
        self._descriptions.add("an embedded object")
