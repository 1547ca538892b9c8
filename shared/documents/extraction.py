"""Reading any document, in a child process that can be killed: time, memory and crashes stay
there."""

import logging
import signal
from collections.abc import Sequence

from pydantic import ValidationError

from shared.documents.extract import Extract
from shared.documents.tables.queries import Query
from shared.documents.tables.worker import QUERIES, TableAnswer, TableKind
from shared.documents.worker import ReaderAnswer
from shared.errors import DocumentFault, Unreadable
from shared.models import Attachment
from shared.sandbox.runner import Limits, run_in_child

_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGKILL)  # pdfium's way, and the kernel's
_SMALLER = "split it, or save the part that matters as a file of its own, and send that."

log = logging.getLogger(__name__)


class Extractor:
    """Reads files within these limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def extract(self, file: Attachment, data: bytes) -> Extract:
        """The text of an attachment. Raises Unreadable."""
        return await self.read(file.content_type, file.filename, data)

    async def read(self, kind: str, name: str, data: bytes) -> Extract:
        """The text of what is no attachment, of this content type. Raises Unreadable."""
        return await extract(kind, name, data, self._limits)

    async def examine_table(
        self, kind: TableKind, data: bytes, queries: Sequence[Query]
    ) -> TableAnswer:
        """The profile of a table and what these queries come to; without columns where it is none.
        Raises Unreadable where it cannot be reckoned within the limits."""
        asked = QUERIES.dump_json(list(queries)).decode()
        try:
            returned, output = await run_in_child(
                "shared.documents.tables.worker", kind, asked, data, self._limits
            )
        except TimeoutError:
            raise _too_slow(self._limits) from None
        except ValueError:
            raise _broken() from None
        if returned != 0:
            log.warning("the reader of tables ended with %d", returned)
            raise _too_large(self._limits)
        return TableAnswer.model_validate_json(output)


async def extract(kind: str, name: str, data: bytes, limits: Limits) -> Extract:
    """The text of a file of this content type; `name` is what it is called. Raises Unreadable."""
    try:
        returned, output = await run_in_child("shared.documents.worker", kind, name, data, limits)
    except TimeoutError:
        raise _too_slow(limits) from None
    except ValueError:
        raise _broken() from None
    if returned == 0:
        return _extract(kind, output, limits)
    log.warning("the reader of %s ended with %d", kind, returned)
    raise _too_large(limits) if returned in _OUT_OF_MEMORY else _broken()


def _extract(kind: str, output: bytes, limits: Limits) -> Extract:
    try:
        answer = ReaderAnswer.model_validate_json(output)
    except ValidationError:
        raise _broken() from None
    if answer.extract is not None:
        return answer.extract
    if answer.fault is None:
        log.warning("the reader of %s failed with %s", kind, answer.error)
        raise _broken()
    raise Unreadable(answer.fault, answer.advice) if answer.advice else _too_large(limits)


def _too_slow(limits: Limits) -> Unreadable:
    text = f"This file could not be read within {limits.seconds:g} seconds; {_SMALLER}"
    return Unreadable(DocumentFault.TOO_SLOW, text)


def _too_large(limits: Limits) -> Unreadable:
    text = f"This file needs more than {limits.megabytes} MB of memory to be read; {_SMALLER}"
    return Unreadable(DocumentFault.TOO_LARGE, text)


def _broken() -> Unreadable:
    advice = "open it in the program it was made with, save it anew, and send that."
    return Unreadable(
        DocumentFault.BROKEN, f"This file could not be read, it seems damaged; {advice}"
    )
