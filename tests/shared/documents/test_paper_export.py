"""Papers as Word documents and as pages: contents, captions, footnotes, a template's styles."""

import io
import shutil
import subprocess
from pathlib import Path

import docx
import pytest
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from shared.documents.docx.reader import read_docx
from shared.documents.export.page import to_page
from shared.documents.export.paper import to_paper_docx
from shared.documents.export.template import template_of
from shared.documents.pdf.reader import read_pdf
from shared.errors import Unreadable
from tests.support.files import files

PAPER = """\
# The *Paper* & more

## Abstract

Short [x](https://e.example) text.[^1]

## Costs

### Of `berths`

Table 1: The **caption**

| a | b |
|---|---|
| 1 | 2 |

```python
x = 1
```

More.[^2] ![a picture](http://x.example/y.png) <script>alert(1)</script> [bad](javascript:alert(1))

## References

- \\[1\\] A

[^1]: First note, [link](https://a.example)
[^2]: Second “quote”
"""


def opened(data: bytes) -> Document:
    return docx.Document(io.BytesIO(data))


def styled(document: Document, name: str) -> list[str]:
    return [one.text for one in document.paragraphs if (one.style and one.style.name) == name]


def a_template(heading_id: str) -> bytes:
    document = docx.Document()
    heading = document.styles["Heading 1"]
    heading.font.size = Pt(33)
    heading.element.set(qn("w:styleId"), heading_id)
    document.sections[0].left_margin = Cm(5)
    document.add_paragraph("Secret text of the template.")
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def test_the_title_headings_and_captions_have_words_own_styles() -> None:
    document = opened(to_paper_docx(PAPER))
    assert styled(document, "Title") == ["The Paper & more"]
    assert styled(document, "Heading 1") == ["Abstract", "Costs", "References"]
    assert styled(document, "Heading 2") == ["Of berths"]
    assert styled(document, "Caption") == ["Table 1: The caption"]
    assert styled(document, "Code") == ["x = 1"]


def test_word_fills_the_contents_and_counts_the_tables() -> None:
    document = opened(to_paper_docx(PAPER))
    body = document.element
    fields = [one.text.split() for one in body.iter(qn("w:instrText"))]
    assert fields == [
        ["TOC", "\\o", '"1-3"', "\\h", "\\z", "\\u"],
        ["SEQ", "Table", "\\*", "ARABIC"],
    ]
    kinds = [one.get(qn("w:fldCharType")) for one in body.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "end"] * 2
    assert document.settings.element.find(qn("w:updateFields")) is not None


def test_footnotes_are_footnotes() -> None:
    blocks = read_docx(to_paper_docx(PAPER)).blocks
    notes = {one.part: one.text.strip() for one in blocks if one.part}
    assert notes == {"footnote 1": "First note, link", "footnote 2": "Second “quote”"}


def test_a_paper_makes_the_same_bytes_again() -> None:
    assert to_paper_docx(PAPER) == to_paper_docx(PAPER)


@pytest.mark.parametrize("heading_id", ["Heading1", "berschrift1"])
def test_the_styles_of_a_template_are_taken_over_and_nothing_else(heading_id: str) -> None:
    document = opened(to_paper_docx(PAPER, template_of(a_template(heading_id))))
    assert document.styles["Heading 1"].font.size == Pt(33)
    assert styled(document, "Heading 1") == ["Abstract", "Costs", "References"]
    assert abs(document.sections[0].left_margin - Cm(5)) < Pt(1)  # type: ignore[operator]
    assert not any("Secret" in one.text for one in document.paragraphs)


@pytest.mark.parametrize("data", [b"no archive", files.PDF])
def test_what_is_no_template_is_said_so(data: bytes) -> None:
    with pytest.raises(Unreadable):
        template_of(data)


def test_a_page_shows_everything_and_does_nothing() -> None:
    page = to_page(PAPER, "T & <t>")
    assert "<title>T &amp; &lt;t&gt;</title>" in page
    assert "default-src 'none'" in page
    for active in ("<script", "<img", 'href="javascript', "http://x.example"):
        assert active not in page
    assert 'href="https://e.example"' in page
    assert "a picture" in page
    assert "Second “quote”" in page
    assert page.count("<li class=") == 4


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed (soffice)")
def test_libreoffice_makes_a_pdf_that_holds_every_heading(tmp_path: Path) -> None:
    source = tmp_path / "paper.docx"
    source.write_bytes(to_paper_docx(PAPER))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile"]
    command += ["--convert-to", "pdf", "--outdir", str(tmp_path), str(source)]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    text = read_pdf((tmp_path / "paper.pdf").read_bytes()).text
    for heading in ("The Paper & more", "Abstract", "Costs", "Of berths", "References"):
        assert text.count(heading) >= 1, heading
