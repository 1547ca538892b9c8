"""`python -m shared.documents.worker`: the process that reads one document and ends.

Whatever a file does to its reader, it does to this process.
"""

import sys

from shared.documents.extract import Extract
from shared.documents.file_types import DOCX, PDF
from shared.errors import DocumentFault, Unreadable
from shared.models import Model
from shared.sandbox.child import Request, read_data, read_request


class ReaderAnswer(Model):
    """What was read; or the fault with the file; or the kind of error that nobody foresaw."""

    extract: Extract | None = None
    fault: DocumentFault | None = None
    advice: str = ""
    error: str = ""


def main() -> None:
    """Answer the one request."""
    asked = read_request()
    sys.stdout.buffer.write(_answer(asked))


def _answer(asked: Request) -> bytes:
    try:
        return _json(ReaderAnswer(extract=_read(asked["kind"], asked["name"], read_data(asked))))
    except Unreadable as error:
        return _json(ReaderAnswer(fault=error.fault, advice=error.advice))
    except MemoryError:
        return _json(ReaderAnswer(fault=DocumentFault.TOO_LARGE))
    except Exception as error:  # a reader's mistake; its text could be the document's
        return _json(ReaderAnswer(error=type(error).__name__))


def _json(answer: ReaderAnswer) -> bytes:
    return answer.model_dump_json(exclude_defaults=True).encode()


def _read(kind: str, name: str, data: bytes) -> Extract:
    """Only the reader at hand is loaded."""
    if kind == PDF:
        from shared.documents.pdf.reader import read_pdf

        return read_pdf(data)
    if kind == DOCX:
        from shared.documents.docx.reader import read_docx

        return read_docx(data)
    from shared.documents.text.reader import read_text

    return read_text(kind, name, data)


if __name__ == "__main__":
    main()
