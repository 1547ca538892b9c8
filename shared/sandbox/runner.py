"""Asks a child process that has limits, and is killed when it takes too long. It knows no secrets,
unless it is this program once more."""

import asyncio
import json
import sys
from asyncio import StreamReader, StreamWriter
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import cast

from shared.sandbox.child import Request

Environment = Mapping[str, str] | None

_PIECE = 1024 * 1024
_MAX_ANSWERED = 128 * 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """What one child may take; `parallel` is how many work at once for all who share these limits,
    `patience` how many seconds another waits for its turn, None for any number. Where the system
    does not limit memory, only the time limit holds."""

    seconds: float = 60
    megabytes: int = 1024
    parallel: int = 2
    patience: float | None = None

    @cached_property
    def slots(self) -> asyncio.Semaphore:
        return asyncio.Semaphore(self.parallel)


class BusyError(Exception):
    """No turn came within the patience of the limits."""


async def run_in_child(
    module: str, kind: str, name: str, data: bytes, limits: Limits, environment: Environment = None
) -> tuple[int, bytes]:
    """Ask a process that runs this module, as `child` tells: its return code, negative for a
    signal, and its output. One that is given an environment is trusted with it, and says on our
    standard error what it has to say. Raises BusyError, TimeoutError, and ValueError for an endless
    output."""
    try:
        async with asyncio.timeout(limits.patience):
            await limits.slots.acquire()
    except TimeoutError:
        raise BusyError from None
    try:
        async with asyncio.timeout(limits.seconds):
            return await _ask(module, kind, name, data, limits, environment)
    finally:
        limits.slots.release()


async def _ask(
    module: str, kind: str, name: str, data: bytes, limits: Limits, environment: Environment
) -> tuple[int, bytes]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", module),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL if environment is None else None,
        env={**(environment or {}), **_paths()},
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
        output = await _receive(cast(StreamReader, process.stdout))
        return await process.wait(), output
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def _paths() -> dict[str, str]:
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


async def _receive(pipe: StreamReader) -> bytes:
    output = bytearray()
    while piece := await pipe.read(_PIECE):
        output += piece
        if len(output) > _MAX_ANSWERED:
            raise ValueError("the answer has no end")
    return bytes(output)
