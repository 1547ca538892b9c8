"""What a running app has told in its TELEMETRY_FILE."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.hosts.process import wait_for

JsonObject = dict[str, Any]
Told = list[JsonObject]


class TelemetryFile:
    """Read again at each question."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> Told:
        """All that is told by now."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def of(self, kind: str, name: str = "") -> Told:
        """Spans, log lines or metrics, of this name (or text) if one is given."""
        key = "message" if kind == "log" else "name"
        return [one for one in self.lines() if one["kind"] == kind and name in ("", one[key])]

    def until(self, find: Callable[[], Told], what: str) -> Told:
        """What `find` finds once it finds any."""
        found: Told = wait_for(find, what)
        return found

    def trace_of(self, ticket_id: str) -> Told:
        """The spans of the trace that a ticket was opened in, once its end is told."""

        def find() -> Told:
            return [
                one
                for one in self.of("span", "ticket end")
                if one["attributes"]["ticket.id"] == ticket_id
            ]

        [end, *_] = self.until(find, f"the end of ticket {ticket_id}")
        return [one for one in self.of("span") if one["trace"] == end["trace"]]
