"""Documents are read in a child process: what happens to it becomes a named fault, and it outlives
nobody."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from shared.documents.extract import Extract
from shared.documents.extraction import extract
from shared.documents.file_types import PDF
from shared.errors import DocumentFault, Unreadable
from shared.sandbox.runner import Limits
from tests.support.files import pdfs
from tests.support.files.pdfs import bomb, drawn, packed, shown

LONG = pdfs.report(300)


async def read(data: bytes, limits: Limits | None = None, kind: str = PDF) -> Extract:
    return await extract(kind, "a.pdf", data, limits or Limits())


async def fault(data: bytes, limits: Limits | None = None, kind: str = PDF) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        await read(data, limits, kind)
    return caught.value


def children() -> list[psutil.Process]:
    """The readers of this process."""
    return [child for child in psutil.Process().children() if _is_reader(child)]


def _is_reader(process: psutil.Process) -> bool:
    try:
        return "shared.documents.worker" in process.cmdline()
    except psutil.Error:  # it ends
        return False


async def started(task: asyncio.Task[Any]) -> psutil.Process:
    """The child that reads for a task, as soon as it runs."""
    while not (found := children()):
        assert not task.done()
        await asyncio.sleep(0)
    return found[0]


async def test_what_is_read_comes_back_whole() -> None:
    data = pdfs.written([["One."], ["Two \u2013 \xe9."]], [(2, 0, "Chapter")], title="A title")
    extract = await read(data)
    assert [(block.text, block.page, block.headings) for block in extract.blocks] == [
        ("One.\n", 1, []),
        ("Two \u2013 \xe9.\n", 2, ["Chapter"]),
    ]
    assert (extract.title, extract.pages, extract.pages_read) == ("A title", 2, 2)


async def test_a_large_file_is_sent_whole() -> None:
    padding = b"% nothing to see\n" * 2_000_000
    extract = await read(pdfs.written([["One."]]).replace(b"\n", b"\n" + padding, 1))
    assert extract.text == "One.\n"


async def test_a_reader_s_fault_and_advice_come_back() -> None:
    error = await fault(pdfs.encrypted(pdfs.written([["Secret."]]), "word", "AES-256"))
    assert error.fault == DocumentFault.ENCRYPTED
    assert "needs a password" in error.advice


async def test_time_is_limited() -> None:
    error = await fault(LONG, Limits(seconds=0.01))
    assert error.fault == DocumentFault.TOO_SLOW
    assert error.advice.startswith("This file could not be read within 0.01 seconds; split it")
    assert children() == []


@pytest.mark.parametrize(
    "made",
    [
        lambda: pdfs.written([["One."]]) + bytes(200_000_000),
        lambda: drawn(
            shown("Text."),
            more={
                4: b"<< /Type /Font /Subtype /TrueType /BaseFont /Odd /FontDescriptor 6 0 R >>",
                6: b"<< /Type /FontDescriptor /FontName /Odd /Flags 32 /FontFile2 7 0 R >>",
                7: packed(bomb(400_000_000, b"\0")),
            },
        ),
    ],
    ids=["file", "font"],
)
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the memory of a process")
async def test_memory_is_limited(
    made: Callable[[], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    error = await fault(made(), Limits(megabytes=150))
    assert error.fault == DocumentFault.TOO_LARGE
    assert error.advice.startswith("This file needs more than 150 MB of memory to be read")


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (signal.SIGSEGV, DocumentFault.BROKEN),
        (signal.SIGBUS, DocumentFault.BROKEN),
        (signal.SIGABRT, DocumentFault.TOO_LARGE),
        (signal.SIGKILL, DocumentFault.TOO_LARGE),
    ],
)
async def test_a_child_that_dies_by_a_signal_is_a_fault_of_the_file(
    sent: signal.Signals, expected: DocumentFault, caplog: pytest.LogCaptureFixture
) -> None:
    task = asyncio.create_task(fault(LONG))
    (await started(task)).send_signal(sent)
    assert (await task).fault == expected
    assert f"the reader of {PDF} ended with -{sent}" in caplog.text


async def test_what_nobody_foresaw_is_told_by_its_type_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # The child finds packages where this process does: first here, one that fails.
    (tmp_path / "pypdf.py").write_text("raise BufferError('a secret sentence')")
    monkeypatch.syspath_prepend(tmp_path)
    caplog.set_level(logging.DEBUG)
    error = await fault(LONG)
    assert error.fault == DocumentFault.BROKEN
    assert "BufferError" in caplog.text
    assert "secret" not in caplog.text + error.advice


async def test_a_child_knows_no_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "k" * 32)
    task = asyncio.create_task(read(LONG))
    assert set((await started(task)).environ()) <= {"PYTHONPATH", "LD_LIBRARY_PATH"}
    await task


async def test_a_child_ends_when_the_caller_is_cancelled() -> None:
    task = asyncio.create_task(read(LONG))
    child = await started(task)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not child.is_running()


async def test_no_more_children_run_at_once_than_allowed() -> None:
    limits = Limits(parallel=1)
    tasks = [asyncio.create_task(read(pdfs.written([[f"{n}."]]), limits)) for n in range(3)]
    most = 0
    while not all(task.done() for task in tasks):
        most = max(most, len(children()))
        await asyncio.sleep(0)
    assert [task.result().text for task in tasks] == [f"{n}.\n" for n in range(3)]
    assert most == 1


def started_alone(size: int) -> subprocess.Popen[bytes]:
    """A child that was asked to read a PDF of so many bytes."""
    command = [sys.executable, "-m", "shared.documents.worker"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    request = {"kind": PDF, "name": "a.pdf", "size": size, "seconds": 60, "megabytes": 1024}
    assert child.stdin is not None
    child.stdin.write(json.dumps(request).encode() + b"\n")
    child.stdin.flush()
    return child


@pytest.mark.parametrize(("sent", "returned"), [(len(LONG), -signal.SIGKILL), (100, 1)])
def test_a_child_ends_with_the_process_that_started_it(sent: int, returned: int) -> None:
    """For the child, the end of that process is the end of its standard input."""
    with started_alone(len(LONG)) as child:
        assert child.stdin is not None
        child.stdin.write(LONG[:sent])
        child.stdin.close()
        assert child.wait(timeout=60) == returned
