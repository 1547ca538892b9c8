"""What was left out of a document is told to whoever reads a piece of it."""

from shared.documents.extract import HOLE
from shared.documents.pdf.reader import read_pdf
from shared.tasks.evidence.chunking import cut
from tests.support.files import pdfs


async def test_a_piece_knows_the_lines_that_are_not_in_it() -> None:
    extract = read_pdf(pdfs.report(6))
    chunks = await cut(extract, 800)
    assert len(chunks) > 3
    for chunk in chunks:
        assert chunk.left_out == (extract.left_out if HOLE in chunk.text else [])
    assert (
        chunks[0].left_out != chunks[-1].left_out == ["Annual report of the harbour", "Page … of 6"]
    )
