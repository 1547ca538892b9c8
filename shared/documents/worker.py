"""`python -m shared.documents.worker`: the process that reads one document and ends.

It is asked on standard input, by a line of JSON (Request) and then the file; it answers on standard
output (Answer). Whatever a file does to its reader, it does to this process, which knows no
secrets, has limits of its own, and ends when the process that started it does.
"""

import json
import resource
import signal
import sys
from io import FileIO
from threading import Thread
from typing import TypedDict

from shared.documents.extract import Extract
from shared.documents.file_types import DOCX, PDF
from shared.errors import DocumentFault, Unreadable
from shared.models import Model


class Request(TypedDict):
    """`size` is that of the file in bytes; `seconds` of processor time and `megabytes` of memory
    are the most that reading it may take."""

    kind: str
    name: str
    size: int
    seconds: int
    megabytes: int


class ReaderAnswer(Model):
    """What was read; or the fault with the file; or the kind of error that nobody foresaw."""

    extract: Extract | None = None
    fault: DocumentFault | None = None
    advice: str = ""
    error: str = ""


def main() -> None:
    """Answer the one request."""
    asked = request()
    sys.stdout.buffer.write(_answer(asked))


def request() -> Request:
    """What this process is asked, whose limits hold from now on."""
    asked: Request = json.loads(sys.stdin.buffer.readline())
    _limit(asked)
    return asked


def content(asked: Request) -> bytes:
    """The file of a request; from now on this process ends when nobody waits for it."""
    data = sys.stdin.buffer.read(asked["size"])
    if len(data) < asked["size"]:
        sys.exit("nobody waits for the answer")
    Thread(target=_end_with_parent, daemon=True).start()
    return data


def _limit(asked: Request) -> None:
    """Some systems know fewer limits than Linux; the time limit of the other side always holds."""
    limits = {
        resource.RLIMIT_CORE: 0,  # it would hold the document
        resource.RLIMIT_CPU: asked["seconds"],
        resource.RLIMIT_DATA: asked["megabytes"] * 1024 * 1024,
    }
    for what, most in limits.items():
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):
            continue


def _answer(asked: Request) -> bytes:
    try:
        return _json(ReaderAnswer(extract=_read(asked["kind"], asked["name"], content(asked))))
    except Unreadable as error:
        return _json(ReaderAnswer(fault=error.fault, advice=error.advice))
    except MemoryError:
        return _json(ReaderAnswer(fault=DocumentFault.TOO_LARGE))
    except Exception as error:  # a reader's mistake; its text could be the document's
        return _json(ReaderAnswer(error=type(error).__name__))


def _json(answer: ReaderAnswer) -> bytes:
    return answer.model_dump_json(exclude_defaults=True).encode()


def _end_with_parent() -> None:
    """Nothing more is sent, so that reading ends when the other side does."""
    FileIO(sys.stdin.fileno(), closefd=False).read(1)
    signal.raise_signal(signal.SIGKILL)


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
