"""PDFs that are made to cost their reader time or memory."""

import struct
import zlib

import pytest

from shared.documents.pdf.reader import read_pdf
from shared.errors import DocumentFault, Unreadable
from tests.support.files.pdfs import CATALOG, FONT, bomb, drawn, packed, shown, stream

HELLO = shown("Hello there.")
HEAVY = "more than 10 MB of drawing instructions; save the page as an image and run OCR over it"


def too_large(data: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        read_pdf(data)
    assert caught.value.fault == DocumentFault.TOO_LARGE
    return caught.value.advice


OPERATORS = b"BT /F1 9 Tf (harbour ice) Tj ET\n"


def test_five_megabytes_of_operators_are_read() -> None:
    data = drawn(b"", more={101: packed(bomb(5_000_000, OPERATORS))})
    assert len(data) < 50_000
    assert read_pdf(data).text == "harbour ice\n"


@pytest.mark.parametrize(
    "content",
    [
        packed(bomb(60_000_000, OPERATORS)),
        packed(bomb(300_000_000, b" ")),
        packed(zlib.compress(bomb(300_000_000, b" ")), filters=b"[/FlateDecode /FlateDecode]"),
    ],
)
def test_a_page_that_unpacks_to_far_more_is_not_unpacked(content: bytes) -> None:
    extract = read_pdf(drawn(HELLO, b"", more={103: content}))
    assert {gap.place: gap.reason for gap in extract.unread} == {"p. 2": HEAVY}
    assert HEAVY in too_large(drawn(b"", more={101: content}))


def test_where_pages_cannot_be_told_apart_a_heavy_one_is_refused() -> None:
    tree = b"<< /Type /Pages /Kids [99 0 R 100 0 R 102 0 R] /Count 3 >>"
    heavy = packed(bomb(60_000_000, b" "))
    assert "unpacks" in too_large(drawn(HELLO, b"", more={2: tree, 103: heavy}))


def forms(levels: int, times: int) -> bytes:
    """A page that draws a form, which draws the next one so many times, and so on."""
    head = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] "
    more = {
        10 + level: stream(
            b"/X Do " * times, head + b"/Resources << /XObject << /X %d 0 R >> >>" % (11 + level)
        )
        for level in range(levels)
    }
    last = stream(HELLO, head + b"/Resources << /Font << /F1 4 0 R >> >>")
    return drawn(b"/X Do", more={**more, 10 + levels: last}, xobjects=b"/X 10 0 R")


def test_forms_within_forms_are_weighed_before_they_are_drawn() -> None:
    assert "Hello there." in read_pdf(forms(levels=3, times=4)).text
    assert HEAVY in too_large(forms(levels=8, times=10))
    assert HEAVY in too_large(forms(levels=60, times=1))


@pytest.mark.parametrize("own", [b"/X 10 0 R", b"/X 11 0 R"])
def test_a_form_that_draws_itself_is_not_drawn(own: bytes) -> None:
    head = b"/Type /XObject /Subtype /Form /BBox [0 0 600 800] "
    forms = {
        10: stream(b"/X Do /X Do", head + b"/Resources << /XObject << %b >> >>" % own),
        11: stream(b"/X Do /X Do", head + b"/Resources << >>"),  # X is that of the page
    }
    extract = read_pdf(drawn(HELLO, HELLO + b" /X Do", more=forms, xobjects=b"/X 10 0 R"))
    assert {gap.place: gap.reason for gap in extract.unread} == {"p. 2": HEAVY}


def test_heavy_pages_are_refused_when_they_are_many() -> None:
    heavy = packed(bomb(9_000_000, b" "))
    tree = b"<< /Type /Pages /Kids [%b] /Count 120 >>" % (b"100 0 R " * 120)
    assert "unpacks to more than a document can need" in too_large(
        drawn(b"", more={2: tree, 101: heavy})
    )


def objects_in_stream(content: bytes) -> bytes:
    """A file that keeps its catalog and pages in an object stream, which is packed."""
    data = bytearray(b"%PDF-1.7\n")
    places = {}
    for number, item in {4: FONT, 5: stream(HELLO), 6: content}.items():
        places[number] = len(data)
        data += b"%d 0 obj\n%b\nendobj\n" % (number, item)
    places[7] = len(data)
    rows = [(0, 0, 65535), (2, 6, 0), (2, 6, 1), (2, 6, 2)]
    rows += [(1, places[number], 0) for number in range(4, 8)]
    table = b"".join(struct.pack(">BIH", *row) for row in rows)
    entries = b"/Type /XRef /Size 8 /W [1 4 2] /Root 1 0 R"
    data += b"7 0 obj\n%b\nendobj\n" % stream(table, entries)
    return bytes(data + b"startxref\n%d\n%%%%EOF\n" % places[7])


def object_stream(padding: int) -> bytes:
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 800] /Contents 5 0 R "
        b"/Resources << /Font << /F1 4 0 R >> >> >>"
    )
    items = [CATALOG, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page]
    starts = [sum(len(item) + 1 for item in items[:index]) for index in range(3)]
    head = b" ".join(b"%d %d" % (number, start) for number, start in enumerate(starts, 1))
    content = head + b" " + b" ".join(items) + b" " * padding
    entries = b"/Type /ObjStm /N 3 /First %d" % (len(head) + 1)
    return packed(zlib.compress(content), entries)


def test_an_object_stream_is_unpacked_within_limits() -> None:
    assert read_pdf(objects_in_stream(object_stream(1000))).text == "Hello there.\n"
    assert "unpacks" in too_large(objects_in_stream(object_stream(60_000_000)))


def test_an_object_stream_that_lies_in_itself_ends() -> None:
    data = objects_in_stream(object_stream(10))
    inside = data.replace(struct.pack(">BIH", 2, 6, 0), struct.pack(">BIH", 2, 1, 0))
    assert read_pdf(inside).text == "Hello there.\n"


def test_a_tree_of_pages_that_doubles_at_each_level_is_refused() -> None:
    levels = {
        level: b"<< /Type /Pages /Parent 2 0 R /Kids [%d 0 R %d 0 R] /Count %d >>"
        % (level + 1, level + 1, 2 ** (40 - level))
        for level in range(10, 40)
    }
    top = b"<< /Type /Pages /Kids [10 0 R 10 0 R] /Count 4 >>"
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>"
    assert "unpacks" in too_large(drawn(b"", more={**levels, 2: top, 40: page}))


def test_too_many_pages_are_refused() -> None:
    kids = b"100 0 R " * 10_001
    tree = b"<< /Type /Pages /Kids [%b] /Count 10001 >>" % kids
    assert "more than 10000 pages" in too_large(drawn(b"", more={2: tree}))


def test_too_many_characters_are_refused() -> None:
    words = [shown(f"{y} harbour " * 100).replace(b"700", b"%d" % y) for y in range(100, 800, 10)]
    tree = b"<< /Type /Pages /Kids [%b] /Count 130 >>" % (b"100 0 R " * 130)
    data = drawn(b" ".join(words), more={2: tree})
    assert len(data) < 20_000
    assert "more than 10 million characters" in too_large(data)


def test_too_many_annotations_are_refused() -> None:
    note = b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (A note) >>"
    page = b"/Annots [%b]" % (b"6 0 R " * 5_001)
    assert "annotations on page 1" in too_large(drawn(HELLO, more={6: note}, page=page))
