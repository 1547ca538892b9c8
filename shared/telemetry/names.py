"""The names of what the app reports of itself: spans, log lines, metrics, and what stands on them.

The queries of infra/queries ask for these names; tests compare the two. In Application Insights a
span is a row of AppDependencies, a log line one of AppTraces or AppExceptions, a metric rows of
AppMetrics; attributes are their Properties.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Attribute(StrEnum):
    """What stands on a span, a log line or a metric. None of these is content of a ticket."""

    TICKET_ID = "ticket.id"
    TASK_TYPE = "ticket.type"
    ATTEMPT = "ticket.attempt"
    # What the ticket is at: reading, analysing, merging …
    STAGE = "ticket.stage"
    STATUS = "ticket.status"
    # The id of the user whose ticket it is.
    OWNER = "ticket.owner"
    # The first sentence of what the ticket's owner is told.
    FAILURE = "ticket.failure"
    # Which service outside is meant: model, github, snowflake, storage, realtime.
    SERVICE = "service.outside"
    # Why something was dropped, rejected or tried again.
    REASON = "reason"
    # As OpenTelemetry's conventions for generative models have them.
    MODEL = "gen_ai.request.model"
    TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - input, output or cached


EVERYWHERE = frozenset({Attribute.TICKET_ID, Attribute.TASK_TYPE, Attribute.ATTEMPT})
"""What each span and each log line has that belongs to a ticket."""


class SpanName(StrEnum):
    """What takes time, beside what the libraries report by themselves (HTTP calls)."""

    REQUEST = "request"
    BLOB = "blob arrived"
    SCHEDULE = "schedule"
    START = "ticket start"
    PLAN = "ticket plan"
    WORK = "ticket work"
    COMBINE = "ticket combine"
    END = "ticket end"
    MODEL_CALL = "chat"


class LogLine(StrEnum):
    """Log lines that queries look for. An error is never sampled."""

    TICKET_FAILED = "A ticket has failed"


class Metric(StrEnum):
    """What is counted or measured. Metrics are never sampled."""

    TICKETS_OPENED = "tickets.opened"
    TICKETS_ENDED = "tickets.ended"
    OLDEST_PENDING = "tickets.oldest_pending"
    STAGE_DURATION = "stage.duration"
    TOKENS = "model.tokens"
    COST = "model.cost"
    THROTTLED = "model.throttled"
    RETRIES = "steps.retried"
    WAITS = "steps.waited"
    DROPPED_CLAIMS = "claims.dropped"
    REJECTED_BLOBS = "blobs.rejected"
    LOOP_LAG = "event_loop.lag"


class MetricKind(StrEnum):
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    GAUGE = "gauge"


@dataclass(frozen=True, slots=True)
class MetricForm:
    """How a metric is reported: its kind, its unit (UCUM), and the attributes that split it."""

    kind: MetricKind
    unit: str
    attributes: frozenset[Attribute] = frozenset()


_TYPE, _STAGE, _SERVICE = Attribute.TASK_TYPE, Attribute.STAGE, Attribute.SERVICE

METRICS: Mapping[Metric, MetricForm] = {
    Metric.TICKETS_OPENED: MetricForm(MetricKind.COUNTER, "{ticket}", frozenset({_TYPE})),
    Metric.TICKETS_ENDED: MetricForm(
        MetricKind.COUNTER, "{ticket}", frozenset({_TYPE, Attribute.STATUS})
    ),
    # Of those that wait neither for a file nor for an answer.
    Metric.OLDEST_PENDING: MetricForm(MetricKind.GAUGE, "s"),
    Metric.STAGE_DURATION: MetricForm(MetricKind.HISTOGRAM, "s", frozenset({_TYPE, _STAGE})),
    Metric.TOKENS: MetricForm(
        MetricKind.COUNTER,
        "{token}",
        frozenset({_TYPE, Attribute.OWNER, Attribute.MODEL, Attribute.TOKEN_TYPE}),
    ),
    # By the prices of the settings, in their currency.
    Metric.COST: MetricForm(
        MetricKind.COUNTER, "{currency}", frozenset({_TYPE, Attribute.OWNER, Attribute.MODEL})
    ),
    Metric.THROTTLED: MetricForm(MetricKind.COUNTER, "{call}", frozenset({Attribute.MODEL})),
    Metric.RETRIES: MetricForm(
        MetricKind.COUNTER, "{step}", frozenset({_TYPE, _STAGE, Attribute.REASON})
    ),
    Metric.WAITS: MetricForm(MetricKind.HISTOGRAM, "s", frozenset({_TYPE, _STAGE, _SERVICE})),
    Metric.DROPPED_CLAIMS: MetricForm(
        MetricKind.COUNTER, "{claim}", frozenset({_TYPE, Attribute.REASON})
    ),
    Metric.REJECTED_BLOBS: MetricForm(MetricKind.COUNTER, "{blob}", frozenset({Attribute.REASON})),
    Metric.LOOP_LAG: MetricForm(MetricKind.HISTOGRAM, "s"),
}
