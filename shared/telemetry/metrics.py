"""Metrics, by the names and forms of `shared/telemetry/names.py`. None is sampled: what is
measured before telemetry is set up is kept until it is."""

from collections import deque
from collections.abc import Callable, Mapping

from shared.telemetry.names import METRICS, Metric
from shared.telemetry.scope import Facts, present_scope

Attributes = Mapping[str, str | int]
Recorder = Callable[[float, Attributes], None]
_MAX_HELD = 1000


class Measurements:
    """Of one process. Nothing is kept before `hold`."""

    def __init__(self) -> None:
        self._recorders: Mapping[Metric, Recorder] | None = None
        self._held: deque[tuple[Metric, float, Attributes]] = deque(maxlen=0)

    def record(self, metric: Metric, value: float, facts: Facts | None = None) -> None:
        """Add to a counter, or note a value. What splits the metric and is not among `facts` comes
        from the present scope."""
        if not self._held.maxlen:
            return
        known = {**present_scope().facts, **(facts or {})}
        attributes = {name.value: known.get(name, "") for name in METRICS[metric].attributes}
        if self._recorders is None:
            self._held.append((metric, value, attributes))
        else:
            self._recorders[metric](value, attributes)

    def hold(self) -> None:
        """Keep what is measured from now on."""
        self._held = deque(maxlen=_MAX_HELD)

    def release(self, recorders: Mapping[Metric, Recorder]) -> None:
        """Hand on what was kept, and all that follows."""
        self._recorders = recorders
        while self._held:
            metric, value, attributes = self._held.popleft()
            recorders[metric](value, attributes)


MEASUREMENTS = Measurements()
record = MEASUREMENTS.record
