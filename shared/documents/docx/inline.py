"""Reading what is below a paragraph, a row or a drawing into a passage, in the order in which it
stands there. Elements that are not known are gone through, so that nothing is lost in a wrapper;
those that end in `Pr` are properties and hold no text.
"""

from collections.abc import Callable, Iterable

from shared.documents.docx.changes import (
    KIND_OF_TAG,
    PLAIN_LOOK,
    ChangedSpan,
    Changes,
    Look,
    Script,
    TrackedChange,
    mark_looks,
    within,
)
from shared.documents.docx.passages import Drawn, Embedded, Nested, Passage, Reference
from shared.documents.docx.styles import PLAIN, Styles
from shared.documents.docx.symbols import symbol
from shared.documents.docx.xml import Element, attribute, child, local, number, switch, value

_Reader = Callable[["Inline", Element, Changes], None]


class Inline:
    """Fills one passage after another."""

    def __init__(self, styles: Styles) -> None:
        self._styles = styles
        self.passage = Passage()
        self.around = PLAIN
        """The style of the paragraph."""

    def done(self) -> Passage:
        """The passage as it is; what comes now goes into a new one."""
        passage, self.passage = self.passage, Passage()
        passage.spans = mark_looks(passage.spans)
        return passage

    def gather(self, elements: Iterable[Element], changes: Changes) -> None:
        """The elements, such as those below another one, and whatever is below them."""
        for inner in elements:
            name = local(inner)
            if name in _SIGNS:
                self.passage.add(_SIGNS[name], changes)
            elif name in _READERS:
                _READERS[name](self, inner, changes)
            elif name in KIND_OF_TAG:
                self.gather(inner, within(changes, change(inner)))
            elif len(inner) and not name.endswith("Pr"):
                self.gather(inner, changes)

    def _paragraph(self, element: Element, changes: Changes) -> None:
        """Within a line; or something like it, such as a point of a chart."""
        before = len(self.passage.spans)
        self.around = self._styles.of_paragraph(child(element, "pPr"))
        self.gather(element, changes)
        self.around = PLAIN
        if self.passage.gap is not None or len(self.passage.spans) > before:
            self.passage.gap = mark(child(element, "pPr"), changes)

    def _run(self, element: Element, changes: Changes) -> None:
        style = self._styles.of_run(child(element, "rPr"))
        self.passage.hidden |= bool(style.hidden)
        style = style.over(self.around)
        script = Script(style.script) if style.script in set(Script) else None
        self.passage.look = Look(struck=bool(style.struck), script=script)
        self.gather(element, changes)
        self.passage.look = PLAIN_LOOK

    def _text(self, element: Element, changes: Changes) -> None:
        self.passage.add(element.text or "", changes)
        self.gather(element, changes)

    def _skip_element(self, element: Element, changes: Changes) -> None:
        """The instructions of fields."""

    def _symbol(self, element: Element, changes: Changes) -> None:
        self.passage.add(symbol(attribute(element, "font"), attribute(element, "char")), changes)

    def _ruby(self, element: Element, changes: Changes) -> None:
        """The text, and in parentheses how it is pronounced, which is written before it."""
        base, above = child(element, "rubyBase"), child(element, "rt")
        if base is not None:
            self.gather(base, changes)
        if above is not None:
            self.passage.add("(", changes)
            self.gather(above, changes)
            self.passage.add(")", changes)

    def _alternatives(self, element: Element, changes: Changes) -> None:
        """The same thing for newer and older programs, the newest first."""
        chosen = next((inner for inner in element if len(inner)), None)
        if chosen is not None:
            self.gather(chosen, changes)

    def _reference(self, element: Element, changes: Changes) -> None:
        kind = local(element).removesuffix("Reference")
        note_id = attribute(element, "id") or ""
        self.passage.asides.append(Reference(kind, note_id, changes))

    def _read_nested(self, element: Element, changes: Changes) -> None:
        self.passage.asides.append(Nested(element, changes))

    def _note_embedded(self, element: Element, changes: Changes) -> None:
        self.passage.note_embedded()
        self.gather(element, changes)

    def _read_embedded(self, element: Element, changes: Changes) -> None:
        self.passage.asides.append(Embedded(attribute(element, "id") or ""))

    def _chart(self, element: Element, changes: Changes) -> None:
        self._read_drawn("chart", attribute(element, "id"), element, changes)

    def _diagram(self, element: Element, changes: Changes) -> None:
        self._read_drawn("diagram", attribute(element, "dm"), element, changes)

    def _read_drawn(
        self, kind: str, target: str | None, element: Element, changes: Changes
    ) -> None:
        """A chart within the part of a chart leads nowhere."""
        if target is None:
            self.gather(element, changes)
        else:
            self.passage.asides.append(Drawn(kind, target, element, changes))

    def _read_drawing(self, element: Element, changes: Changes) -> None:
        self.passage.next_image()
        self.gather(element, changes)

    def _description(self, element: Element, changes: Changes) -> None:
        given = (attribute(element, name) for name in ("title", "descr", "alt"))
        self.passage.describe(": ".join(filter(None, given)).strip(), changes)
        self.gather(element, changes)

    def _image(self, element: Element, changes: Changes) -> None:
        self.passage.image()

    def _text_path(self, element: Element, changes: Changes) -> None:
        """WordArt, such as a watermark."""
        self.passage.add(attribute(element, "string") or "", changes)

    def _form_field(self, element: Element, changes: Changes) -> None:
        """What is ticked or chosen in a field of an old form; text is in the runs after it."""
        box, choice = child(element, "checkBox"), child(element, "ddList")
        if box is not None:
            ticked = switch(box, "checked")
            ticked = switch(box, "default") if ticked is None else ticked
            self.passage.add("☒" if ticked else "☐", changes)
        if choice is not None:
            entries = [attribute(entry, "val") for entry in choice if local(entry) == "listEntry"]
            chosen = number(value(choice, "result"))
            self.passage.add(dict(enumerate(entries)).get(chosen) or "", changes)

    def _operand(self, element: Element, changes: Changes) -> None:
        """Part of a formula, in parentheses when it is more than a sign: `x^2`, `(a+b)/c`."""
        spans = self.passage.spans
        sign, start = _OPERATORS.get(local(element), ""), len(spans)
        self.gather(element, changes)
        if len(spans) > start + 1 or (len(spans) > start and len(spans[-1].text) > 1):
            spans.insert(start, ChangedSpan(f"{sign}(", changes))
            spans.append(ChangedSpan(")", changes))
        elif len(spans) > start:
            spans.insert(start, ChangedSpan(sign, changes))

    def _root(self, element: Element, changes: Changes) -> None:
        """`√x`, `3√x`."""
        degree, radicand = child(element, "deg"), child(element, "e")
        if degree is not None:
            self._operand(degree, changes)
        self.passage.add("√", changes)
        if radicand is not None:
            self._operand(radicand, changes)

    def _sum(self, element: Element, changes: Changes) -> None:
        self.passage.add(value(child(element, "naryPr"), "chr") or "∫", changes)
        self.gather(element, changes)

    def _in_parentheses(self, element: Element, changes: Changes) -> None:
        properties = child(element, "dPr")
        begin, end = value(properties, "begChr"), value(properties, "endChr")
        self.passage.add("(" if begin is None else begin, changes)
        self.gather(element, changes)
        self.passage.add(")" if end is None else end, changes)


def change(element: Element) -> TrackedChange:
    author = (attribute(element, "author") or "").strip()
    return TrackedChange(KIND_OF_TAG[local(element)], author or "Somebody")


def read_changes(properties: Element | None, changes: Changes) -> Changes:
    """The changes of something whose own properties say that it was inserted, deleted or moved: a
    row, a cell, the mark that ends a paragraph."""
    for inner in properties if properties is not None else ():
        if local(inner) in KIND_OF_TAG:
            changes = within(changes, change(inner))
    return changes


def mark(properties: Element | None, changes: Changes) -> Changes:
    """The changes of the mark that ends the paragraph with these properties."""
    return read_changes(child(properties, "rPr"), changes)


_SIGNS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_OPERATORS = {"num": "", "den": "/", "sup": "^", "sub": "_"}
_READERS: dict[str, _Reader] = {
    "AlternateContent": Inline._alternatives,
    "altChunk": Inline._read_embedded,
    "blip": Inline._image,
    "chart": Inline._chart,
    "cNvPr": Inline._description,
    "commentReference": Inline._reference,
    "d": Inline._in_parentheses,
    "delInstrText": Inline._skip_element,
    "delText": Inline._text,
    "docPr": Inline._description,
    "drawing": Inline._read_drawing,
    "endnoteReference": Inline._reference,
    "ffData": Inline._form_field,
    "footnoteReference": Inline._reference,
    "group": Inline._description,
    "imagedata": Inline._image,
    "instrText": Inline._skip_element,
    "nary": Inline._sum,
    "object": Inline._note_embedded,
    "oval": Inline._description,
    "p": Inline._paragraph,
    "pict": Inline._read_drawing,
    "pt": Inline._paragraph,
    "r": Inline._run,
    "rad": Inline._root,
    "rect": Inline._description,
    "relIds": Inline._diagram,
    "roundrect": Inline._description,
    "ruby": Inline._ruby,
    "shape": Inline._description,
    "sym": Inline._symbol,
    "t": Inline._text,
    "tbl": Inline._read_nested,
    "textpath": Inline._text_path,
    "txbxContent": Inline._read_nested,
    "v": Inline._text,
    **dict.fromkeys(_OPERATORS, Inline._operand),
}
