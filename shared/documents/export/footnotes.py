"""The part of a Word document that holds its footnotes (ECMA-376 part 1, 17.11), which python-docx
does not make."""

from docx.document import Document
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import XmlPart
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.text.paragraph import Paragraph

from shared.documents.export.styles import NOTE, NOTE_MARK, element

_SEPARATORS = "".join(
    f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{kind}/></w:r></w:p></w:footnote>'
    for number, kind in ((-1, "separator"), (0, "continuationSeparator"))
)
_MARK = f'<w:rPr><w:rStyle w:val="{NOTE_MARK}"/></w:rPr>'


def reference(number: int) -> BaseOxmlElement:
    """The run in the text that a footnote belongs to."""
    return element(f'<w:r>{_MARK}<w:footnoteReference w:id="{number}"/></w:r>')


class Footnotes:
    """The footnotes of a document; the part is made with the first of them."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._root: BaseOxmlElement | None = None

    def add(self, number: int) -> Paragraph:
        """The paragraph of a new footnote, to be written to; links in it would lead nowhere."""
        note = element(
            f'<w:footnote w:id="{number}"><w:p><w:pPr><w:pStyle w:val="{NOTE}"/></w:pPr>'
            f"<w:r>{_MARK}<w:footnoteRef/></w:r>"
            '<w:r><w:t xml:space="preserve"> </w:t></w:r></w:p></w:footnote>'
        )
        if self._root is None:
            self._root = self._new_part()
        self._root.append(note)
        return Paragraph(note[0], self._document)  # type: ignore[arg-type]

    def _new_part(self) -> BaseOxmlElement:
        part = self._document.part
        root = element(f"<w:footnotes>{_SEPARATORS}</w:footnotes>")
        name = PackURI("/word/footnotes.xml")
        notes = XmlPart(name, CONTENT_TYPE.WML_FOOTNOTES, root, part.package)
        part.relate_to(notes, RELATIONSHIP_TYPE.FOOTNOTES)
        return root
