"""What the app reports of itself, piece by piece: which traces are kept, what is held until there
is somebody to tell, and that no text of an exception is told."""

import asyncio
import gc
import logging
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from opentelemetry.context import (
    _SUPPRESS_INSTRUMENTATION_KEY,
    Context,
    attach,
    detach,
    set_value,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import (
    INVALID_SPAN_CONTEXT,
    NonRecordingSpan,
    SpanContext,
    TraceFlags,
    TraceState,
    get_current_span,
    set_span_in_context,
)

from shared.settings.telemetry import TelemetrySettings
from shared.telemetry.class_names import name_class
from shared.telemetry.logs import TelemetryHandler, exception_facts, hide_text
from shared.telemetry.loop_watch import LoopWatch
from shared.telemetry.metrics import Attributes, Measurements
from shared.telemetry.names import METRICS, Attribute, Metric
from shared.telemetry.pipeline import LatestValue, WithoutEvents
from shared.telemetry.sampling import TraceRate
from shared.telemetry.scope import note, present_scope, scope_of
from shared.telemetry.spans import begin_trace, carry, go_on_with, span
from shared.telemetry.telemetry import Telemetry
from shared.text.first_sentence import first_sentence

CANARY = "canary-4711"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def kept_by(sampler: TraceRate, parent: Context | None = None) -> bool:
    return sampler.should_sample(parent, 1, "x").decision is Decision.RECORD_AND_SAMPLE


def test_a_few_traces_a_second_are_all_kept() -> None:
    clock = Clock()
    sampler = TraceRate(5, clock)
    for _ in range(20):
        assert [kept_by(sampler) for _ in range(5)] == [True] * 5
        clock.now += 1


def test_of_many_traces_about_so_many_are_kept_and_count_for_all() -> None:
    clock = Clock()
    sampler = TraceRate(5, clock)
    kept, stood_for = 0, 0.0
    for _ in range(100):
        for _ in range(50):
            result = sampler.should_sample(None, 1, "x")
            if result.decision is Decision.RECORD_AND_SAMPLE:
                kept += 1
                stood_for += 100 / float(str(result.attributes.get("_MS.sampleRate", 100)))
        clock.now += 1
    assert 350 < kept < 800
    assert 4000 < stood_for < 6000


def test_a_trace_is_kept_or_dropped_whole_wherever_it_goes_on() -> None:
    """Another process decides as the first one did, whatever the rate is there."""
    here, there = TraceRate(20, Clock()), TraceRate(1000, Clock())
    found = Counter[tuple[bool, bool]]()
    for _ in range(200):
        result = here.should_sample(None, 1, "x")
        carried = SpanContext(1, 2, True, TraceFlags(1), result.trace_state)
        parent = set_span_in_context(NonRecordingSpan(carried))
        found[result.decision is Decision.RECORD_AND_SAMPLE, kept_by(there, parent)] += 1
    assert set(found) == {(True, True), (False, False)}


def test_spans_go_out_without_what_libraries_say_of_exceptions() -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(WithoutEvents(exporter)))
    tracer = provider.get_tracer("a library")
    with pytest.raises(ValueError, match=CANARY), tracer.start_as_current_span("call"):
        raise ValueError(CANARY)
    [span] = exporter.get_finished_spans()
    assert CANARY not in span.to_json()
    assert not span.status.is_ok


class Failing(InMemorySpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE


def test_what_an_exporter_says_is_handed_on() -> None:
    assert WithoutEvents(Failing()).export([]) is SpanExportResult.FAILURE


@pytest.fixture
def handler() -> Iterator[TelemetryHandler]:
    made = TelemetryHandler()
    logging.getLogger().addHandler(made)
    yield made
    logging.getLogger().removeHandler(made)


def test_log_lines_are_held_with_what_was_being_worked_on(handler: TelemetryHandler) -> None:
    log = logging.getLogger("shared.x")
    with scope_of({Attribute.TICKET_ID: "t-1", Attribute.OWNER: "u"}):
        log.error("before")
    told: list[logging.LogRecord] = []
    handler.hand_on(told.append)
    log.error("after")
    logging.getLogger("opentelemetry.sdk").error("of sending")
    logging.getLogger("a.library").info("chatter")
    token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
    logging.getLogger("a.library").error("of sending, too")
    detach(token)
    assert [record.getMessage() for record in told] == ["before", "after"]
    assert vars(told[0])["facts"] == {"ticket.id": "t-1"}
    assert vars(told[1])["facts"] == {}


def test_of_an_exception_the_type_and_the_place_are_told(handler: TelemetryHandler) -> None:
    told: list[logging.LogRecord] = []
    handler.hand_on(told.append)
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("shared.x").exception("It failed")
    [record] = told
    facts = exception_facts(record)
    assert facts["exception.type"] == "ValueError"
    assert "test_telemetry.py" in facts["exception.stacktrace"]
    assert CANARY not in str(facts).replace("raise ValueError(CANARY)", "")


def test_a_log_has_no_text_of_an_exception_that_may_have_content(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise ValueError(CANARY) from KeyError(CANARY)
    except ValueError as error:
        logging.getLogger("shared.x").error("It failed", exc_info=hide_text(error))
    assert "ValueError, without its text" in caplog.text
    assert "in test_a_log_has_no_text" in caplog.text
    assert CANARY not in caplog.text
    [record] = caplog.records
    assert exception_facts(record)["exception.type"] == "ValueError"


def test_measurements_before_there_is_a_meter_are_held_and_none_is_where_it_is_off() -> None:
    told: list[tuple[Metric, float, Attributes]] = []
    measurements = Measurements()
    measurements.record(Metric.TICKETS_OPENED, 1)
    measurements.hold()
    with scope_of({Attribute.TASK_TYPE: "custom", Attribute.TICKET_ID: "t-1"}):
        measurements.record(Metric.TICKETS_ENDED, 1, {Attribute.STATUS: "failed"})

    def recorder(metric: Metric) -> None:
        def record(value: float, attributes: Attributes) -> None:
            told.append((metric, value, attributes))

        recorders[metric] = record

    recorders: dict[Metric, object] = {}
    for metric in METRICS:
        recorder(metric)
    measurements.release(recorders)  # type: ignore[arg-type]
    measurements.record(Metric.LOOP_LAG, 0.5)
    ended = {"ticket.type": "custom", "ticket.status": "failed"}
    assert told == [(Metric.TICKETS_ENDED, 1, ended), (Metric.LOOP_LAG, 0.5, {})]


def test_what_becomes_known_later_stands_on_all_that_follows_in_its_scope() -> None:
    with scope_of({Attribute.STAGE: "reading"}):
        note({Attribute.TICKET_ID: "t-1"})
        assert present_scope().seen() == {"ticket.stage": "reading", "ticket.id": "t-1"}
    assert present_scope().seen() == {}


def test_a_gauge_that_nobody_sets_any_more_falls_silent() -> None:
    clock = Clock()
    gauge = LatestValue(clock)
    options = object()
    assert gauge.observe(options) == []  # type: ignore[arg-type]
    gauge.set(7.0, {})
    assert [one.value for one in gauge.observe(options)] == [7.0]  # type: ignore[arg-type]
    clock.now += 121
    assert gauge.observe(options) == []  # type: ignore[arg-type]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0)


FACTS: dict[Attribute, str | int] = {
    Attribute.TICKET_ID: "t-1",
    Attribute.TASK_TYPE: "slow",
    Attribute.STAGE: "working",
}


async def test_a_block_of_the_event_loop_is_logged_with_what_does_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = LoopWatch(beat=0.01, blocked=0.05)

    async def block() -> None:
        deadline = time.monotonic() + 60
        while not caplog.records and time.monotonic() < deadline:
            pass

    with caplog.at_level(logging.WARNING), watch.watch():
        with scope_of(FACTS, "ticket work"):
            await asyncio.gather(block())  # in a task of its own, of which nobody knows
        assert watch.last_block is not None, "it is known before it is over"
        await until(lambda: len(caplog.records) == 2)
    during, after = [record.getMessage() for record in caplog.records]
    name = "ticket work of slow (working)"
    place = "tests/shared/telemetry/test_telemetry.py:"
    assert during.startswith(f"The event loop is blocked by {name} of ticket t-1 at {place}")
    assert "(block)" in during
    assert after.startswith(f"The event loop was blocked by {name} for ")
    assert (watch.last_block.task, watch.last_block.seconds) == (name, watch.lag)
    assert watch.lag > 0.05


async def test_what_blocks_and_lets_nobody_look_is_told_afterwards() -> None:
    """A library that keeps the interpreter for itself."""
    watch = LoopWatch(beat=0.01, blocked=0.05)
    with watch.watch(), scope_of(FACTS, "ticket work"):
        re.match(r"(a|a)*b", "a" * 22)
        await until(lambda: watch.last_block is not None and watch.last_block.seconds > 0)


async def test_while_nothing_runs_no_timer_does() -> None:
    watch = LoopWatch(beat=0.01)
    with watch.watch():
        assert watch.is_at_it
        with watch.watch():
            pass
    await until(lambda: not watch.is_at_it)
    with watch.watch():
        assert watch.is_at_it


class Panic(BaseException):
    pass


@pytest.fixture
def _listening(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    Telemetry(TelemetrySettings()).listen()


@pytest.mark.usefixtures("_listening")
@pytest.mark.parametrize("kind", [ValueError, Panic])
async def test_asyncio_tells_of_a_lost_error_without_its_text(
    caplog: pytest.LogCaptureFixture, kind: type[BaseException]
) -> None:
    """Its own line has the task, with what that raised."""

    async def fail() -> None:
        raise kind(CANARY)

    for _ in range(2):
        task = asyncio.create_task(fail())
        await asyncio.wait([task])
        del task
        gc.collect()
    assert caplog.text.count(f"{kind.__name__} in a task that nobody waits for") == 2
    assert "in fail" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.usefixtures("_listening")
def test_a_thread_of_a_task_types_own_is_told_of_without_its_text(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError(CANARY)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert "ValueError in a thread of its own" in caplog.text
    assert "in fail" in caplog.text
    assert CANARY not in caplog.text + "".join(capfd.readouterr())


class Leaving:
    def __del__(self) -> None:
        raise ValueError(CANARY)


@pytest.mark.usefixtures("_listening")
def test_what_is_raised_while_an_object_is_removed_is_told_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Leaving()
    gc.collect()
    assert "ValueError where nothing can be raised" in caplog.text
    assert CANARY not in caplog.text


@pytest.mark.parametrize("name", [f"About {CANARY}", "x" * 100_000, "a\nb"])
def test_a_class_is_told_by_a_name_that_code_has(name: str) -> None:
    assert name_class(type(name, (KeyError,), {})) == "KeyError"
    assert name_class(KeyError) == "KeyError"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It failed.", "It failed."),
        ("It failed. The SQL was SELECT 1.", "It failed."),
        ("x" * 1000, f"{'x' * 200}."),
    ],
)
def test_of_a_reason_the_first_sentence_is_told(text: str, first: str) -> None:
    assert first_sentence(text) == first


CARRIED = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": "amida=25"}


@contextmanager
def on_a_platform_that_traces(state: TraceState) -> Iterator[SpanContext]:
    """As Azure's worker hands on the host's context."""
    host = SpanContext(7, 8, True, TraceFlags(1), state)
    token = attach(set_span_in_context(NonRecordingSpan(host)))
    yield host
    detach(token)


def parent_in(context: Context) -> SpanContext:
    return get_current_span(context).get_span_context()


def test_a_trace_goes_on_where_the_platform_has_none() -> None:
    parent = parent_in(go_on_with(CARRIED))
    assert f"{parent.trace_id:x}" == "a" * 32
    assert parent.trace_state["amida"] == "25"


def test_the_platforms_trace_wins_and_whether_it_is_kept_was_decided_before() -> None:
    with on_a_platform_that_traces(TraceState()) as host:
        parent = parent_in(go_on_with(CARRIED))
    assert (parent.trace_id, parent.span_id) == (host.trace_id, host.span_id)
    assert parent.trace_state["amida"] == "25"


def test_nobody_outside_decides_what_is_kept() -> None:
    """Clients may send a state, which the platform hands on."""
    with on_a_platform_that_traces(TraceState([("amida", "100")])) as host:
        parent = parent_in(begin_trace())
    assert parent.trace_id == host.trace_id
    assert "amida" not in parent.trace_state


def test_where_nothing_is_traced_nothing_is_carried() -> None:
    token = attach(begin_trace())
    with span("request", begin_trace()):
        assert carry() == {}
    detach(token)
    assert parent_in(go_on_with({})) == INVALID_SPAN_CONTEXT
