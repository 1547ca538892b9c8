"""What is struck out in a PDF is told by signs, and what only looks like it is not."""

import pytest

from shared.documents.pdf.reader import read_pdf
from tests.support.files.pdfs import drawn

WORDS = (
    b"BT /F1 12 Tf 50 700 Td (The cap is) Tj ET BT /F1 12 Tf 150 700 Td (five) Tj ET "
    b"BT /F1 12 Tf 180 700 Td (ten million.) Tj ET BT /F1 12 Tf 50 680 Td (Paid at once.) Tj ET "
)
STRUCK = "The cap is ~~five~~ ten million.\nPaid at once.\n"
PLAIN = STRUCK.replace("~~", "")
QUADS = b"/Annots [<< /Type /Annot /Subtype /%b /Rect [150 697 169 711] /QuadPoints [%b] >>]"
FIVE = b"150 711 169 711 150 697 169 697"


def read(instructions: bytes, page: bytes = b"") -> str:
    text = read_pdf(drawn(WORDS + instructions, page=page)).text
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


@pytest.mark.parametrize(
    "line",
    [
        b"150 703.5 19 0.7 re f",
        b"0.7 w 150 704 m 168.7 704 l S",
        b"1 0 0 RG 2 w 149 705 m 170 705 l S",
        b"q 1 0 0 1 100 600 cm 50 103.5 19 0.7 re f Q",
        b"150 703.5 19 0.7 re f 350 702.6 40 0.7 re f",
        b"10 10 m 20 400 l 150 704 m 168.7 704 l S",
    ],
    ids=["box", "line", "thick and red", "moved", "beside another", "one of many lines"],
)
def test_a_line_through_words_strikes_them_out(line: bytes) -> None:
    assert read(line) == STRUCK


def test_an_annotation_strikes_out_words_over_several_lines() -> None:
    quads = FIVE + b" 50 691 90 691 50 677 90 677"
    assert read(b"", page=QUADS % (b"StrikeOut", quads)) == (
        "The cap is ~~five~~ ten million.\n~~Paid at~~ once.\n"
    )


@pytest.mark.parametrize(
    "line",
    [
        b"0.7 w 150 698 m 169 698 l S",
        b"0.7 w 40 692 m 560 692 l S",
        b"0.7 w 40 704 m 560 704 l S",
        b"150 697 19 14 re S",
        b"1 1 1 rg 150 703.5 19 0.7 re f",
        b"0.7 w 169 690 m 169 720 l S",
        b"0.7 w 250 704 m 400 704 l S",
    ],
    ids=["below", "a rule", "across the page", "a frame", "white", "upright", "beside"],
)
def test_other_lines_strike_nothing_out(line: bytes) -> None:
    assert read(line) == PLAIN


@pytest.mark.parametrize("kind", [b"Underline", b"Highlight", b"Squiggly"])
def test_other_marks_strike_nothing_out(kind: bytes) -> None:
    assert read(b"", page=QUADS % (kind, FIVE)) == PLAIN


def test_many_lines_cost_little() -> None:
    lines = b"".join(b"%d 704 m %d 704 l S " % (x, x + 1) for x in range(4_000))
    assert read(lines) == PLAIN


def test_raised_digits_may_be_struck_out() -> None:
    raised = b"BT /F1 12 Tf 50 600 Td (10) Tj /F1 7 Tf 5 Ts (6) Tj ET 0.7 w 50 604 m 67 604 l S"
    assert "~~10^6~~" in read(raised)
