"""Reading everything that is text: prose, source, Markdown, HTML, XML, CSV, JSON, notebooks.

What cannot be followed as what it is called is read as the plain text that it is, with a note.
"""

from collections.abc import Callable
from pathlib import PurePath

from shared.documents.extract import Extract
from shared.documents.file_types import SOURCE
from shared.documents.text.delimited import read_csv, read_tsv
from shared.documents.text.encodings import decode_text, read_declaration
from shared.documents.text.html import read_html
from shared.documents.text.json import read_json
from shared.documents.text.markdown import read_markdown
from shared.documents.text.notebooks import read_notebook
from shared.documents.text.plain import MAX_CHARACTERS, plain
from shared.documents.text.xml import read_xml
from shared.errors import DocumentFault, Unreadable

_READERS: dict[str, Callable[[str], Extract]] = {
    "text/plain": plain,
    SOURCE: plain,
    "text/markdown": read_markdown,
    "text/html": read_html,
    "text/csv": read_csv,
    "text/tab-separated-values": read_tsv,
    "application/json": read_json,
    "application/xml": read_xml,
}
_MAX_BYTES = 4  # a character


def read_text(kind: str, name: str, data: bytes) -> Extract:
    """The text of a file of this content type, one of those of text; `name` is what it is called.

    Raises Unreadable: EMPTY, BROKEN for what no encoding fits and for XML with entities, TOO_LARGE
    above ten million characters.
    """
    if len(data) > MAX_CHARACTERS * _MAX_BYTES:
        raise _too_large()
    text, encoding, notes = decode_text(data, read_declaration(kind, data))
    if len(text) > MAX_CHARACTERS:
        raise _too_large()
    is_notebook = PurePath(name.lower()).suffix == ".ipynb"
    read = read_notebook if is_notebook else _READERS[kind]
    extract = read(text.replace("\r\n", "\n").replace("\r", "\n"))
    if all(block.text.isspace() or not block.text for block in extract.blocks):
        raise Unreadable(
            DocumentFault.EMPTY,
            "There is no text in this file; please check that it is the right one.",
        )
    return extract.model_copy(update={"encoding": encoding, "notes": notes + extract.notes})


def _too_large() -> Unreadable:
    advice = "split it, or save the part that matters as a file of its own, and send that."
    return Unreadable(
        DocumentFault.TOO_LARGE, f"This text has more than {MAX_CHARACTERS:,} characters; {advice}"
    )
