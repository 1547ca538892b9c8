"""Looks for quotes in files by other means than the product: is what it delivers really there?

A file is read anew (PDF by pypdf or pdfium, Word by python-docx, text by Python itself), and the
letters and digits of a quote must stand, in their order and without a gap, at the place that is
named.
"""

import io
import re
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

import docx
import pypdf
import pypdfium2
from docx.table import Table

JsonObject = dict[str, Any]


def check(result: JsonObject, files: dict[str, bytes]) -> int:
    """Every quote of a result is in its file, at its place; how many there are."""
    proofs = list(quotes(result))
    for proof in proofs:
        assert is_there(files[proof["document"]], proof["document"], proof), proof
    return len(proofs)


def quotes(result: JsonObject) -> Iterator[JsonObject]:
    """All evidence of a result."""
    for finding in (*result["insights"], *result["conflicts"], *result["agreements"]):
        assert finding["evidence"], finding
        yield from finding["evidence"]


def is_there(data: bytes, name: str, proof: JsonObject) -> bool:
    """Whether the quote is in the file, at the place that is named."""
    kind = name.rpartition(".")[2]
    wanted, place = letters(proof["quote"]), proof["place"]
    assert wanted, proof
    if kind == "pdf":
        return _on_pages(data, place, wanted)
    if kind == "docx":
        return wanted in _paragraph(data, place)
    return _from_line(data, place, wanted)


def letters(text: str) -> str:
    """The letters and digits of a text, one after another."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def _on_pages(data: bytes, place: str, wanted: str) -> bool:
    """On the one page that is named, or at the end of one and the beginning of the next, between
    which there may be a running footer and header. Readers order tables in their own ways."""
    numbers = [int(number) for number in re.findall(r"\d+", place)]
    named = f"p. {numbers[0]}" if len(numbers) == 1 else f"pp. {numbers[0]}–{numbers[-1]}"
    assert place == named
    return any(
        _spans([letters(read(data, number)) for number in numbers], wanted)
        for read in (_by_pypdf, _by_pdfium)
    )


def _spans(pages: list[str], wanted: str) -> bool:
    if len(pages) == 1:
        return wanted in pages[0]
    first, second = pages
    return any(wanted[:cut] in first and wanted[cut:] in second for cut in range(1, len(wanted)))


def _by_pypdf(data: bytes, number: int) -> str:
    return pypdf.PdfReader(io.BytesIO(data)).pages[number - 1].extract_text()


def _by_pdfium(data: bytes, number: int) -> str:
    with pypdfium2.PdfDocument(data) as document:
        return str(document[number - 1].get_textpage().get_text_range())


def _paragraph(data: bytes, place: str) -> str:
    """The text of the paragraph or row that is named by its number."""
    numbered = [text for text in _paragraphs(data) if text.strip()]
    found = re.search(r"paragraph (\d+)$", place)
    assert found, place
    return letters(numbered[int(found[1]) - 1])


def _paragraphs(data: bytes) -> Iterator[str]:
    for element in docx.Document(io.BytesIO(data)).iter_inner_content():
        if isinstance(element, Table):
            yield from (_joined(cell.text for cell in row.cells) for row in element.rows)
        else:
            yield element.text


def _joined(texts: Iterable[str]) -> str:
    return " ".join(texts)


def _from_line(data: bytes, place: str, wanted: str) -> bool:
    """From within the line that is named, and over as many more as it takes."""
    found = re.fullmatch(r"line (\d+)", place)
    assert found, place
    lines = data.decode().splitlines()[int(found[1]) - 1 :]
    at = letters("\n".join(lines)).find(wanted)
    return 0 <= at < len(letters(lines[0]))
