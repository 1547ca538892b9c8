"""Markdown as Word documents, read back."""

import io
from functools import cache

import docx
import pytest
from docx.document import Document
from docx.text.paragraph import Paragraph

from shared.documents.docx.reader import read_docx
from shared.documents.export.docx import AUTHOR, to_docx
from shared.documents.extract import Extract
from tests.support.files import word

PAPER = """
# On *ice*

Plain **bold *both*** `code` and [the web](https://example.com/a?b=1) or <mailto:a@example.com>.\\
A second line
and its end.

1. first

   goes on

   ```python
   one = 1

   two = 2
   ```
2. second
   - bullet
     1. roman
3. third

Between.

7. seventh
8. eighth

> quoted
> > twice
> - a bullet in it

| Left | Right |
|:-----|------:|
| `a`  | **b** |
| [c](http://example.com/c) | |

---

## Melting

-
- after an empty one
"""


@cache
def written(markdown: str) -> tuple[Document, Extract]:
    data = to_docx(markdown, "A title")
    return docx.Document(io.BytesIO(data)), read_docx(data)


def texts(markdown: str) -> list[str]:
    return [block.text.rstrip("\n") for block in written(markdown)[1].blocks]


def paragraph(markdown: str, begin: str) -> Paragraph:
    found = [p for p in written(markdown)[0].paragraphs if p.text.startswith(begin)]
    assert len(found) == 1
    return found[0]


def test_everything_is_there_and_lists_count_as_they_should() -> None:
    assert texts(PAPER) == [
        "On ice",
        "Plain bold both code and the web or mailto:a@example.com.\nA second line and its end.",
        "1. first",
        "goes on",
        "one = 1\n\ntwo = 2",
        "2. second",
        "  • bullet",
        "    i. roman",
        "3. third",
        "Between.",
        "7. seventh",
        "8. eighth",
        "quoted",
        "twice",
        "• a bullet in it",
        "Left | Right",
        "a | b",
        "c |",
        "Melting",
        "• after an empty one",
    ]


def test_headings_are_headings() -> None:
    blocks = written(PAPER)[1].blocks
    assert blocks[1].headings == ["On ice"]
    assert blocks[-1].headings == ["On ice", "Melting"]
    assert paragraph(PAPER, "On ice").style.name == "Heading 1"  # type: ignore[union-attr]


def test_words_look_as_they_are_meant() -> None:
    runs = {run.text: run for run in paragraph(PAPER, "Plain").runs}
    assert (runs["bold "].bold, runs["bold "].italic) == (True, None)
    assert (runs["both"].bold, runs["both"].italic) == (True, True)
    assert runs["code"].style.name == "Inline Code"
    assert runs["code"].style.font.name == "Consolas"
    code = paragraph(PAPER, "one = 1").style
    assert code is not None
    assert code.name == "Code"
    assert code.font.name == "Consolas"


def test_only_links_to_the_web_and_to_mail_are_links() -> None:
    links = {link.text: link.address for link in paragraph(PAPER, "Plain").hyperlinks}
    assert links == {
        "the web": "https://example.com/a?b=1",
        "mailto:a@example.com": "mailto:a@example.com",
    }
    other = "[a](file:///etc/passwd) [b](/relative) [c](ftp://example.com) [d](javascript:alert(1))"
    document, extract = written(other)
    assert document.paragraphs[0].hyperlinks == []
    assert [word in extract.text for word in "abcd"] == [True] * 4


def test_quotes_and_lists_stand_further_in_the_deeper_they_are() -> None:
    indents = [
        paragraph(PAPER, begin).paragraph_format.left_indent
        for begin in ("first", "bullet", "roman", "quoted", "twice")
    ]
    assert [indent.pt if indent else 0 for indent in indents] == [18, 36, 54, 18, 36]
    assert paragraph(PAPER, "twice").style.name == "Quote"  # type: ignore[union-attr]


def test_tables_have_a_header_that_is_repeated_and_columns_that_are_aligned() -> None:
    table = written(PAPER)[0].tables[0]
    assert table.style is not None
    assert table.style.name == "Table Grid"
    header, first, last = table.rows
    assert header._tr.xpath("./w:trPr/w:tblHeader")
    assert not first._tr.xpath("./w:trPr/w:tblHeader")
    assert header.cells[0].paragraphs[0].runs[0].bold
    assert [str(cell.paragraphs[0].alignment) for cell in first.cells] == ["None", "RIGHT (2)"]
    assert last.cells[0].paragraphs[0].hyperlinks[0].address == "http://example.com/c"


def test_nothing_is_active_or_fetched() -> None:
    active = (
        "<script>alert(1)</script>\n\n<b>bold</b> ![a *picture*](http://example.com/x.png)\n\n"
        "<iframe src='http://example.com'></iframe>"
    )
    assert texts(active) == [
        "<script>alert(1)</script>",
        "<b>bold</b> a picture",
        "<iframe src='http://example.com'></iframe>",
    ]
    assert "example.com" not in "".join(
        rel.target_ref for rel in written(active)[0].part.rels.values()
    )


def test_characters_that_xml_cannot_hold_are_marked() -> None:
    bad = "a\x00b\x01c\ud800d\ufffee&#12;f `\x02` [g\x03](http://example.com/)"
    data = to_docx(f"{bad}\n\n```\n\x05\n```\n", f"t\x06{'x' * 300}")
    extract = read_docx(data)
    assert extract.text == "a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf \ufffd g\ufffd\n\n\ufffd\n\n"
    assert extract.title == f"t\ufffd{'x' * 253}"


def test_properties_are_set_and_the_same_text_makes_the_same_bytes() -> None:
    document, extract = written(PAPER)
    properties = document.core_properties
    assert (extract.title, extract.author) == ("A title", AUTHOR)
    assert (properties.last_modified_by, properties.comments) == (AUTHOR, "")
    assert properties.created == properties.modified
    assert to_docx(PAPER, "A title") == to_docx(PAPER, "A title")
    assert {entry.date_time for entry in word.entries(to_docx("x", "y"))} == {(2000, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("nest", ["> ", "- ", "1. "])
def test_what_is_nested_too_deeply_is_shown_as_it_is_written(nest: str) -> None:
    assert texts(nest * 20 + "deep")[-1].endswith("deep")
    assert texts(nest * 200 + "deep") == [nest * 200 + "deep"]


def test_an_empty_text_is_an_empty_document() -> None:
    assert docx.Document(io.BytesIO(to_docx("", "nothing"))).paragraphs == []
