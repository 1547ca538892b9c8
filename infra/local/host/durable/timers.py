"""Durable timers: the earliest of them is a timer of the event loop."""

import asyncio
import heapq
import logging
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from infra.local.host.durable import events
from infra.local.host.durable.clock import EngineClock
from infra.local.host.durable.records import Instance, Timer
from infra.local.host.durable.store import RETRY_SECONDS, Store

log = logging.getLogger("host.durable")

LONGEST_SLEEP = timedelta(minutes=1)
"""The loop's clock and the wall clock drift apart, for example while a laptop sleeps."""


class Timers:
    """Fires the store's timers and wakes their instances."""

    def __init__(self, store: Store, wake: Callable[[str], None], clock: EngineClock) -> None:
        self._store = store
        self._wake = wake
        self._clock = clock
        self._heap: list[tuple[datetime, str, int, Timer]] = []
        self._sleep: asyncio.Handle | None = None

    def start(self) -> None:
        """Take up the timers that were left."""
        for timer in self._store.timers():
            self._push(timer)
        self._sleep_until_next()

    def stop(self) -> None:
        """Fire no more."""
        if self._sleep:
            self._sleep.cancel()

    def add(self, instance: Instance, number: int, fire_at: str) -> None:
        """Note a timer; call within a transaction."""
        due = events.timestamp(_due(datetime.fromisoformat(fire_at), self._clock.now()))
        timer = Timer(instance.id, instance.execution, number, fire_at, due)
        self._store.add_timer(timer)
        self._push(timer)
        self._sleep_until_next()

    def _push(self, timer: Timer) -> None:
        when = datetime.fromisoformat(timer.due)
        heapq.heappush(self._heap, (when, timer.execution, timer.number, timer))

    def _sleep_until_next(self) -> None:
        self.stop()
        if self._heap:
            moment = min(self._heap[0][0], self._clock.now() + LONGEST_SLEEP)
            self._sleep = self._clock.call_at(moment, self._fire_due)

    def _fire_due(self) -> None:
        now = self._clock.now()
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heapq.heappop(self._heap)[3])
        try:
            with self._store.transaction():
                fired = [timer for timer in due if self._fire(timer)]
        except sqlite3.Error as error:
            log.error("%d timers not fired yet: %s", len(due), error)
            for timer in due:
                self._push(timer)
            self._sleep = asyncio.get_running_loop().call_later(RETRY_SECONDS, self._fire_due)
            return
        self._sleep_until_next()
        for instance_id in dict.fromkeys(timer.instance for timer in fired):
            self._wake(instance_id)

    def _fire(self, timer: Timer) -> bool:
        return self._store.fire_timer(timer, events.timer_fired(timer.number, timer.fire_at))


def _due(fire_at: datetime, now: datetime) -> datetime:
    """When a timer made `now` fires: as in Azure, where a timer is a message in a queue that is
    held back for whole seconds, up to a second before `fire_at`."""
    return now + timedelta(seconds=max((fire_at - now) // timedelta(seconds=1), 0))
