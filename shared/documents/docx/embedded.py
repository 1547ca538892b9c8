"""Documents within a Word document that are part of its text (`w:altChunk`, ECMA-376 part 1,
17.17.2): HTML, also as a web archive, text, and Word documents."""

from email import message_from_bytes, policy

from shared.documents.extract import Extract
from shared.documents.text.encodings import decode_text, read_declaration
from shared.documents.text.html import read_html
from shared.documents.text.plain import plain

_HEAD = 1024
_RICH_TEXT, _FLAT_WORD = "{\\rtf", ("pkg:package", "w:worddocument")


def is_word(data: bytes) -> bool:
    return data.startswith(b"PK\x03\x04")


def read_embedded(data: bytes) -> Extract | None:
    """The text of a document that is none of Word's, told by how it begins; None where its kind is
    not read. Raises Unreadable."""
    text = decode_text(data, read_declaration("text/html", data)).text.lstrip()
    head = text[:_HEAD].lower()
    if head.startswith(_RICH_TEXT) or any(root in head for root in _FLAT_WORD):
        return None
    if "mime-version:" in head and not head.startswith("<"):
        page = _find_page(data)
        return read_embedded(page) if page else None
    return read_html(text) if head.startswith("<") else plain(text)


def _find_page(archive: bytes) -> bytes | None:
    """The first page of a web archive (RFC 2557)."""
    for part in message_from_bytes(archive, policy=policy.default).walk():
        if part.get_content_type() == "text/html":
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else None
    return None
