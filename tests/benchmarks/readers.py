"""How fast documents are read, beside the libraries alone, and what that costs in memory."""

import asyncio
import io
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import docx
import pypdf
import pypdfium2

from shared.documents.docx.reader import read_docx
from shared.documents.extraction import extract
from shared.documents.file_types import PDF
from shared.documents.pdf.reader import read_pdf
from shared.documents.text.reader import read_text
from shared.sandbox.runner import Limits
from tests.benchmarks.verdicts import Row, judge, judge_least
from tests.support.files import pdfs

PAGES = 600
PARAGRAPHS = 5_000
LINES = 100_000  # 8.4 million characters; the reader takes 10 million
SENTENCE = "The pilots of the northern station go home in February, when the harbour is frozen."


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    return [*_pdf(), *_hostile(), *_word(), *_text()]


def _seconds(*works: Callable[[], object]) -> list[float]:
    """The best of three of each, by turns."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(3):
        for work, taken in zip(works, times, strict=True):
            start = time.perf_counter()
            work()
            taken.append(time.perf_counter() - start)
    return list(map(min, times))


def _pdf() -> list[Row]:
    data, one = pdfs.report(PAGES), pdfs.report(1)
    whole, theirs, tenth, apart, begun = _seconds(
        lambda: read_pdf(data),
        lambda: _by_pdfium(data),
        lambda: _by_pypdf(data, PAGES // 10),
        lambda: _in_child(data),
        lambda: _in_child(one),
    )
    ours, pdfium, child = PAGES / whole, PAGES / theirs, PAGES / apart
    slow, start = PAGES / 10 / tenth, 1000 * begun
    few, many = (_peak(pdfs.report(pages)) for pages in (PAGES // 10, PAGES))
    libraries = f" (pdfium {pdfium:.0f}, pypdf {slow:.0f})"
    memory = f"memory for {PAGES // 10} and {PAGES} pages"
    return [
        judge_least(f"PDF of {PAGES} pages", ours, 200, "pages/s", libraries),
        judge_least("… in a child process", child, 200, "pages/s", f", {start:.0f} ms for one"),
        judge(memory, f"{few:.0f} MB, {many:.0f} MB", "<= 300 MB", max(few, many) <= 300),
    ]


def _by_pdfium(data: bytes) -> None:
    with pypdfium2.PdfDocument(data) as document:
        for page in document:
            page.get_textpage().get_text_bounded()
            page.close()


def _by_pypdf(data: bytes, pages: int) -> None:
    for page in pypdf.PdfReader(io.BytesIO(data)).pages[:pages]:
        page.extract_text()


def _in_child(data: bytes) -> None:
    asyncio.run(extract(PDF, "a.pdf", data, Limits()))


_PEAK = """
import sys
from pathlib import Path
from shared.documents.pdf.reader import read_pdf
from shared.errors import Unreadable
try:
    read_pdf(Path(sys.argv[1]).read_bytes())
except Unreadable:
    pass
print(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


def _peak(data: bytes) -> float:
    """The most memory, in MB, of a process that reads a PDF."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        command = [sys.executable, "-c", _PEAK, file.name]
        return int(subprocess.run(command, capture_output=True, check=True).stdout) / 1024


def _hostile() -> list[Row]:
    operators = b"BT /F1 9 Tf (harbour ice) Tj ET\n"
    rows = []
    for size in (5, 500):
        content = pdfs.packed(pdfs.bomb(size * 1_000_000, operators))
        data = pdfs.drawn(b"", more={101: content})
        start = time.perf_counter()
        peak = _peak(data)
        seconds = time.perf_counter() - start
        name = f"PDF of {len(data) // 1024} KB with {size} MB inside"
        holds = seconds < 2 and peak < 300
        rows.append(judge(name, f"{seconds:.1f} s, {peak:.0f} MB", "< 2 s, < 300 MB", holds))
    return rows


def _word() -> list[Row]:
    document = docx.Document()
    for number in range(PARAGRAPHS):
        document.add_paragraph(f"{number}. {SENTENCE}")
    target = io.BytesIO()
    document.save(target)
    data = target.getvalue()
    ours, plain = _seconds(lambda: read_docx(data), lambda: _by_python_docx(data))
    what, more = f"DOCX of {PARAGRAPHS} paragraphs", f" (python-docx {PARAGRAPHS / plain:.0f})"
    return [judge_least(what, PARAGRAPHS / ours, 10_000, "paragraphs/s", more)]


def _by_python_docx(data: bytes) -> None:
    for paragraph in docx.Document(io.BytesIO(data)).paragraphs:
        _ = paragraph.text


def _text() -> list[Row]:
    data = f"{SENTENCE}\n".encode() * LINES
    (seconds,) = _seconds(lambda: read_text("text/plain", "a.txt", data))
    megabytes = len(data) / 1_000_000
    return [judge_least(f"text of {megabytes:.0f} MB", megabytes / seconds, 10, "MB/s")]
