"""Timer triggers: NCRONTAB schedules in UTC, five or six fields, or a `TimeSpan`.

A function never overlaps itself, missed ticks are not made up one by one, and an exception does not
stop the schedule. https://learn.microsoft.com/azure/azure-functions/functions-bindings-timer
"""

import asyncio
import logging
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import azure.functions as func
from croniter import CroniterBadCronError, croniter

from infra.local.host.functions import Function, HostError, resolve_settings
from infra.local.host.invocation import Invoker

log = logging.getLogger("host")

TIME_SPAN = re.compile(r"(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})")
Schedule = Callable[[datetime], datetime]
"""The next tick after a moment."""
LATE = timedelta(seconds=1)


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
        if function.trigger.get("runOnStartup"):
            await self._fire(function, past_due=False)
        due = datetime.now(UTC)
        while True:
            due = next_tick(max(due, datetime.now(UTC)))
            await _sleep_until(due)
            late = datetime.now(UTC) - due
            await self._fire(function, past_due=late > LATE)

    async def _fire(self, function: Function, *, past_due: bool) -> None:
        try:
            await self._invoker.call(function, func.timer.TimerRequest(past_due=past_due), "timer")
        except (Exception, SystemExit):  # SystemExit would end the host
            log.exception("%s timer", function.name)


async def _sleep_until(due: datetime) -> None:
    """Not a moment less, although the loop's clock may run ahead of the wall's."""
    while (left := (due - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110
        await asyncio.sleep(left)
