"""The paragraphs and tables of a Word document as blocks, each followed by what hangs on it."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from shared.documents.docx.changes import (
    KIND_OF_TAG,
    Changes,
    View,
    account,
    edits,
    is_in,
    join_spans,
    within,
)
from shared.documents.docx.embedded import is_word, read_embedded
from shared.documents.docx.inline import Inline, change, mark, read_changes
from shared.documents.docx.notes import Notes
from shared.documents.docx.numbering import Numbering
from shared.documents.docx.package import DocxLimits, Package, too_large
from shared.documents.docx.passages import (
    Aside,
    DescribedPart,
    Drawn,
    Embedded,
    Missing,
    Nested,
    Reference,
)
from shared.documents.docx.styles import PLAIN, Style, Styles
from shared.documents.docx.xml import Element, child, local
from shared.documents.extract import Block

_WRAPPERS = {"body", "sdt", "sdtContent", "customXml", "smartTag"}
_MAX_HEADING = 200
_MAX_EMBEDDED = 3  # documents within documents
_PARAGRAPH_END = "\n\n"
_ROW_END = "\n"


class Body:
    """Reads a document into `blocks`. `missing` names places and what is there that cannot be read;
    `changes` counts the tracked changes.

    Paragraphs are numbered as they are met: those with text or with something else on them, and the
    rows of tables. Beside the running text nothing is numbered.
    """

    def __init__(self, package: Package, limits: DocxLimits, view: View, *, depth: int = 0) -> None:
        self.blocks: list[Block] = []
        self.missing: dict[tuple[str, str], None] = {}
        self.changes = 0
        self.has_hidden_text = False
        self._package, self._limits, self._view = package, limits, view
        self._depth = depth
        self._styles = Styles(package.roots("styles"))
        self._numbering = Numbering(package.roots("numbering"))
        self._notes = Notes(package)
        self._inline = Inline(self._styles)
        self._headings: list[tuple[int, str]] = []
        self._part: str | None = None
        self._paragraph = 0
        self._characters = 0
        self._waiting: deque[tuple[Aside, str, str | None]] = deque()
        self._is_draining = False

    def read(self) -> None:
        """Everything there is. Raises Unreadable."""
        self._story(self._package.main(), None, ())
        self._headings.clear()
        for note in self._notes.rest():
            self._story(note.element, note.name, ())
        for kind in ("header", "footer"):
            self._margins(kind)

    def _margins(self, kind: str) -> None:
        """Headers or footers, each text once: most documents have the same for many pages."""
        seen = set()
        for root in self._package.roots(kind):
            start = len(self.blocks)
            self._story(root, kind, ())
            text = "".join(block.text for block in self.blocks[start:])
            if text in seen:
                del self.blocks[start:]
            seen.add(text)

    def _story(self, element: Element, part: str | None, changes: Changes) -> None:
        with self._beside(part):
            self._descend(element, changes)
            self._end(PLAIN)

    @contextmanager
    def _beside(self, part: str | None) -> Iterator[None]:
        outer, self._part = self._part, part
        yield
        self._part = outer

    def _descend(self, element: Element, changes: Changes) -> None:
        for inner in element:
            name = local(inner)
            if name == "p":
                self._take_paragraph(inner, changes)
            elif name == "tbl":
                self._end(PLAIN)
                self._take_table(inner, changes)
            elif name in KIND_OF_TAG:
                self._descend(inner, within(changes, change(inner)))
            elif name in _WRAPPERS:
                self._descend(inner, changes)
            elif name == "altChunk":
                self._end(PLAIN)
                self._inline.gather([inner], changes)
                self._end(PLAIN)
            else:
                self._inline.gather([inner], changes)

    def _take_paragraph(self, element: Element, changes: Changes) -> None:
        """A paragraph whose end is not there in the view goes on in the next one."""
        properties = child(element, "pPr")
        style = self._styles.of_paragraph(properties)
        self._inline.around = style
        self._inline.gather(element, changes)
        self._inline.around = PLAIN
        if style.hidden:
            self._inline.passage.hidden = True
        end = mark(properties, changes)
        self._inline.passage.add("\n", end)
        if is_in(end, self._view):
            self._end(style)

    def _take_table(self, element: Element, changes: Changes) -> None:
        """A row with one cell is a frame around text, and read as such."""
        for row, row_changes in _below(element, "tr", changes):
            cells = list(_below(row, "tc", row_changes))
            for at, (cell, cell_changes) in enumerate(cells):
                if len(cells) == 1:
                    self._descend(cell, cell_changes)
                    continue
                if at:
                    self._inline.passage.next_cell(cell_changes)
                self._inline.gather(cell, cell_changes)
            self._end(PLAIN, _ROW_END)

    def _end(self, style: Style, separator: str = _PARAGRAPH_END) -> None:
        """The passage that was gathered becomes blocks."""
        passage = self._inline.done()
        label = self._label(style)
        if not passage.has_text() and not passage.asides:
            return
        if self._part is None:
            self._paragraph += 1
        place = self._part or f"paragraph {self._paragraph}"
        self.has_hidden_text |= passage.hidden
        if passage.has_text(self._view):
            self._say(label + join_spans(passage.spans, self._view), style, separator)
        if found := edits(passage.spans):
            self.changes += len(found)
            told = account(passage.spans, found, self._view)
            self._add(f"{told}{_PARAGRAPH_END}", f"tracked change in {place}")
        self._waiting += ((aside, place, self._part) for aside in passage.asides)
        self._drain()

    def _label(self, style: Style) -> str:
        if style.list_id in (None, "0"):
            return ""
        level = style.list_level or 0
        label = self._numbering.label(str(style.list_id), level)
        if not label:
            return ""
        return f"{label} " if style.is_heading else f"{'  ' * level}{label} "

    def _say(self, text: str, style: Style, separator: str) -> None:
        """A heading stands below those of higher levels, and above what comes."""
        if not style.is_heading or self._part is not None:
            self._add(text + separator, self._part)
            return
        level = style.level or 0
        while self._headings and self._headings[-1][0] >= level:
            self._headings.pop()
        self._add(text + separator, None)
        self._headings.append((level, " ".join(text.split())[:_MAX_HEADING]))

    def _add(self, text: str, part: str | None, below: Sequence[str] = ()) -> None:
        self._characters += len(text)
        if self._characters > self._limits.characters:
            raise too_large(f"it has more than {self._limits.characters} characters")
        headings = [*(heading for _, heading in self._headings), *below]
        paragraph = None if part else self._paragraph
        self.blocks.append(Block(text=text, headings=headings, paragraph=paragraph, part=part))

    def _drain(self) -> None:
        """What hangs on a passage may have something on it in turn: that is read after it, not
        within it, however long the chain."""
        if self._is_draining:
            return
        self._is_draining = True
        while self._waiting:
            aside, place, part = self._waiting.popleft()
            with self._beside(part):
                self._take_aside(aside, place)
        self._is_draining = False

    def _take_aside(self, aside: Aside, place: str) -> None:
        match aside:
            case Reference(kind, note_id, changes):
                for note in self._notes.take(kind, note_id):
                    self._story(note.element, note.name, changes)
            case Nested(element, changes) if local(element) == "tbl":
                self._take_table(element, changes)
            case Nested(element, changes):
                self._story(element, f"text box in {place}", changes)
            case DescribedPart(text, changes):
                with self._beside(f"image in {place}"):
                    self._inline.passage.add(text, changes)
                    self._end(PLAIN)
            case Drawn():
                self._take_drawing(aside, place)
            case Embedded(relationship):
                self._take_embedded(relationship, place)
            case Missing(what):
                self.missing[place, what] = None

    def _take_drawing(self, drawn: Drawn, place: str) -> None:
        is_in_main = local(drawn.element.getroottree().getroot()) == "document"
        root = self._package.target(drawn.relationship) if is_in_main else None
        if root is None:
            self.missing[place, f"a {drawn.kind}"] = None
            return
        with self._beside(f"{drawn.kind} in {place}"):
            self._inline.gather(root, drawn.changes)
            self._end(PLAIN)

    def _take_embedded(self, relationship: str, place: str) -> None:
        """A document within this one, at its place in the text."""
        part = self._package.read_linked(relationship)
        found = part and self._read_embedded(*part)
        if not found:
            self.missing[place, "an embedded document"] = None
            return
        for block in found:
            self._paragraph += self._part is None and block.part is None
            self._add(block.text, block.part or self._part, block.headings)

    def _read_embedded(self, name: str, data: bytes) -> list[Block]:
        if not is_word(data):
            extract = read_embedded(data)
            return extract.blocks if extract else []
        if self._depth == _MAX_EMBEDDED:
            raise too_large("documents within it hold others, and so on")
        body = Body(Package(data, self._limits), self._limits, self._view, depth=self._depth + 1)
        body.read()
        self.missing |= {(f"{place} of {name}", what): None for place, what in body.missing}
        self.changes += body.changes
        self.has_hidden_text |= body.has_hidden_text
        return body.blocks


def _below(element: Element, name: str, changes: Changes) -> Iterator[tuple[Element, Changes]]:
    """The elements of a name, through whatever wraps them, and the changes they are part of."""
    for inner in element:
        found = local(inner)
        if found == name:
            yield inner, read_changes(child(inner, f"{name}Pr"), changes)
        elif found in KIND_OF_TAG:
            yield from _below(inner, name, within(changes, change(inner)))
        elif len(inner) and not found.endswith("Pr"):
            yield from _below(inner, name, changes)
