"""Reading any document, in a child process that can be killed: time, memory and crashes stay
there."""

import asyncio
import json
import logging
import signal
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import cast

from pydantic import ValidationError

from shared.documents.extract import Extract
from shared.documents.worker import ReaderAnswer, Request
from shared.errors import DocumentFault, Unreadable
from shared.models import Attachment

_PIECE = 1024 * 1024
_MAX_ANSWERED = 128 * 1024 * 1024
_OUT_OF_MEMORY = (-signal.SIGABRT, -signal.SIGKILL)  # pdfium's way, and the kernel's
_SMALLER = "split it, or save the part that matters as a file of its own, and send that."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What reading one document may take; `parallel` is how many are read at once by all who share
    these limits. Where the system does not limit memory, only the time limit holds."""

    seconds: float = 60
    megabytes: int = 1024
    parallel: int = 2

    @cached_property
    def slots(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.parallel)


class Extractor:
    """Reads files within these limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    async def extract(self, file: Attachment, data: bytes) -> Extract:
        """The text of an attachment. Raises Unreadable."""
        return await extract(file.content_type, file.filename, data, self._limits)


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


async def run_in_child(
    module: str, kind: str, name: str, data: bytes, limits: Limits
) -> tuple[int, bytes]:
    """Ask a process that runs this module, as `worker` tells: its return code, negative for a
    signal, and its output. Raises TimeoutError, and ValueError for an endless output."""
    async with limits.slots, asyncio.timeout(limits.seconds):
        return await _ask(module, kind, name, data, limits)


async def _ask(module: str, kind: str, name: str, data: bytes, limits: Limits) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        env=_environment(),
    )
    try:
        asked = Request(
            kind=kind,
            name=name,
            size=len(data),
            seconds=ceil(limits.seconds) + 1,
            megabytes=limits.megabytes,
        )
        await _send(cast(StreamWriter, process.stdin), json.dumps(asked).encode() + b"\n", data)
        output = await _received(cast(StreamReader, process.stdout))
        return await process.wait(), output
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """Where the packages and Python's own library are, and nothing else that this process knows."""
    path = ":".join(str(Path(entry).resolve()) for entry in sys.path)
    return {"PYTHONPATH": path, "LD_LIBRARY_PATH": f"{sys.base_prefix}/lib"}


async def _send(pipe: StreamWriter, head: bytes, data: bytes) -> None:
    """The pipe stays open: when it closes, the child knows that nobody waits for it."""
    try:
        pipe.write(head)
        for start in range(0, len(data), _PIECE):
            pipe.write(memoryview(data)[start : start + _PIECE])
            await pipe.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # it answered or died before it had read everything


async def _received(pipe: StreamReader) -> bytes:
    output = bytearray()
    while piece := await pipe.read(_PIECE):
        output += piece
        if len(output) > _MAX_ANSWERED:
            raise ValueError("the answer has no end")
    return bytes(output)


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
