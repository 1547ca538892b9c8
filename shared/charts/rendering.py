"""Pictures of a Vega-Lite specification, by a child process with limits of time and memory."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import Base64Bytes

from shared.models import Model
from shared.sandbox.runner import Limits, run_in_child

LIMITS = Limits(seconds=30, megabytes=1024)
"""V8, which draws, wants an address space of this size; it uses some 90 MB of it."""

_WORKER = "shared.charts.worker"

log = logging.getLogger(__name__)


class DrawnChart(Model):
    """What the child answers."""

    svg: str
    png: Base64Bytes


@dataclass(frozen=True, slots=True)
class Pictures:
    svg: bytes
    png: bytes


class ChartRenderer:
    """Draws charts within these limits."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits

    @classmethod
    def from_environment(cls, _: Mapping[str, str]) -> Self:
        return cls(LIMITS)

    async def render(self, spec: Mapping[str, Any]) -> Pictures | None:
        """The chart as SVG and PNG; None where it cannot be drawn within the limits, which also
        shows that the specification is none."""
        data = json.dumps(spec).encode()
        returned = -1
        try:
            returned, output = await run_in_child(_WORKER, "chart", "", data, self._limits)
            drawn = DrawnChart.model_validate_json(output)
        except (TimeoutError, ValueError):
            log.warning("a chart could not be drawn: the child ended with %d", returned)
            return None
        return Pictures(drawn.svg.encode(), drawn.png)
