"""Where spans, metrics and log lines go: one provider of each, with an exporter for each place that
the settings name. Everything here is heavy, and imported in the background."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry import metrics, trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.metrics import CallbackOptions, Meter, Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Status

from shared.settings.telemetry import TelemetrySettings
from shared.telemetry.logs import TelemetryHandler, exception_facts
from shared.telemetry.metrics import MEASUREMENTS, Attributes, Recorder
from shared.telemetry.names import METRICS, MetricForm, MetricKind
from shared.telemetry.sampling import TraceRate

_NAME = "amida-tickets"
_SOON, _SELDOM = 200, 60_000
"""Milliseconds between two exports: to a file, and of metrics to anywhere else."""
_FRESH = 120.0
_SECONDS = (0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)

_SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}


@dataclass(frozen=True, slots=True)
class Destination:
    """Exporters to one place; milliseconds between two exports, None for as the library has it."""

    spans: SpanExporter
    logs: LogRecordExporter
    metrics: MetricExporter
    pause: int | None = None


def connect(settings: TelemetrySettings, handler: TelemetryHandler) -> None:
    """Make the providers of this process and hand on what was held until now."""
    destinations = [*_azure_monitor(settings), *_otlp(settings), *_file(settings)]
    resource = Resource.create({"service.name": settings.service})
    tracers = TracerProvider(sampler=TraceRate(settings.traces_per_second), resource=resource)
    loggers = LoggerProvider(resource=resource)
    for place in destinations:
        pause = place.pause
        without_events = WithoutEvents(place.spans)
        tracers.add_span_processor(BatchSpanProcessor(without_events, schedule_delay_millis=pause))
        loggers.add_log_record_processor(
            BatchLogRecordProcessor(place.logs, schedule_delay_millis=pause)
        )
    readers = [
        PeriodicExportingMetricReader(place.metrics, place.pause or _SELDOM)
        for place in destinations
    ]
    meters = MeterProvider(readers, resource)
    trace.set_tracer_provider(tracers)
    metrics.set_meter_provider(meters)
    meter = meters.get_meter(_NAME)
    MEASUREMENTS.release({name: _recorder(meter, name, form) for name, form in METRICS.items()})
    logger = loggers.get_logger(_NAME)
    handler.hand_on(lambda record: logger.emit(_translate(record)))


class WithoutEvents(SpanExporter):
    """Hands spans on without their events: libraries put the texts of exceptions there."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_without_events(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _without_events(span: ReadableSpan) -> ReadableSpan:
    if not span.events and not span.status.description:
        return span
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=span.attributes,
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _recorder(meter: Meter, name: str, form: MetricForm) -> Recorder:
    if form.kind is MetricKind.COUNTER:
        return meter.create_counter(name, form.unit).add
    if form.kind is MetricKind.GAUGE:
        latest = LatestValue()
        meter.create_observable_gauge(name, [latest.observe], form.unit)
        return latest.set
    return meter.create_histogram(
        name, form.unit, explicit_bucket_boundaries_advisory=_SECONDS
    ).record


class LatestValue:
    """A gauge that falls silent once it is not set any more: the timer that sets it may have moved
    to another process, and what it was last here is not so for ever."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = 0.0
        self._value = 0.0

    def set(self, value: float, _: Attributes) -> None:
        self._until = self._clock() + _FRESH
        self._value = value

    def observe(self, _: CallbackOptions) -> list[Observation]:
        return [Observation(self._value)] if self._clock() < self._until else []


def _translate(record: logging.LogRecord) -> LogRecord:
    facts: Mapping[str, Any] = getattr(record, "facts", {})
    moment = int(record.created * 1e9)
    return LogRecord(
        timestamp=moment,
        observed_timestamp=moment,
        context=getattr(record, "trace", None),
        severity_text=record.levelname,
        severity_number=_SEVERITIES.get(record.levelno),
        body=record.getMessage(),
        attributes={**facts, **exception_facts(record), "logger": record.name},
    )


def _azure_monitor(settings: TelemetrySettings) -> list[Destination]:
    """Application Insights, signed by the identity where keys are switched off."""
    if not settings.connection_string:
        return []
    from azure.identity import DefaultAzureCredential
    from azure.monitor.opentelemetry.exporter import (
        AzureMonitorLogExporter,
        AzureMonitorMetricExporter,
        AzureMonitorTraceExporter,
    )

    given: dict[str, Any] = {
        "connection_string": settings.connection_string,
        "credential": DefaultAzureCredential() if settings.uses_identity else None,
    }
    return [
        Destination(
            AzureMonitorTraceExporter(**given),
            AzureMonitorLogExporter(**given),
            AzureMonitorMetricExporter(**given),
        )
    ]


def _otlp(settings: TelemetrySettings) -> list[Destination]:
    """A collector, over HTTP; the library reads its other settings (headers, certificates)."""
    if not settings.otlp_endpoint:
        return []
    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    at = settings.otlp_endpoint
    return [
        Destination(
            OTLPSpanExporter(f"{at}/v1/traces"),
            OTLPLogExporter(f"{at}/v1/logs"),
            OTLPMetricExporter(f"{at}/v1/metrics"),
        )
    ]


def _file(settings: TelemetrySettings) -> list[Destination]:
    if not settings.file:
        return []
    from shared.telemetry.file_exporter import (
        FileLogExporter,
        FileMetricExporter,
        FileSpanExporter,
        JsonLines,
    )

    lines = JsonLines(settings.file)
    return [
        Destination(
            FileSpanExporter(lines), FileLogExporter(lines), FileMetricExporter(lines), _SOON
        )
    ]
