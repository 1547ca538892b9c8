"""Timer triggers: NCRONTAB schedules in UTC, five or six fields, or a `TimeSpan`.

A function never overlaps itself, missed ticks are not made up one by one, and an exception does not
stop the schedule. https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
"""

import asyncio
import json
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

from azure.functions.meta import Datum
from croniter import CroniterBadCronError, croniter

from infra.local.host.converters import trigger_value
from infra.local.host.functions import Function, HostError, resolve_settings
from infra.local.host.invocation import Invoker

log = logging.getLogger("host")

TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")
Schedule = Callable[[datetime], datetime]
"""The next tick after a moment."""
LATE = timedelta(seconds=1)
MONITORED = timedelta(minutes=1)
"""A schedule with less between its ticks has no status."""
NEVER = datetime.min.replace(tzinfo=UTC)


def parse_schedule(function: Function) -> Schedule:
    """The function's schedule. Raises HostError when it is none."""
    owner = f"Function '{function.name}'"
    text = resolve_settings(function.trigger["schedule"], owner=owner).strip()
    if (span := TIME_SPAN.fullmatch(text)) and (interval := _interval(span)):
        return lambda after: after + interval
    fields = len(text.split())
    # NCRONTAB has the seconds first, and where days of both kinds are given both must fit.
    cron = partial(croniter, text, second_at_beginning=fields == 6, day_or=False)
    try:
        if fields not in (5, 6):
            raise CroniterBadCronError("it has five or six fields, or is a time span above zero")
        cron()
    except CroniterBadCronError as error:
        raise HostError(f"{owner}: '{text}' is no NCRONTAB schedule: {error}") from error

    def next_tick(after: datetime) -> datetime:
        tick: datetime = cron(start_time=after).get_next(datetime)
        return tick

    return next_tick


def _interval(span: re.Match[str]) -> timedelta:
    days, hours, minutes, seconds = (int(part or 0) for part in span.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


class TimerFunctions:
    """Runs the app's timer functions until stopped."""

    def __init__(self, functions: list[Function], invoker: Invoker) -> None:
        self._invoker = invoker
        self._schedules = [(function, parse_schedule(function)) for function in functions]
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin every schedule; those with `run_on_startup` run at once."""
        self._running = [
            asyncio.create_task(self._keep(function, schedule))
            for function, schedule in self._schedules
        ]

    async def stop(self) -> None:
        """Stop them all."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _keep(self, function: Function, next_tick: Schedule) -> None:
        timer = _Timer(next_tick)
        if function.trigger.get("runOnStartup"):
            await self._fire(function, timer.begin_run())
            timer.advance()
        while True:
            await _sleep_until(timer.due)
            await self._fire(function, timer.begin_run())
            timer.advance()

    async def _fire(self, function: Function, timer: str) -> None:
        try:
            value = trigger_value(function.kind, Datum(timer, "json"))
            await self._invoker.call(function, value, "timer")
        except (Exception, SystemExit):  # SystemExit would end the host
            log.exception("%s timer", function.name)


class _Timer:
    """When a function ran and is due, as Azure's host tells it."""

    def __init__(self, next_tick: Schedule) -> None:
        self._next_tick = next_tick
        self._last, self._updated = NEVER, datetime.now(UTC)
        self.due = next_tick(self._updated)
        self._monitored = next_tick(self.due) - self.due >= MONITORED

    def begin_run(self) -> str:
        """The JSON of the `TimerRequest` of a run that begins now."""
        now = datetime.now(UTC)
        status = {"Last": self._last, "Next": self.due, "LastUpdated": self._updated}
        self._last = self._updated = now
        times = {name: moment.isoformat() for name, moment in status.items()}
        return json.dumps(
            {
                "Schedule": {"AdjustForDST": True},
                "ScheduleStatus": times if self._monitored else None,
                "IsPastDue": now - self.due > LATE,
            }
        )

    def advance(self) -> None:
        """Be due at the first tick that is not over; those that were missed are not made up."""
        now = datetime.now(UTC)
        if self.due <= now:
            self.due = self._next_tick(now)


async def _sleep_until(due: datetime) -> None:
    """Not a moment less, although the loop's clock may run ahead of the wall's."""
    while (left := (due - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(left)
