"""Snowflake behind an MCP server: queries, and questions to its analyst. Nothing else speaks to it.

No call is made again here: what is worth another try is raised as RetryLater, so that the workflow
waits and no worker does.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Self
from urllib.parse import urlsplit

from shared.clients.mcp import analyst, faults
from shared.clients.mcp.analyst import AnalystAnswer
from shared.clients.mcp.roles import Tool, Tools, assign_roles
from shared.clients.mcp.rows import Rows, rows_of
from shared.clients.mcp.session import McpSession, ToolAnswer
from shared.clients.mcp.settings import SnowflakeEndpoint, SnowflakeSettings
from shared.errors import PermanentFailure
from shared.telemetry.spans import OutsideCall, Service, outside_call

MAX_BYTES = 16 * 1024 * 1024


class SnowflakeConnection:
    """A server as one Snowflake role sees it. `timeout` bounds a call, in seconds."""

    def __init__(
        self, endpoint: SnowflakeEndpoint, timeout: float, max_bytes: int = MAX_BYTES
    ) -> None:
        self._session = McpSession(endpoint, max_bytes)
        self._timeout = timeout
        self._tools: Tools | None = None
        self.server = endpoint.address or endpoint.command[0]

    async def tools(self) -> Tools:
        """What the server offers, asked once. Raises StepError, as do all that follow."""
        if self._tools is None:
            with self._observe():
                self._tools = assign_roles(await self._session.list_tools(self._timeout))
        return self._tools

    async def query(self, sql: str) -> Rows:
        """Run SQL that passed the guard, once. After RetryLater it may have run nevertheless.

        QueryFailed says what Snowflake has against it.
        """
        tool = (await self.tools()).sql
        if tool is None:
            self._tools = None
            raise PermanentFailure("The Snowflake MCP server offers no tool that runs SQL.")
        answer = await self._call(tool, sql)
        if answer.is_error:
            raise faults.query_failed(answer.texts)
        return await asyncio.to_thread(rows_of, answer.texts, answer.structured)

    async def ask_analyst(self, message: str) -> AnalystAnswer | None:
        """The analyst's SQL and words for a question; None where the server has no analyst."""
        tool = (await self.tools()).analyst
        if tool is None:
            return None
        answer = await self._call(tool, message)
        if answer.is_error:
            raise PermanentFailure("The Snowflake analyst could not work on the question.")
        return analyst.answer_of(answer.texts, answer.structured)

    async def close(self) -> None:
        """End the session."""
        await self._session.close()

    async def _call(self, tool: Tool, text: str) -> ToolAnswer:
        try:
            with self._observe():
                return await self._session.call(tool.name, {tool.argument: text}, self._timeout)
        except PermanentFailure:
            self._tools = None  # the owner of the server may have changed them
            raise

    def _observe(self) -> AbstractContextManager[OutsideCall]:
        return outside_call(Service.SNOWFLAKE, "POST", urlsplit(self.server).hostname)


class SnowflakeConnections:
    """The connection of each department, made when it is first asked for."""

    def __init__(self, settings: SnowflakeSettings) -> None:
        self.settings = settings
        self._made: dict[SnowflakeEndpoint, SnowflakeConnection] = {}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Raises SettingsError."""
        return cls(SnowflakeSettings.from_environment(environment))

    def connection_of(self, department: str | None) -> SnowflakeConnection:
        """Raises PermanentFailure where the department has none, and there is none for all."""
        endpoint = self.settings.endpoint_of(department)
        if endpoint is None:
            raise PermanentFailure("Your department has no Snowflake connection.")
        if endpoint not in self._made:
            self._made[endpoint] = SnowflakeConnection(endpoint, self.settings.timeout)
        return self._made[endpoint]
