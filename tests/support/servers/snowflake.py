"""The local Snowflake over HTTP, as a process of its own: sample sales up to a fixed day."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local import ROOT
from infra.local.serving import PARENT_PIPE
from infra.local.snowflake import DATABASE, PATH, SALES_TOKEN
from infra.local.snowflake.environment import make
from shared.clients.mcp.connection import SnowflakeConnection
from shared.clients.mcp.settings import SnowflakeEndpoint

UNTIL = "2026-06-30"
STOP_SECONDS = 60


@dataclass(frozen=True)
class LocalSnowflake:
    """A running stand-in at `address`."""

    address: str

    def connection(self, token: str = SALES_TOKEN, timeout: float = 30.0) -> SnowflakeConnection:
        return SnowflakeConnection(SnowflakeEndpoint(address=self.address, token=token), timeout)

    def settings(self, token: str = SALES_TOKEN) -> dict[str, str]:
        """The settings with which an app asks it."""
        return {
            "SNOWFLAKE_MCP_URL": self.address,
            "SNOWFLAKE_MCP_TOKEN": token,
            "SNOWFLAKE_DATABASES": DATABASE,
            "SNOWFLAKE_ALLOWED": "user,manager,admin",
        }


@contextmanager
def local_snowflake(
    script: Path | None = None, until: str = UNTIL, writes: bool = False
) -> Iterator[LocalSnowflake]:
    """Takes some seconds to start. `script` is SQL that each role's warehouse runs first; with
    `writes` its SQL tool writes, too, so that nothing but our guard stands before the data."""
    more = [*(["--script", str(script)] if script else []), *(["--writes"] if writes else [])]
    arguments = ["-m", "infra.local.snowflake", "--port", "0", "--until", until, *more]
    process = subprocess.Popen(
        [str(make()), *arguments],
        cwd=ROOT,
        env={PARENT_PIPE: "1", "PATH": "/usr/bin:/bin"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = next((line for line in process.stdout if "listening on" in line), "")
        assert line, "the Snowflake stand-in did not start"
        yield LocalSnowflake(f"{line.split()[-1]}{PATH}")
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)
