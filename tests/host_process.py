"""The local host as a child process of a test: start it, kill it, start it again on its state."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar

import httpx2

ROOT = Path(__file__).parents[1]
START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02
Found = TypeVar("Found")
_SERVING = re.compile(r"serving \S+ at (http://\S+)")


class HostStartError(AssertionError):
    """The host ended, or did not answer; the message holds the end of its output."""


class HostProcess:
    """One local host serving `app` with its state in `state`; `start` it, then use `client`.

    `env` is added to the environment of the test. Each start takes a free port.
    """

    def __init__(self, app: Path, state: Path, env: Mapping[str, str]) -> None:
        self.app = app
        self.state = state
        self.env = dict(env)
        self.client = httpx2.Client(timeout=30)
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
            self._process = launch(self.app, self.state, self.env, log.fileno())
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
def hosts(folder: Path) -> Iterator[StartHost]:
    """What starts hosts with their states below `folder`; all of them end with the context."""
    started: list[HostProcess] = []

    def start(
        app: Path, env: Mapping[str, str] | None = None, state: Path | None = None
    ) -> HostProcess:
        host = HostProcess(app, state or folder / f"state-{len(started)}", env or {})
        started.append(host)
        host.start()
        return host

    try:
        yield start
    finally:
        for host in started:
            host.close()


def launch(
    app: Path, state: Path, env: Mapping[str, str], output: int, port: int = 0
) -> subprocess.Popen[bytes]:
    """The host's process, both its outputs going to `output`."""
    command = [sys.executable, "-m", "infra.local", "host", "--port", str(port)]
    return subprocess.Popen(
        [*command, "--app", str(app), "--state", str(state)],
        cwd=ROOT,
        env={**os.environ, **env},
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


def wait_for(look: Callable[[], Found | None], what: str, seconds: float = 30.0) -> Found:
    """What `look` returns once that is something; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
