"""A host as a child process of a test: start it, kill it, start it again on its state."""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeVar

import httpx2
import pytest

from tests.support.hosts.durable_extension import ARCHIVE, find_durable_host
from tests.support.hosts.durable_extension import ROOT as ROOT
from tests.support.ports import find_free_port

APPS = ROOT / "tests/infra/local/host/apps"
START_SECONDS = 120.0
STOP_SECONDS = 60.0
REFUSED = 2
"""The exit status of a host that does not take an app."""
POLL_SECONDS = 0.02
Found = TypeVar("Found")
_HUB = "AzureFunctionsJobHost__extensions__durableTask__hubName"
_SERVING = re.compile(r"(?:serving \S+|\d+ functions) at (http://\S+)")


class HostKind(StrEnum):
    """The host of this repository, or Microsoft's Durable extension on a small host for tests."""

    LOCAL = "local"
    REAL = "real"

    def require(self) -> None:
        """Skip the test, with the reason, where there is no such host."""
        if self is HostKind.REAL and find_durable_host() is None:
            pytest.skip(f"no Durable extension: DURABLE_HOST is not set and {ARCHIVE} is missing")


class HostStartError(AssertionError):
    """The host ended, or did not answer; the message holds the end of its output."""


class HostProcess:
    """One host serving `app`; `start` it, then use `client`.

    The local host's state lies in `state`, that of the real one in the storage that `env` names, in
    a task hub of its own or in `hub`. `env` is added to the environment of the test. Each start
    takes a free port.
    """

    def __init__(
        self,
        app: Path,
        state: Path,
        env: Mapping[str, str],
        kind: HostKind = HostKind.LOCAL,
        hub: str | None = None,
    ) -> None:
        self.app = app
        self.state = state
        self.kind = kind
        self.hub = hub or f"T{uuid.uuid4().hex[:16]}"
        self.env = {**env, _HUB: self.hub} if kind is HostKind.REAL else dict(env)
        self.client = httpx2.Client(timeout=60)
        self._log = state / "host.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Where it is served, without a slash at the end."""
        return str(self.client.base_url).rstrip("/")

    @property
    def log(self) -> str:
        """All it has printed, over all its starts."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it and return once it answers. Raises HostStartError."""
        self.state.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            seen = log.tell()
            self._process = launch(self.app, self.state, self.env, log.fileno(), kind=self.kind)
        origin = wait_for(lambda: self._origin(seen), "the host to serve", START_SECONDS)
        self.client.base_url = httpx2.URL(origin)
        # The socket listens before the app is served, so this answers once it is.
        self.client.get("/runtime/webhooks/durabletask/instances/nobody", timeout=START_SECONDS)

    def kill(self) -> None:
        """End it at once, as a crash does."""
        self.end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> int:
        """Send it a signal, wait until it has ended, and return its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def restart(self, app: Path | None = None) -> None:
        """Start it again on the same state, with another `app` if one is given."""
        if self.running:
            self.stop()
        self.app = app or self.app
        self.start()

    def close(self) -> None:
        """Let nothing of it be left."""
        self.client.close()
        if self.running:
            self.kill()

    def _origin(self, seen: int) -> str | None:
        output = self._log.read_bytes()[seen:].decode(errors="replace")
        if not self.running:
            raise HostStartError(f"the host for {self.app} ended:\n{output[-4000:]}")
        found = _SERVING.search(output)
        return found[1] if found else None


class StartHost(Protocol):
    """Starts a host for an app folder; `state` None is a folder of its own."""

    def __call__(
        self, app: Path, env: Mapping[str, str] | None = None, state: Path | None = None
    ) -> HostProcess: ...


@contextmanager
def hosts(
    folder: Path, kind: HostKind = HostKind.LOCAL, storage: str | None = None
) -> Iterator[StartHost]:
    """What starts hosts with their states below `folder`; all of them end with the context.

    `storage` is a connection string, without which there is no real host.
    """
    started: list[HostProcess] = []

    def start(
        app: Path, env: Mapping[str, str] | None = None, state: Path | None = None
    ) -> HostProcess:
        given = {"AzureWebJobsStorage": storage} if storage else {}
        own = state or folder / f"state-{len(started)}"
        host = HostProcess(app, own, {**given, **(env or {})}, kind)
        started.append(host)
        host.start()
        return host

    try:
        yield start
    finally:
        for host in started:
            host.close()


def launch(
    app: Path,
    state: Path,
    env: Mapping[str, str],
    output: int,
    port: int = 0,
    kind: HostKind = HostKind.LOCAL,
) -> subprocess.Popen[bytes]:
    """The host's process, both its outputs going to `output`."""
    if kind is HostKind.LOCAL:
        command = [sys.executable, "-m", "infra.local", "host", "--state", str(state)]
    else:
        command = [str(find_durable_host())]
        port = port or find_free_port()
    return subprocess.Popen(
        [*command, "--app", str(app), "--port", str(port)],
        cwd=ROOT,
        env={**os.environ, "DRT_PYTHON": sys.executable, **env},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
    )


def run_to_end(
    app: Path, state: Path, env: Mapping[str, str] | None = None, port: int = 0
) -> tuple[int, str]:
    """Exit status and output of a host that is expected not to start."""
    process = launch(app, state, env or {}, subprocess.PIPE, port)
    try:
        output, _ = process.communicate(timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        output, _ = process.communicate()
        raise AssertionError(f"the host started after all:\n{output.decode()}") from None
    return process.returncode, output.decode()


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = 60.0) -> Found:
    """What `look` returns once that is something; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
