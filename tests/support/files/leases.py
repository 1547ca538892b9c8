"""A lease and a letter about it, for tests of analyses."""

import io

import docx

from tests.support.files import pdfs

LEASE = pdfs.written(
    [
        ["Lease", "", "The tenant shall pay the rent on the third day of each month."],
        ["The landlord keeps the roof in good order. The tenant may end this"],
        ["lease with a notice of three months, in writing."],
    ]
)


RENT = "The tenant shall pay the rent on the third day of each month."


def letter(*paragraphs: str) -> bytes:
    """A Word document with a table after its paragraphs."""
    document = docx.Document()
    document.add_heading("Letter", 1)
    for paragraph in paragraphs:
        document.add_paragraph(paragraph)
    row = document.add_table(1, 2).rows[0]
    row.cells[0].text, row.cells[1].text = "Rent in euros", "1,250.00 a month"
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()
