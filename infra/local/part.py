"""A child process of the running app, and all of them together."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import httpx2

from infra.local import ROOT
from infra.local.log_lines import escape_unprintable
from infra.local.serving import PARENT_PIPE, PartError, take_port

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.02

Printer = Callable[[str], None]


class Part:
    """A child process whose output is printed line by line under its name."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        env: dict[str, str],
        say: Printer,
        python: str = sys.executable,
    ) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [python, "-m", *arguments],
            cwd=ROOT,
            env={**os.environ, **env, PARENT_PIPE: "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="backslashreplace",
            start_new_session=True,  # Ctrl-C reaches only us, and we stop the parts in order
        )
        self._say = say
        self._last: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None  # noqa: S101  it was asked for
        for line in self.process.stdout:
            shown = escape_unprintable(line.rstrip())
            self._last = [*self._last[-9:], shown]
            self._say(f"{self.name:<10} {shown}")

    def until_answering(self, url: str) -> None:
        """Return when `url` answers with success. Raises PartError."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                self._reader.join(STOP_SECONDS)
                raise PartError(f"the {self.name} did not start:\n" + "\n".join(self._last))
            with suppress(httpx2.HTTPError):
                if httpx2.get(url, timeout=START_SECONDS).is_success:
                    return
            time.sleep(POLL_SECONDS)
        raise PartError(f"the {self.name} did not answer at {url} within {START_SECONDS:.0f} s")

    def stop(self) -> None:
        """End it in order, or by force if it does not."""
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Parts:
    """Those that were started, and are stopped when `stack` is left."""

    def __init__(self, say: Printer, stack: ExitStack) -> None:
        self.started: list[Part] = []
        self._say = say
        self._stack = stack

    def start(
        self, name: str, arguments: list[str], env: dict[str, str], python: str = sys.executable
    ) -> Part:
        part = Part(name, arguments, env, self._say, python)
        self._stack.callback(part.stop)
        self.started.append(part)
        return part

    def stand_in(self, name: str, port: int, *more: str, python: str = sys.executable) -> Part:
        """Start the stand-in `infra.local.{name}` on a port of its own. Raises StartError."""
        take_port(port, f"the stand-in {name}").close()
        return self.start(name, [f"infra.local.{name}", "--port", str(port), *more], {}, python)
