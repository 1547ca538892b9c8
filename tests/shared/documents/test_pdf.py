"""PDFs: the text of their pages with its places, and an account of every page."""

import pytest

from shared.documents.extract import HOLE, Extract, Places
from shared.documents.pdf.reader import read_pdf
from shared.documents.quotes import Folded
from tests.support.files import pdfs
from tests.support.files.pdfs import IMAGE, drawn, shown

SCAN = "an image without text (scanned); run OCR over the file"


def unread(extract: Extract) -> dict[str, str]:
    return {gap.place: gap.reason for gap in extract.unread}


def place_of(extract: Extract, quote: str) -> str:
    start = extract.text.index(quote)
    return Places(extract.blocks).place(start, start + len(quote))


def test_a_page_is_a_block_with_its_number() -> None:
    extract = read_pdf(pdfs.written([["One."], ["Two.", "Three."]], title="A title", author="Ann"))
    assert [(block.page, block.text) for block in extract.blocks] == [
        (1, "One.\n"),
        (2, "Two.\nThree.\n"),
    ]
    assert (extract.title, extract.author) == ("A title", "Ann")
    assert (extract.pages, extract.pages_read, extract.unread, extract.notes) == (2, 2, [], [])


def test_a_long_report_is_read_to_the_end() -> None:
    extract = read_pdf(pdfs.report(600))
    assert (extract.pages, extract.pages_read, len(extract.blocks)) == (600, 600, 600)
    assert extract.text.count("\n") == 600 * 42
    assert extract.text.count("Annual report of the harbour") == 1
    assert extract.text.count("Page 1 of 600") == extract.text.count("of 600") == 1
    assert extract.notes == [
        left_out(599, "“Annual report of the harbour”"),
        left_out(599, "“Page … of 600”"),
    ]
    assert extract.left_out == ["Annual report of the harbour", "Page … of 600"]


def test_a_sentence_runs_over_the_end_of_a_page() -> None:
    extract = read_pdf(pdfs.written([["The harbour freezes"], ["in January."]]))
    assert "The harbour freezes\nin January." in extract.text
    assert place_of(extract, "freezes\nin January") == "pp. 1–2"


def test_hyphens_stay_where_the_file_has_them() -> None:
    lines = ["The con-", "tract is well-", "known, and cost-effective, is it not-", "that is it"]
    soft = shown("soft\xadware").replace(b"\xad", b"\\255")
    extract = read_pdf(pdfs.written([lines]))
    assert extract.text == "\n".join(lines) + "\n"
    assert read_pdf(drawn(soft)).text.isprintable() is False  # only for its line end
    assert all(ord(char) >= 32 or char == "\n" for char in read_pdf(drawn(soft)).text)


def test_characters_of_all_planes_are_kept() -> None:
    # A composite font whose code 1 is MATHEMATICAL ITALIC SMALL X, code 2 half a character.
    text = read_pdf(drawn(codes("00010001"), more=unicode_font("D835DC65", "0078"))).text
    assert text == "\U0001d465\U0001d465\n"


def test_half_characters_are_dropped() -> None:
    odd = b"<FEFF0041D8000042>"
    data = drawn(
        codes("00010002"),
        more={
            **unicode_font("D800", "0041"),
            1: b"<< /Type /Catalog /Pages 2 0 R /Outlines 7 0 R >>",
            7: b"<< /Type /Outlines /First 8 0 R /Last 8 0 R >>",
            8: b"<< /Title %b /Parent 7 0 R /Dest [100 0 R /Fit] >>" % odd,
            9: b"<< /Title %b >>" % odd,
            10: b"<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents %b >>" % odd,
        },
        page=b"/Annots [10 0 R]",
    ).replace(b"/Root 1 0 R", b"/Root 1 0 R /Info 9 0 R")
    extract = read_pdf(data)
    assert extract.text == "A\nAB\n"
    assert (extract.title, extract.blocks[0].headings) == ("AB", ["AB"])


OUTLINE = [
    (2, 0, "Chapter  1"),
    (2, 1, "Opening"),
    (4, 1, "Middle"),
    (4, 1, "End"),
    (6, 0, "Chapter 2"),
]


def test_a_page_stands_under_the_headings_of_the_outline() -> None:
    pages = [[f"Text {number} of its own."] for number in range(1, 8)]
    extract = read_pdf(pdfs.written(pages, OUTLINE))
    assert [block.headings for block in extract.blocks] == [
        [],
        ["Chapter 1", "Opening"],
        ["Chapter 1", "Opening"],
        ["Chapter 1", "Middle"],
        ["Chapter 1", "End"],
        ["Chapter 2"],
        ["Chapter 2"],
    ]


def body(number: int) -> list[str]:
    return [f"Line {line} of {number * number} in all." for line in range(6)]


def left_out(pages: int, line: str) -> str:
    end = "as a running header or footer"
    return f"Left out on {pages} pages after the first ({HOLE}), {end}: {line}."


def test_running_lines_and_page_numbers_stand_where_they_come_first() -> None:
    pages = [["ACME Ltd", *body(n), f"Ref. 2024-7 / {n + 10}", str(n)] for n in range(1, 6)]
    extract = read_pdf(pdfs.written(pages))
    first, *others = [block.text.splitlines() for block in extract.blocks]
    assert first == pages[0]
    assert others == [[HOLE, *body(n), HOLE] for n in range(2, 6)]
    assert sorted(extract.notes) == [
        left_out(4, "the page number"),
        left_out(4, "“ACME Ltd”"),
        left_out(4, "“Ref. 2024-7 / …”"),
    ]


def test_no_quote_goes_across_what_was_left_out() -> None:
    pages = [["Date Debit Credit", *body(n)] for n in range(1, 5)]
    text = read_pdf(pdfs.written(pages)).text
    folded = Folded(text)
    assert folded.find("Line 5 of 4 in all.")
    for between in (" ", f" {HOLE} ", " … ", " [...] "):
        assert folded.find(f"Line 5 of 4 in all.{between}Line 0 of 9 in all.") is None


@pytest.mark.parametrize(
    "pages",
    [
        [["Same line.", "One."], ["Same line.", "Two."]],  # two pages are not three
        [["Same line."] * (n < 4) + [f"Text {n * n}."] for n in range(1, 9)],  # three of eight
        [[f"Total {n * n * 7}", f"Net {n * n * 5}"] for n in range(1, 5)],  # no page numbers
        [["Nothing else."]] * 4,
        [[*[f"{n * n} a"] * 3, "In the middle.", *[f"{n * n} b"] * 3] for n in range(1, 5)],
    ],
)
def test_what_is_no_running_line_stays(pages: list[list[str]]) -> None:
    extract = read_pdf(pdfs.written(pages))
    assert extract.text == "".join(f"{line}\n" for page in pages for line in page)
    assert extract.notes == []


def test_blank_pages_are_read_and_scanned_ones_are_listed() -> None:
    white, line = b"1 1 1 rg 0 0 600 800 re f", b"1 w 10 10 m 500 500 l S"
    clip = b"0 0 600 800 re W n"
    extract = read_pdf(drawn(shown("Text."), b"", IMAGE, white, line, clip, shown("  ")))
    assert unread(extract) == {
        "p. 3": SCAN,
        "p. 5": "a drawing without text; if it shows letters, run OCR over the file",
    }
    assert (extract.pages, extract.pages_read) == (7, 5)
    assert extract.text == "Text.\n"


def test_an_image_within_a_form_is_seen() -> None:
    form = pdfs.stream(IMAGE, b"/Type /XObject /Subtype /Form /BBox [0 0 600 800]")
    data = drawn(shown("Text."), b"/X Do", more={6: form}, xobjects=b"/X 6 0 R")
    assert unread(read_pdf(data)) == {"p. 2": SCAN}


def test_a_scan_with_a_stamped_number_is_a_scan() -> None:
    stamped = [IMAGE + b" " + shown(f"ABC-{number:06}") for number in range(17, 21)]
    extract = read_pdf(drawn(shown("A cover."), *stamped))
    assert unread(extract) == dict.fromkeys(("p. 2", "p. 3", "p. 4", "p. 5"), SCAN)
    assert extract.text == "A cover.\n"
    assert extract.pages_read == 1


def test_a_scan_with_hidden_text_is_read() -> None:
    recognised = b"BT /F1 12 Tf 3 Tr 50 700 Td (Recognised.) Tj ET"
    assert read_pdf(drawn(IMAGE + b" " + recognised)).text == "Recognised.\n"


def codes(hexadecimal: str) -> bytes:
    return b"BT /F1 12 Tf 50 700 Td <%b> Tj ET" % hexadecimal.encode()


def unicode_font(*characters: str) -> dict[int, bytes]:
    """Font F1 with the codes 1, 2, … for these characters (UTF-16 in hexadecimal)."""
    rows = "".join(f"<{code:04X}> <{char}>" for code, char in enumerate(characters, 1))
    mapping = (
        f"begincmap 1 begincodespacerange <0000><ffff> endcodespacerange "
        f"{len(characters)} beginbfchar {rows} endbfchar endcmap"
    )
    font = (
        b"<< /Type /Font /Subtype /Type0 /BaseFont /Odd /Encoding /Identity-H /ToUnicode 6 0 R "
        b"/DescendantFonts [<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Odd /DW 500 "
        b"/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> "
        b"/FontDescriptor << /Type /FontDescriptor /FontName /Odd /Flags 4 /ItalicAngle 0 "
        b"/FontBBox [0 0 1000 1000] /Ascent 800 /Descent -200 /CapHeight 700 /StemV 80 >> >>] >>"
    )
    return {4: font, 6: pdfs.stream(mapping.encode())}


@pytest.mark.parametrize("characters", [("E001", "E002"), ("FFFD", "0001"), ("0001", "0002")])
def test_letters_without_meaning_are_listed(characters: tuple[str, str]) -> None:
    readable = pdfs.FONT
    data = drawn(
        b"BT /F2 12 Tf 50 700 Td (Text.) Tj ET",
        codes("0001000103"),
        more={**unicode_font(*characters), 7: readable},
    ).replace(b"/F1 4 0 R", b"/F1 4 0 R /F2 7 0 R")
    extract = read_pdf(data)
    assert extract.text == "Text.\n"
    assert unread(extract) == {
        "p. 2": "letters whose font does not say what they mean; run OCR over the file"
    }


TEXT = shown("Seen by all.")
RULE = b"0 0 1 rg 0 600 600 60 re f "


@pytest.mark.parametrize(
    ("content", "is_hidden"),
    [
        (TEXT + b" 1 1 1 rg BT /F1 12 Tf 50 600 Td (Seen by none.) Tj ET", True),
        (TEXT + b" 1 g BT /F1 12 Tf 50 600 Td (Seen by none.) Tj ET", True),
        (TEXT + b" BT /F1 1 Tf 50 600 Td (Seen by none.) Tj ET", True),
        (TEXT + b" BT /F1 12 Tf 0.1 0 0 0.1 50 600 Tm (Seen by none.) Tj ET", True),
        (TEXT + b" BT /F1 1 Tf 12 0 0 12 50 600 Tm (Seen by all.) Tj ET", False),
        (TEXT + b" BT 3 Tr /F1 12 Tf 50 600 Td (Seen by none.) Tj ET", True),
        (IMAGE + b" BT 3 Tr /F1 12 Tf 50 600 Td (Recognised.) Tj ET", False),
        (TEXT + b" 1 1 1 rg BT /F1 12 Tf 50 600 Td ( ) Tj ET", False),
        (RULE + b"1 1 1 rg BT /F1 12 Tf 50 620 Td (On blue.) Tj ET", False),
        (RULE + b"1 1 1 rg BT /F1 12 Tf 50 500 Td (Beside the blue.) Tj ET", True),
        (TEXT, False),
    ],
)
def test_text_that_nobody_sees_is_noted(content: bytes, is_hidden: bool) -> None:
    notes = read_pdf(drawn(TEXT, content)).notes
    told = "The document has text that is white, tiny or not drawn, which was read like the rest"
    assert notes == ([f"{told}: p. 2."] if is_hidden else [])


@pytest.mark.parametrize(
    ("drawn_text", "text"),
    [
        (b"(3.2 x 10) Tj 5 Ts /F1 8 Tf (6) Tj", "3.2 x 10^6"),
        (b"(10) Tj 5 Ts /F1 8 Tf (-12) Tj", "10^(-12)"),
        (b"(an area of 25 m) Tj 5 Ts /F1 8 Tf (2) Tj", "an area of 25 m^2"),
        (b"(H) Tj -3 Ts /F1 8 Tf (2) Tj 0 Ts /F1 12 Tf (O) Tj", "H_2O"),
        (b"(10.25 1,000 A4 2024-01-02) Tj", "10.25 1,000 A4 2024-01-02"),
        (b"(10) Tj 0 -14 Td (11) Tj", "10\n11"),
    ],
)
def test_what_is_raised_or_lowered_is_said_in_signs(drawn_text: bytes, text: str) -> None:
    data = drawn(b"BT /F1 12 Tf 50 700 Td " + drawn_text + b" ET")
    assert read_pdf(data).text.strip() == text
