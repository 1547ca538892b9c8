"""PDFs for tests: ordinary ones drawn by reportlab, odd ones put together object by object."""

import io
import struct
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import pypdf
from reportlab.pdfgen.canvas import Canvas

FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"
CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"
IMAGE = b"q 600 0 0 800 0 0 cm BI /W 1 /H 1 /CS /G /BPC 8 ID x EI Q"
_WORDS = ("harbour", "ice", "ship", "pilot", "station", "winter", "contract", "party", "berth")

Objects = Mapping[int, bytes]


def written(
    pages: Iterable[Sequence[str]],
    outline: Sequence[tuple[int, int, str]] = (),
    title: str = "",
    author: str = "",
) -> bytes:
    """Each page as its lines; `outline` holds (page from 1, level from 0, heading)."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(600, 800), invariant=True)
    canvas.setTitle(title)
    canvas.setAuthor(author)
    for number, lines in enumerate(pages, 1):
        for entry, (page, level, heading) in enumerate(outline):
            if page == number:
                canvas.bookmarkPage(f"entry {entry}")
                canvas.addOutlineEntry(heading, f"entry {entry}", level)
        text = canvas.beginText(50, 770)
        text.setFont("Helvetica", 9)
        text.textLines("\n".join(lines), trim=0)
        canvas.drawText(text)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def report(pages: int, lines: int = 40) -> bytes:
    """A long report: a header, a page number, and lines of which no two are the same."""
    return written(
        [
            "Annual report of the harbour",
            *(_line(page * lines + line) for line in range(lines)),
            f"Page {page + 1} of {pages}",
        ]
        for page in range(pages)
    )


def _line(number: int) -> str:
    words = (_WORDS[(number // len(_WORDS) ** place) % len(_WORDS)] for place in range(12))
    return f"{' '.join(words)}."


def assembled(objects: Objects, trailer: bytes = b"/Root 1 0 R") -> bytes:
    """A file of these objects by number, with a proper cross-reference table."""
    data = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, content in objects.items():
        places[number] = len(data)
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    start, size = len(data), max(objects) + 1
    rows = (
        b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 65535 f \n"
        for number in range(size)
    )
    data += b"xref\n0 %d\n%b" % (size, b"".join(rows))
    data += b"trailer\n<< /Size %d %b >>\nstartxref\n%d\n%%%%EOF\n" % (size, trailer, start)
    return bytes(data)


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object, packed."""
    return packed(zlib.compress(content), entries)


def packed(content: bytes, entries: bytes = b"", filters: bytes = b"/FlateDecode") -> bytes:
    """A stream object of content that is packed already."""
    head = b"<< /Length %d /Filter %b %b >>" % (len(content), filters, entries)
    return b"%b\nstream\n%b\nendstream" % (head, content)


def bomb(size: int, piece: bytes) -> bytes:
    """`piece` again and again, `size` bytes in all, packed (RFC 1950): one block, repeated."""
    block = piece * (1_000_000 // len(piece))
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    packed_block = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    times, check = size // len(block), 1
    for _ in range(times):
        check = zlib.adler32(block, check)
    return b"\x78\xda" + packed_block * times + packer.flush() + struct.pack(">I", check)


def shown(text: str) -> bytes:
    """Instructions that show a line of text."""
    return b"BT /F1 12 Tf 50 700 Td (%b) Tj ET" % text.encode("latin-1")


def drawn(
    *contents: bytes, more: Objects | None = None, page: bytes = b"", xobjects: bytes = b""
) -> bytes:
    """A file whose pages carry out these instructions. The objects are: 1 the catalog, 2 the tree
    of pages, 4 the font F1, 100 the first page and 101 its instructions, 102 the second page, and
    so on. `more` replaces or adds objects; `page` and `xobjects` are added to every page and its
    resources."""
    numbers = range(100, 100 + 2 * len(contents), 2)
    kids = b" ".join(b"%d 0 R" % number for number in numbers)
    tree = b"<< /Type /Pages /Kids [%b] /Count %d >>" % (kids, len(contents))
    objects = {1: CATALOG, 2: tree, 4: FONT}
    for number, content in zip(numbers, contents, strict=True):
        objects[number] = (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents %d 0 R /Resources "
            b"<< /Font << /F1 4 0 R >> /XObject << %b >> >> %b >>" % (number + 1, xobjects, page)
        )
        objects[number + 1] = stream(content)
    return assembled(objects | dict(more or {}))


Algorithm = Literal["RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"]


def encrypted(data: bytes, password: str, algorithm: Algorithm) -> bytes:
    """The file under a user's password, which may be empty."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(data))
    writer.encrypt(password, "owner", algorithm=algorithm)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()
