"""Markdown's blocks and what is in them, as paragraphs and tables of a Word document."""

import re
from dataclasses import dataclass, replace

from docx.document import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run
from markdown_it.tree import SyntaxTreeNode

from shared.documents.export.fields import field
from shared.documents.export.footnotes import Footnotes, reference
from shared.documents.export.styles import (
    CAPTION,
    CODE,
    INLINE_CODE,
    LINK,
    STEP,
    Lists,
    add_styles,
    element,
    make_list_property,
    make_shading,
)

_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SAFE_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)
_ALIGNMENTS = {
    "text-align:center": WD_ALIGN_PARAGRAPH.CENTER,
    "text-align:right": WD_ALIGN_PARAGRAPH.RIGHT,
}
_CAPTION = re.compile(r"(?P<label>[^\W\d_]+ )(?P<number>\d+)(?=: )")
_HEADER_FILL = "DCE6F1"
_TIGHT = "NoSpacing"


def clean(text: str) -> str:
    """With a mark in the place of each character that XML cannot hold."""
    return _NOT_IN_XML.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a block stands: `depth` lists and quotes deep, `lists` of which are lists; `list_id` is
    that of the item it begins."""

    depth: int = 0
    lists: int = 0
    is_quote: bool = False
    list_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Look:
    bold: bool | None = None
    italic: bool | None = None
    link: str | None = None
    is_note: bool = False


class Blocks:
    """Writes to the end of a document; headings are `raised` by so many levels."""

    def __init__(self, document: Document, raised: int = 0) -> None:
        self._document = document
        self._raised = raised
        self._notes = Footnotes(document)
        add_styles(document)
        self._lists = Lists(document)
        self._links: dict[str, str] = {}

    def write(self, nodes: list[SyntaxTreeNode], place: _Place = _Place()) -> None:
        for node in nodes:
            match node.type:
                case "heading":
                    level = max(1, int(node.tag.removeprefix("h")) - self._raised)
                    self._inline(node, self._paragraph(_Place(), f"Heading{level}"), _Look())
                case "paragraph" if _is_caption(node):
                    self._caption(node)
                case "footnote_block":
                    self._footnotes(node)
                case "bullet_list" | "ordered_list":
                    self._list(node, place)
                case "blockquote":
                    deeper = replace(place, depth=place.depth + 1, is_quote=True, list_id=None)
                    self.write(node.children, deeper)
                case "fence" | "code_block":
                    self._paragraph(place, CODE).add_run(clean(node.content.rstrip("\n")))
                case "table":
                    self._table(node)
                case "hr":
                    self._rule()
                case _:
                    self._inline(node, self._paragraph(place), _Look())
            place = replace(place, list_id=None)

    def _caption(self, node: SyntaxTreeNode) -> None:
        """`Table 2: …` before a table, whose number Word counts."""
        paragraph = self._paragraph(_Place(), CAPTION)
        paragraph.paragraph_format.keep_with_next = True
        self._inline(node, paragraph, _Look())
        run = paragraph.runs[0]
        found = _CAPTION.match(run.text)
        if found:
            rest = run.text[found.end() :]
            run.text = found["label"]
            counter = field(f"SEQ {found['label'].strip()} \\* ARABIC", found["number"])
            added = paragraph.add_run(rest)._r
            for element_ in (added, *reversed(counter)):
                run._r.addnext(element_)

    def _footnotes(self, block: SyntaxTreeNode) -> None:
        for number, note in enumerate(block.children, start=1):
            paragraph = self._notes.add(number)
            for part in note.children:
                self._inline(part, paragraph, _Look(is_note=True))

    def _paragraph(self, place: _Place, style: str | None = None) -> Paragraph:
        if style is None:
            style = "Quote" if place.is_quote else "ListParagraph" if place.lists else None
        paragraph = self._document.add_paragraph()
        paragraph._p.style = style
        if place.list_id is not None:
            item = make_list_property(place.list_id, place.lists - 1)
            paragraph._p.get_or_add_pPr().append(item)
        if place.depth:
            paragraph.paragraph_format.left_indent = Length(STEP * place.depth)
        if place.list_id is not None:
            paragraph.paragraph_format.first_line_indent = Length(-STEP)
        return paragraph

    def _list(self, node: SyntaxTreeNode, place: _Place) -> None:
        if node.type == "bullet_list":
            list_id = self._lists.bullets
        else:
            list_id = self._lists.number_list(place.lists, int(node.attrs.get("start", 1)))
        inner = replace(place, depth=place.depth + 1, lists=place.lists + 1, list_id=list_id)
        for item in node.children:
            if item.children:
                self.write(item.children, inner)
            else:
                self._paragraph(inner)

    def _table(self, node: SyntaxTreeNode) -> None:
        rows = [row for part in node.children for row in part.children]
        table = self._document.add_table(rows=0, cols=len(rows[0].children))
        table.style = "Table Grid"
        for row in rows:
            made = table.add_row()
            is_header = row.children[0].type == "th"
            if is_header:
                made._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
            for cell, target in zip(row.children, made.cells, strict=True):
                self._cell(cell, target, is_header)
        self._paragraph(_Place(), _TIGHT)

    def _cell(self, node: SyntaxTreeNode, cell: _Cell, is_header: bool) -> None:
        paragraph = cell.paragraphs[0]
        paragraph._p.style = _TIGHT
        paragraph.alignment = _ALIGNMENTS.get(str(node.attrs.get("style")))
        if is_header:
            cell._tc.get_or_add_tcPr().append(make_shading(_HEADER_FILL))
        self._inline(node, paragraph, _Look(bold=True if is_header else None))

    def _rule(self) -> None:
        line = '<w:bottom w:val="single" w:sz="6" w:space="1" w:color="A6A6A6"/>'
        properties = self._document.add_paragraph()._p.get_or_add_pPr()
        properties.append(element(f"<w:pBdr>{line}</w:pBdr>"))

    def _inline(self, node: SyntaxTreeNode, paragraph: Paragraph, look: _Look) -> None:
        for inner in node.children:
            match inner.type:
                case "strong":
                    self._inline(inner, paragraph, replace(look, bold=True))
                case "em":
                    self._inline(inner, paragraph, replace(look, italic=True))
                case "link":
                    href = clean(str(inner.attrs.get("href", "")))
                    safe = href if _SAFE_LINK.match(href) and not look.is_note else None
                    self._inline(inner, paragraph, replace(look, link=safe))
                case "hardbreak":
                    self._run(paragraph, "\n", look)
                case "softbreak":
                    self._run(paragraph, " ", look)
                case "code_inline":
                    self._run(paragraph, inner.content, look)._r.style = INLINE_CODE
                case "text":
                    self._run(paragraph, inner.content, look)
                case "footnote_ref":
                    paragraph._p.append(reference(inner.meta["id"] + 1))
                case _:
                    self._inline(inner, paragraph, look)

    def _run(self, paragraph: Paragraph, text: str, look: _Look) -> Run:
        run = paragraph.add_run(clean(text))
        run.bold, run.italic = look.bold, look.italic
        if look.link:
            run._r.style = LINK
            link = OxmlElement("w:hyperlink")
            link.set(qn("r:id"), self._relationship(look.link))
            paragraph._p.append(link)
            link.append(run._r)
        return run

    def _relationship(self, url: str) -> str:
        """The id of a link's target; python-docx would look through all of them for each."""
        if url not in self._links:
            self._links[url] = f"link{len(self._links) + 1}"
            kind, name = RELATIONSHIP_TYPE.HYPERLINK, self._links[url]
            self._document.part.rels.add_relationship(kind, url, name, is_external=True)
        return self._links[url]


def _is_caption(node: SyntaxTreeNode) -> bool:
    following = node.next_sibling
    if following is None or following.type != "table" or not node.children:
        return False
    begin = node.children[0].children[:1]
    return bool(begin) and begin[0].type == "text" and bool(_CAPTION.match(begin[0].content))
