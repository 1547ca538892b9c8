"""Telemetry as lines of JSON, for developers and tests: {"kind": "span" | "log" | "metric", …}."""

import json
import sys
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult
from opentelemetry.sdk.metrics import Counter, Histogram
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    MetricExporter,
    MetricExportResult,
    MetricsData,
    NumberDataPoint,
)
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

_NANO = 1e-9


class JsonLines:
    """A file that lines are appended to, `console` for standard output."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._turn = threading.Lock()

    def write(self, lines: Iterable[dict[str, Any]]) -> None:
        text = "".join(f"{json.dumps(line)}\n" for line in lines)
        with self._turn:
            if self._path == "console":
                sys.stdout.write(text)
                sys.stdout.flush()
                return
            with open(self._path, "a", encoding="utf-8") as file:  # noqa: PTH123 - as it was given
                file.write(text)


class FileSpanExporter(SpanExporter):
    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._lines.write(map(_span, spans))
        return SpanExportResult.SUCCESS


class FileLogExporter(LogRecordExporter):
    def __init__(self, lines: JsonLines) -> None:
        self._lines = lines

    def force_flush(self, timeout_millis: int = 10_000) -> bool:
        return True

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self._lines.write(map(_log, batch))
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        """Nothing is held open."""


class FileMetricExporter(MetricExporter):
    """Each line is what came since the last one."""

    def __init__(self, lines: JsonLines) -> None:
        delta = AggregationTemporality.DELTA
        super().__init__(preferred_temporality={Counter: delta, Histogram: delta})
        self._lines = lines

    def export(
        self, metrics_data: MetricsData, timeout_millis: float = 10_000, **_: Any
    ) -> MetricExportResult:
        self._lines.write(_points(metrics_data))
        return MetricExportResult.SUCCESS

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        return True

    def shutdown(self, timeout_millis: float = 30_000, **_: Any) -> None:
        """Nothing is held open."""


def _span(span: ReadableSpan) -> dict[str, Any]:
    start, end = span.start_time or 0, span.end_time or 0
    return {
        "kind": "span",
        "name": span.name,
        "trace": f"{span.context.trace_id:032x}",
        "span": f"{span.context.span_id:016x}",
        "parent": f"{span.parent.span_id:016x}" if span.parent else None,
        "type": span.kind.name.lower(),
        "start": start * _NANO,
        "seconds": (end - start) * _NANO,
        "status": span.status.status_code.name.lower(),
        "attributes": dict(span.attributes or {}),
    }


def _log(readable: ReadableLogRecord) -> dict[str, Any]:
    record = readable.log_record
    return {
        "kind": "log",
        "message": record.body,
        "severity": record.severity_text,
        "time": (record.timestamp or 0) * _NANO,
        "trace": f"{record.trace_id or 0:032x}",
        "span": f"{record.span_id or 0:016x}",
        "attributes": dict(record.attributes or {}),
    }


def _points(data: MetricsData) -> Iterator[dict[str, Any]]:
    for resource in data.resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                for point in metric.data.data_points:
                    if isinstance(point, NumberDataPoint):
                        value = {"value": point.value}
                    else:
                        value = {"count": point.count, "sum": point.sum, "max": point.max}
                    yield {
                        "kind": "metric",
                        "name": metric.name,
                        "unit": metric.unit,
                        "attributes": dict(point.attributes or {}),
                        **value,
                    }
