"""Which traces are kept: whole ones, so many new ones a second.

The decision is made at the first span of ours and goes on with the trace, in the `tracestate` that
the context carries: the percentage at which it was kept, 0 where it was not. Azure Monitor reads
that from the span to count it for as many as it stands for (its `ItemCount`).
"""

import random
import time
from collections.abc import Callable, Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

_KEY = "amida"
_ALL = 100.0
_SAMPLE_RATE = "_MS.sampleRate"
"""https://github.com/Azure/azure-sdk-for-python, azure-monitor-opentelemetry-exporter"""


class TraceRate(Sampler):
    """Keeps about `per_second` new traces; how many there were in the second before, or in this one
    if they are more, says which share that is."""

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._clock = clock
        self._second = 0
        self._seen = 0
        self._seen_before = 0

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        state = get_current_span(parent_context).get_span_context().trace_state
        if _KEY not in state:
            state = state.add(_KEY, f"{self._decide():g}")
        percentage = float(state[_KEY])
        if not percentage:
            return SamplingResult(Decision.DROP, None, state)
        shared = {} if percentage == _ALL else {_SAMPLE_RATE: percentage}
        return SamplingResult(Decision.RECORD_AND_SAMPLE, {**(attributes or {}), **shared}, state)

    def get_description(self) -> str:
        return f"TraceRate{{{self._per_second:g}}}"

    def _decide(self) -> float:
        """The percentage at which a new trace is kept, 0 if it is not."""
        second = int(self._clock())
        if second != self._second:
            self._seen_before = self._seen if second == self._second + 1 else 0
            self._second, self._seen = second, 0
        self._seen += 1
        share = min(1.0, self._per_second / max(self._seen, self._seen_before))
        return _ALL * share if random.random() < share else 0.0  # noqa: S311 - no secret
