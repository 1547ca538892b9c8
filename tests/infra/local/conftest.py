"""Stand-ins as their users start them: as processes, each on a free port."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

STOP_SECONDS = 20


@contextmanager
def stand_in(module: str, *arguments: str) -> Iterator[str]:
    """The address of a stand-in for as long as the context lasts; it must then end cleanly."""
    command = [sys.executable, "-m", module, "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout:
        try:
            line = process.stdout.readline()
            assert " listening on http://127.0.0.1:" in line
            yield line.split()[-1]
        finally:
            process.terminate()
            status = process.wait(STOP_SECONDS)
        assert status == 0


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    with stand_in("infra.local.model") as url:
        yield url
