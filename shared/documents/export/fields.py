"""Fields of Word, which Word fills: the list of contents, and what counts tables (ECMA-376 part 1,
17.16)."""

from collections.abc import Iterable
from html import escape

from docx.document import Document
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement

from shared.documents.export.styles import element

_MAX_LEVEL = 3
_AFTER_UPDATE = ("w:hdrShapeDefaults", "w:footnotePr", "w:endnotePr", "w:compat")
"""Settings have an order (17.15.1); python-docx's own document has the last of these."""


def field(instruction: str, shown: str) -> list[BaseOxmlElement]:
    """The runs of a field; `shown` is what readers see who do not fill it."""
    return [
        _run('<w:fldChar w:fldCharType="begin"/>'),
        _run(f'<w:instrText xml:space="preserve"> {escape(instruction)} </w:instrText>'),
        _run('<w:fldChar w:fldCharType="separate"/>'),
        _run(f'<w:t xml:space="preserve">{escape(shown)}</w:t>'),
        _run('<w:fldChar w:fldCharType="end"/>'),
    ]


def add_contents(document: Document, headings: Iterable[tuple[int, str]]) -> None:
    """A list of contents, with these headings (level and text) until Word has filled it, which it
    offers when it opens the document."""
    begin, instruction, separate, _, end = field(f'TOC \\o "1-{_MAX_LEVEL}" \\h \\z \\u', "")
    begin[0].set(qn("w:dirty"), "true")
    paragraph = document.add_paragraph()._p
    for run in (begin, instruction, separate):
        paragraph.append(run)
    for level, text in headings:
        if level <= _MAX_LEVEL:
            paragraph.append(_run(f'<w:t xml:space="preserve">{escape(text)}</w:t>'))
            paragraph = document.add_paragraph()._p
    paragraph.append(end)
    settings = document.settings.element
    after = next(one for one in _AFTER_UPDATE if settings.find(qn(one)) is not None)
    settings.find(qn(after)).addprevious(element('<w:updateFields w:val="true"/>'))


def _run(content: str) -> BaseOxmlElement:
    return element(f"<w:r>{content}</w:r>")
