"""Azurite, Microsoft's storage emulator (blobs, queues, tables), as a child process.

    with Azurite(Path(".local/azurite")) as azurite:
        BlobServiceClient.from_connection_string(azurite.connection_string)

It listens on the loopback interface only, sends no telemetry, and accepts any API version, because
the Python SDKs are ahead of the one it knows. It writes to disk every five seconds and when it is
stopped in order, which it also is when our process ends in whatever way.
"""

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from infra.local.azurite.install import HERE, PROGRAM, install
from infra.local.errors import StartError
from infra.local.npm import NODE
from infra.local.serving import HOST, take_port

ACCOUNT = "devstoreaccount1"
# The account key that Microsoft publishes for the emulator: it opens nothing else.
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
# A fifth of the time that a start takes is Node's reading of the same code.
# https://nodejs.org/api/module.html#module-compile-cache
_ENVIRONMENT = {"NODE_COMPILE_CACHE": str(HERE / "node_modules" / ".compile-cache")}
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at .*:(\d+)")


class AzuriteError(StartError):
    """Azurite did not start; the message ends with the end of its output."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports of the three services; 0 lets Azurite take a free one."""

    blob: int = 10000
    queue: int = 10001
    table: int = 10002


def connection_string(ports: Ports) -> str:
    """What the storage SDKs take to reach an Azurite on these ports."""
    endpoints = (
        f"{name}Endpoint=http://{HOST}:{port}/{ACCOUNT};"
        for name, port in (("Blob", ports.blob), ("Queue", ports.queue), ("Table", ports.table))
    )
    account = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
    return account + "".join(endpoints)


class Azurite:
    """One Azurite with its data under `location`; `start` it, or use it as a context."""

    def __init__(self, location: Path, ports: Ports | None = None) -> None:
        self.location = location
        self.ports = ports or Ports()
        self._log = location / "azurite.log"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def connection_string(self) -> str:
        """What the storage SDKs take; with ports of 0 it is right from `start` on."""
        return connection_string(self.ports)

    def start(self) -> None:
        """Install Azurite where that is due, start it and wait until all three services answer.

        Raises PortTakenError before anything is started when a port is taken, InstallError when npm
        fails, and AzuriteError when Azurite ends early or does not answer within a minute.
        """
        if self._process is not None:
            raise RuntimeError("this Azurite is already running")
        install()
        for port in (self.ports.blob, self.ports.queue, self.ports.table):
            take_port(port, "Azurite").close()
        self.location.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as log:
            # A session of its own, so that Ctrl-C reaches only us, and we stop it when we are done.
            self._process = subprocess.Popen(
                self._command(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_ENVIRONMENT},
                start_new_session=True,
            )
        try:
            self.ports = self._wait_until_listening(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop it with SIGTERM, on which it saves its data; nothing to do when it is not running.

        Raises AzuriteError when it had to be killed, because then data may be missing.
        """
        if self._process is None:
            return
        process, self._process = self._process, None
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as expired:
            process.kill()
            process.wait()
            raise AzuriteError(f"Azurite did not stop within {_STOP_SECONDS:.0f} s") from expired
        finally:
            if process.stdin is not None:
                process.stdin.close()

    def _command(self) -> list[str]:
        watch = ["--require", str(HERE / "exit_with_parent.cjs")]
        command = [str(NODE), *watch, str(PROGRAM), "--location", str(self.location)]
        for name, port in vars(self.ports).items():
            command += [f"--{name}Host", HOST, f"--{name}Port", str(port)]
        return [*command, "--silent", "--disableTelemetry", "--skipApiVersionCheck"]

    def _wait_until_listening(self, process: subprocess.Popen[bytes]) -> Ports:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            output = self._log.read_text(errors="replace")
            listening = {name.lower(): int(port) for name, port in _LISTENING.findall(output)}
            if len(listening) == len(vars(self.ports)):
                return Ports(**listening)
            if process.poll() is not None:
                raise AzuriteError(
                    f"Azurite ended with status {process.returncode}:\n{output[-2000:]}"
                )
            time.sleep(0.02)
        raise AzuriteError(
            f"Azurite did not answer within {_START_SECONDS:.0f} s:\n{output[-2000:]}"
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
