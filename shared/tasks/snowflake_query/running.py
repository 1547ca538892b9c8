"""Queries as they are sent: once, as far as anybody can know. What was sent is noted before; when
its answer was lost, the history of queries is asked for it before it is sent again."""

import asyncio
import hashlib
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from shared.errors import PermanentFailure, QueryFailed, RetryLater
from shared.models import AuditAction, Instant, Model
from shared.sql import templates
from shared.tasks.base import Stage, WorkContext
from shared.tasks.snowflake_query import artifacts
from shared.tasks.snowflake_query.models import Draft, Run, Table, TaskData
from shared.tasks.snowflake_query.tables import table_of
from shared.tasks.snowflake_query.warehouse import Place, Warehouses
from shared.telemetry.spans import Service

_RUNNING = ("RUNNING", "QUEUED", "BLOCKED", "RESUMING_WAREHOUSE")


class Part(StrEnum):
    """What a query is for: the answer, or what is asked beside it."""

    QUERY = "query"
    PREVIOUS = "previous"
    RECONCILIATION = "reconciliation"
    FRESHNESS = "freshness"
    READING = "reading"


_SPARED = (Part.PREVIOUS, Part.FRESHNESS)
"""The answer stands without these: it does not wait for them."""


class RunItem(Model):
    """A query of the `number`-th draft; of several readings the `index`-th."""

    number: int
    part: Part
    index: Annotated[int, Field(ge=0)] = 0


class Sent(Model):
    """That a query was sent, how often, and when first."""

    runs: int
    since: Instant


def parts_of(draft: Draft) -> list[RunItem]:
    """Everything that is to be run for a draft, side by side."""
    wanted = {
        Part.QUERY: draft.sql,
        Part.PREVIOUS: draft.previous,
        Part.RECONCILIATION: draft.reconciliation,
        Part.FRESHNESS: draft.freshness,
    }
    items = [RunItem(number=draft.number, part=part) for part, sql in wanted.items() if sql]
    readings = range(len(draft.readings))
    return items + [
        RunItem(number=draft.number, part=Part.READING, index=index) for index in readings
    ]


async def run(context: WorkContext[TaskData], item: RunItem) -> Run:
    """Raises StepError; an error of the warehouse itself is an outcome."""
    warehouses = context.use(Warehouses)
    place = warehouses.place_of(await context.find_owner(), context.data)
    draft = await artifacts.load_draft(context.artifacts, item.number)
    sql = _sql_of(draft, item)
    sender = _Sender(
        context=context, place=place, item=item, sql=sql, max_wait=warehouses.settings.max_wait
    )
    try:
        return await sender.send()
    except QueryFailed as error:
        return sender.make_failed(error.detail)
    except PermanentFailure as error:
        if item.part is Part.QUERY:
            raise
        return sender.make_failed(error.reason)
    except RetryLater as error:
        if item.part not in _SPARED:
            raise
        return sender.make_failed(error.reason)


RUNNING = Stage("running", run)


def _sql_of(draft: Draft, item: RunItem) -> str:
    return {
        Part.QUERY: draft.sql,
        Part.PREVIOUS: draft.previous,
        Part.RECONCILIATION: draft.reconciliation,
        Part.FRESHNESS: draft.freshness,
        Part.READING: draft.readings[item.index].sql if draft.readings else "",
    }[item.part]


class _Sender:
    """Sends a query under a tag, by which it is found again: the ticket, the attempt, the step."""

    def __init__(
        self,
        *,
        context: WorkContext[TaskData],
        place: Place,
        item: RunItem,
        sql: str,
        max_wait: float,
    ) -> None:
        self._context = context
        self._place = place
        self._number = item.number
        step = f"{item.part}{item.number}-{item.index}-{hash_of(sql)[:8]}"
        self._tag = f"{context.ticket.id}-{context.ticket.attempt}-{step}"
        self._note = f"sent-{step}"
        self._sql = sql
        self._max_wait = timedelta(seconds=max_wait)
        self._max_rows = context.data.max_rows

    async def send(self) -> Run:
        """Raises StepError."""
        known = await self._context.artifacts.load(self._note)
        sent = (
            Sent.model_validate(known) if known else Sent(runs=0, since=self._context.clock.now())
        )
        if sent.runs:
            found = await self._find()
            if isinstance(found, Run):
                return found
            sent = Sent(runs=0, since=sent.since) if found else sent
        return await self._run(Sent(runs=sent.runs + 1, since=sent.since))

    def make_failed(self, error: str) -> Run:
        return Run(number=self._number, sql=self._sql, tag=self._tag, error=error)

    async def _run(self, sent: Sent) -> Run:
        noted = sent.model_dump(mode="json")
        await asyncio.gather(self._context.artifacts.save(self._note, noted), self._tell())
        try:
            rows = await self._place.connection.query(templates.tag_query(self._sql, self._tag))
        except RetryLater as error:
            if self._context.clock.now() - sent.since > self._max_wait:
                raise PermanentFailure(error.reason) from None
            raise
        return await self._made(table_of(rows, self._max_rows), sent.runs, rows.query_id)

    async def _tell(self) -> None:
        await self._context.audit(
            AuditAction.QUERY_SENT,
            "SQL was sent to Snowflake.",
            {
                "sql": self._sql,
                "sql_sha256": hash_of(self._sql),
                "tag": self._tag,
                "server": self._place.connection.server,
            },
        )

    async def _find(self) -> Run | bool:
        """What the history of queries has of it: its rows; True where it cannot have run; False
        where the role may not look, or its rows are gone. Raises RetryLater while it runs, and
        QueryFailed where it failed."""
        last = await self._last()
        if not last:
            return last is not None
        status = last.get("EXECUTION_STATUS", "").upper()
        if status in _RUNNING:
            raise RetryLater("The query is still running.", service=Service.SNOWFLAKE)
        if status.startswith("FAILED"):
            raise QueryFailed(last.get("ERROR_MESSAGE", "no reason given."))
        query_id = last.get("QUERY_ID", "")
        try:
            found = await self._place.connection.query(templates.result_of(query_id))
        except (ValueError, QueryFailed):
            return False
        table = table_of(found, self._max_rows)
        made = await self._made(table, 1, query_id)
        return made.model_copy(update={"recovered": True})

    async def _last(self) -> dict[str, str] | None:
        """The last query of this tag in the history, empty for none; None where nobody may look."""
        sql = templates.find_in_history(self._place.databases[0], self._tag)
        try:
            rows = await self._place.connection.query(sql)
        except QueryFailed:
            return None
        names = [name.upper() for name in rows.columns]
        return dict(zip(names, map(_text, rows.rows[0]), strict=True)) if rows.rows else {}

    async def _made(self, table: Table, runs: int, query_id: str) -> Run:
        tool = (await self._place.connection.tools()).sql
        return Run(
            server=self._place.connection.server,
            tool=tool.name if tool else "",
            number=self._number,
            sql=self._sql,
            tag=self._tag,
            table=table,
            runs=runs,
            query_id=query_id,
        )


def hash_of(sql: str) -> str:
    return hashlib.sha256(sql.encode()).hexdigest()


def _text(value: object) -> str:
    return "" if value is None else str(value)
