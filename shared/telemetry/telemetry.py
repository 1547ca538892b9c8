"""Turns telemetry on: what is told is held back from the start, and goes out once the libraries for
that are loaded, in the background after the first answer."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.context import Context
from opentelemetry.trace import Span

from shared.settings.telemetry import TelemetrySettings
from shared.telemetry.background import do_in_background
from shared.telemetry.logs import TelemetryHandler, hide_lost_errors
from shared.telemetry.loop_watch import LoopWatch
from shared.telemetry.metrics import MEASUREMENTS
from shared.telemetry.names import SpanName
from shared.telemetry.scope import Facts, scope_of
from shared.telemetry.spans import begin_trace, span

log = logging.getLogger(__name__)


class Telemetry:
    """Of one process; where the settings name no place to send anything to, only the event loop is
    watched."""

    def __init__(self, settings: TelemetrySettings) -> None:
        self._settings = settings
        self._is_begun = not settings.is_on
        self.loop_watch = LoopWatch()
        self._handler = TelemetryHandler()

    def listen(self) -> None:
        """Hold back what is told from now on."""
        hide_lost_errors()
        if self._settings.is_on:
            MEASUREMENTS.hold()
            logging.getLogger().addHandler(self._handler)

    @contextmanager
    def observe(
        self, name: SpanName, task: str, facts: Facts | None = None, parent: Context | None = None
    ) -> Iterator[Span]:
        """The span of what answers a request, an event or the clock; within it all spans, log lines
        and metrics have these `facts`, and the event loop is watched: `task` tells what is done.
        Without a `parent` a trace begins, or the platform's goes on."""
        try:
            with (
                self.loop_watch.watch(),
                scope_of(facts or {}, task),
                span(name, parent or begin_trace()) as made,
            ):
                yield made
        finally:
            self._begin()

    def _begin(self) -> None:
        """Set it up soon, unless that has been done."""
        if self._is_begun:
            return
        self._is_begun = True
        do_in_background(self._connect)

    def _connect(self) -> None:
        try:
            from shared.telemetry.pipeline import connect

            connect(self._settings, self._handler)
        except Exception:
            logging.getLogger().removeHandler(self._handler)
            log.exception("Telemetry cannot be set up; the app goes on without")
