"""The steps that an activity does by itself, reported as if the platform had run each."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from shared.telemetry.metrics import record
from shared.telemetry.names import Attribute, Metric, SpanName
from shared.telemetry.scope import scope_of
from shared.telemetry.spans import span


@contextmanager
def observe_step(name: SpanName, stage: str) -> Iterator[None]:
    """What runs within is a step at this stage."""
    began = time.monotonic()
    with scope_of({Attribute.STAGE: stage}, name), span(name):
        try:
            yield
        finally:
            record(Metric.STAGE_DURATION, time.monotonic() - began)
