"""Spans: what takes time. Where telemetry is off these are the interface's own empty ones.

Errors are told by their types alone: their texts may have content.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceState,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from shared.telemetry.class_names import name_class
from shared.telemetry.names import Attribute
from shared.telemetry.scope import present_scope

_TRACER = trace.get_tracer("amida-tickets")
_PROPAGATOR = TraceContextTextMapPropagator()


class Service(StrEnum):
    """Services outside."""

    MODEL = "model"
    GITHUB = "github"
    SNOWFLAKE = "snowflake"
    STORAGE = "storage"
    REALTIME = "realtime"
    WEB = "web"


@contextmanager
def span(
    name: str,
    parent: Context | None = None,
    *,
    kind: SpanKind = SpanKind.INTERNAL,
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[Span]:
    """A span with the facts of its scope, those too that become known meanwhile."""
    with _TRACER.start_as_current_span(
        name,
        parent,
        kind,
        attributes,
        record_exception=False,
        set_status_on_exception=False,
    ) as made:
        try:
            yield made
        except BaseException as error:
            made.set_attribute("error.type", name_class(type(error)))
            made.set_status(StatusCode.ERROR)
            raise
        finally:
            if made.is_recording():
                made.set_attributes(present_scope().seen())


_ANSWERS = (404, 409, 412)
"""There is no such thing, it is there already, it has changed meanwhile."""


class OutsideCall:
    """A call of a service outside; `note_answer` says how it was answered."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def note_answer(self, status: int) -> None:
        """It was answered with this HTTP status; from 400 on the call has failed, unless it is one
        by which storage answers what it was asked."""
        self._span.set_attribute("http.response.status_code", status)
        if status >= 400 and status not in _ANSWERS:
            self._span.set_attribute("error.type", str(status))
            self._span.set_status(StatusCode.ERROR)


@contextmanager
def outside_call(
    service: Service,
    method: str,
    host: str | None,
    name: str = "",
    attributes: Mapping[str, str | int] | None = None,
) -> Iterator[OutsideCall]:
    """One HTTP request to a service. Of the address only the host is told: paths have names of
    files and keys of rows."""
    told: dict[str, str | int] = {
        "http.request.method": method,
        "server.address": host or "",
        # Azure Monitor takes the target and the kind of a dependency from here.
        "url.full": f"https://{host}/",
        Attribute.SERVICE.value: service.value,
        **(attributes or {}),
    }
    with span(name or method, kind=SpanKind.CLIENT, attributes=told) as made:
        yield OutsideCall(made)


def carry() -> dict[str, str]:
    """The present trace, for whoever goes on with it elsewhere: empty where there is none."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier


def go_on_with(carrier: Mapping[str, str]) -> Context:
    """What a span of a carried trace has for a parent. The platform's own context wins where there
    is one, as it knows the steps in between; whether the trace is kept was decided before."""
    carried = _span_context(_PROPAGATOR.extract(carrier))
    present = trace.get_current_span().get_span_context()
    if not present.is_valid:
        return _as_parent(carried)
    return _as_parent(_with_state(present, carried.trace_state))


def begin_trace() -> Context:
    """What the first span of ours has for a parent: the platform's, of whose state nothing is
    believed, as clients may send it."""
    present = trace.get_current_span().get_span_context()
    return _as_parent(_with_state(present, TraceState()))


def describe_request(span: Span, method: str, route: str, status: int) -> None:
    span.set_attributes(
        {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    )
    if status >= 500:
        span.set_status(StatusCode.ERROR)


def _span_context(context: Context) -> SpanContext:
    return trace.get_current_span(context).get_span_context()


def _with_state(known: SpanContext, state: TraceState) -> SpanContext:
    return SpanContext(
        known.trace_id,
        known.span_id,
        is_remote=True,
        trace_flags=known.trace_flags,
        trace_state=state,
    )


def _as_parent(known: SpanContext) -> Context:
    if not known.is_valid:
        return Context()
    return trace.set_span_in_context(NonRecordingSpan(known), Context())
