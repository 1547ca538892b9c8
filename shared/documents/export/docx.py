"""Writing Markdown as a Word document that shows text and does nothing: HTML is text, of images
there is only what describes them, and links lead to the web or to mail.

The same Markdown makes the same bytes.
"""

import io
import zipfile
from datetime import datetime

import docx
from docx.document import Document
from markdown_it.tree import SyntaxTreeNode

from shared.documents.export.blocks import Blocks, clean
from shared.documents.export.markdown import tokens

AUTHOR = "Amida AI Ticket Orchestrator"

_MAX_TITLE = 255  # that Word's core properties take
_MOMENT = datetime(2000, 1, 1)  # noqa: DTZ001 - core properties are UTC without saying so


def to_docx(markdown: str, title: str) -> bytes:
    """CommonMark with tables as a .docx file; `title` goes into its properties."""
    document = docx.Document()
    describe(document, title)
    Blocks(document).write(SyntaxTreeNode(tokens(markdown)).children)
    written = io.BytesIO()
    document.save(written)
    return set_dates(written)


def describe(document: Document, title: str) -> None:
    """Fills the properties of a document, which tell nothing of when and where it was made."""
    properties = document.core_properties
    properties.title = clean(title)[:_MAX_TITLE]
    properties.author = properties.last_modified_by = AUTHOR
    properties.comments = ""
    properties.created = properties.modified = _MOMENT


def set_dates(written: io.BytesIO) -> bytes:
    """The archive with one date for all of its parts."""
    target = io.BytesIO()
    with zipfile.ZipFile(written) as source, zipfile.ZipFile(target, "w") as archive:
        for name in source.namelist():
            part = zipfile.ZipInfo(name, _MOMENT.timetuple()[:6])
            archive.writestr(part, source.read(name), zipfile.ZIP_DEFLATED)
    return target.getvalue()
