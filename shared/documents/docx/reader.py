"""Reading Word documents (.docx, ECMA-376): every string a reader sees, and the ones beside it.

The text is walked element by element, since what python-docx gives as paragraphs leaves out
insertions, content controls, footnotes and what is nested.
"""

from shared.documents.docx.body import Body
from shared.documents.docx.changes import View
from shared.documents.docx.package import DocxLimits, Package
from shared.documents.docx.xml import Element, child
from shared.documents.extract import Extract, Unread
from shared.errors import DocumentFault, Unreadable

__all__ = ["DocxLimits", "View", "read_docx"]

_LIMITS = DocxLimits()


def read_docx(data: bytes, limits: DocxLimits = _LIMITS, view: View = View.FINAL) -> Extract:
    """The blocks of a Word document, in its order.

    After a paragraph or a row come, as blocks with a `part`, its tracked changes with the wording
    of the other view, its footnotes, comments, text boxes and descriptions of images. Headers and
    footers are at the end. Raises Unreadable.
    """
    package = Package(data, limits)
    body = Body(package, limits, view)
    body.read()
    if not body.blocks:
        raise _without_text(bool(body.missing))
    core = package.root("docProps/core.xml")
    return Extract(
        blocks=body.blocks,
        unread=[Unread(place=place, reason=what) for place, what in body.missing],
        notes=_notes(body, view),
        title=_said(child(core, "title")),
        author=_said(child(core, "creator")),
    )


def _said(element: Element | None) -> str | None:
    return None if element is None else (element.text or "").strip() or None


def _notes(body: Body, view: View) -> list[str]:
    notes = []
    if body.changes:
        counted = "1 tracked change" if body.changes == 1 else f"{body.changes} tracked changes"
        notes.append(
            f"The document has {counted}; the {view} view was read, {view.other} wording is given "
            "beside it."
        )
    if body.has_hidden_text:
        notes.append("The document has hidden text, which was read like the rest.")
    return notes


def _without_text(has_more: bool) -> Unreadable:
    if has_more:
        return Unreadable(
            DocumentFault.NO_TEXT,
            "The Word document holds only images or objects and no text; please send the text, or "
            "images with descriptions.",
        )
    return Unreadable(
        DocumentFault.EMPTY, "The Word document is empty; please send one that has text."
    )
