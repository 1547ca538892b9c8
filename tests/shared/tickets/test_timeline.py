"""The course of an attempt leaves no time unexplained, and comes to the sum of its shares."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.models import (
    Attachment,
    Call,
    EntryKind,
    Priority,
    Progress,
    Status,
    StepRun,
    StoredTicket,
    Timeline,
)
from shared.tickets.rendering.course import describe_course
from shared.tickets.statistics.failures import explain_failure
from shared.tickets.statistics.time_shares import find_gaps
from shared.tickets.statistics.timeline import recall_attempt, tell_course
from tests.support.product.clock import now

BEGINNING = now()


def at(seconds: float) -> datetime:
    return BEGINNING + timedelta(seconds=seconds)


def ticket(ended: float | None = None, started: float | None = 1.0, **fields: Any) -> StoredTicket:
    values = {
        "id": "o-1",
        "title": "T",
        "description": "",
        "task_type": "custom",
        "priority": Priority.MEDIUM,
        "status": Status.PROCESSING if ended is None else Status.COMPLETED,
        "task_data": {},
        "created_by": "o",
        "created_at": at(0),
        "updated_at": at(0),
        "started_at": None if started is None else at(started),
        "completed_at": None if ended is None else at(ended),
    }
    return StoredTicket(**{**values, **fields})


def step(name: str, begun: float, ended: float, result: str = "outcome", **fields: Any) -> StepRun:
    if "called" in fields:
        fields["called_at"] = at(fields.pop("called"))
    if name != "plan":
        fields.setdefault("number", 0)
    return StepRun(
        name=name,
        stage="working",
        started_at=at(begun),
        seconds=ended - begun,
        result=result,
        **fields,
    )


def call(begun: float, ended: float) -> Call:
    return Call(
        id=f"{begun}", model="m", prompt_tokens=3, started_at=at(begun), seconds=ended - begun
    )


def spans(told: Timeline) -> list[tuple[str, float, float | None]]:
    found = []
    for entry in told.entries:
        begun = round((entry.started_at - BEGINNING).total_seconds(), 3)
        ended = None if entry.seconds is None else round(begun + entry.seconds, 3)
        found.append((entry.name, begun, ended))
    return found


def test_a_busy_service_and_the_queue_are_waits_of_their_own() -> None:
    busy = "The model is busy (HTTP 429)."
    steps = [
        step("plan", 1, 2, "round", called=0.95),
        step("work", 2, 3, "wait", index=0, reason=busy, service="model", fault="RetryLater"),
        step("work", 16, 30, index=0, called=14),
        step("combine", 31, 32, "done", called=30),
    ]
    told = tell_course(ticket(32.5), steps, [call(17, 29)])
    assert spans(told) == [
        ("wait for the beginning", 0, 1),
        ("plan: working", 1, 2),
        ("work: working", 2, 3),
        ("wait for model", 3, 14),
        ("wait for its turn", 14, 16),
        ("work: working", 16, 30),
        ("m", 17, 29),
        ("wait for its turn", 30, 31),
        ("combine: working", 31, 32),
        ("end: ending", 32, 32.5),
    ]
    wait = told.entries[3]
    assert (wait.waits_for, wait.service, wait.detail) == ("service", "model", busy)
    assert [entry.run for entry in told.entries if entry.kind == "step"] == [1, 1, 2, 1, None]
    assert {entry.fault for entry in told.entries} == {None}
    assert told.seconds == 32.5
    shares = {(one.kind, one.waits_for): (one.count, one.seconds) for one in told.shares}
    assert shares == {
        ("call", None): (1, 12),
        ("wait", "service"): (1, 11),
        ("step", None): (5, 5.5),
        ("wait", "queue"): (2, 3),
        ("wait", "beginning"): (1, 1),
    }


def test_only_admins_are_told_of_the_class_of_a_fault() -> None:
    steps = [
        step("plan", 1, 2, "error", called=1, fault="KeyError", reason="It failed."),
        step("plan", 4, 5, "error", called=1, fault="KeyError", reason="It failed."),
    ]
    failed = ticket(6, status=Status.FAILED)
    for has_faults in (True, False):
        told = tell_course(failed, steps, [], has_faults=has_faults)
        faults = [entry.fault for entry in told.entries if entry.kind == "step"]
        assert faults == ["KeyError" if has_faults else None] * 2 + [None]
    assert ("wait for another try", 2, 4) in spans(told)
    assert not [name for name, *_ in spans(told) if name == "wait for its turn"]


def test_an_answer_is_waited_for_until_the_workflow_goes_on() -> None:
    steps = [
        step("plan", 1, 2, "asks", called=1),
        step("plan", 3602, 3603, "round", called=3600),
    ]
    told = tell_course(ticket(3603), steps, [])
    assert ("wait for an answer", 2, 3600) in spans(told)
    assert ("wait for its turn", 3600, 3602) in spans(told)


def test_a_lost_process_is_told_where_its_step_is_begun_again() -> None:
    steps = [
        step("plan", 1, 2, "round", called=1),
        step("work", 90, 95, index=0, called=2, is_resumed=True),
    ]
    told = tell_course(ticket(95), steps, [call(3, 10)])
    assert ("wait for another start", 2, 90) in spans(told)
    [wait] = [entry for entry in told.entries if entry.waits_for == "restart"]
    assert "Nothing was heard of an earlier start" in (wait.detail or "")
    assert sum(one.seconds for one in told.shares if one.kind == "call") == 7


def test_what_was_stopped_with_its_process_waits_for_another_start() -> None:
    steps = [
        step("work", 1, 4, "interrupted", index=0, called=1),
        step("work", 40, 45, index=0, called=1),
    ]
    told = tell_course(ticket(45), steps, [])
    assert ("wait for another start", 4, 40) in spans(told)
    assert "wait for its turn" not in {name for name, *_ in spans(told)}


def test_files_are_waited_for_before_the_beginning() -> None:
    file = Attachment(
        id="f",
        filename="a.txt",
        file_size=1,
        content_type="text/plain",
        sha256="0",
        uploaded_at=at(60),
    )
    told = tell_course(ticket(70, 63, attachments=[file]), [step("plan", 63, 70, "done")], [])
    assert spans(told)[:2] == [("wait for files", 0, 60), ("wait for the beginning", 60, 63)]
    waiting = ticket(None, None, status=Status.PENDING, waits_for_files=True)
    assert spans(tell_course(waiting, [], [])) == [("wait for files", 0, None)]


def test_a_later_attempt_begins_when_it_was_asked_for() -> None:
    again = ticket(1010, 1005, attempt=2, queued_at=at(1000))
    told = tell_course(again, [step("plan", 1005, 1010, "done")], [])
    assert spans(told)[0] == ("wait for the beginning", 1000, 1005)
    assert told.seconds == 10
    unknown = ticket(1010, 1005, attempt=2)
    assert tell_course(unknown, [step("plan", 1005, 1010, "done")], []).seconds == 5


def test_what_goes_on_now_and_what_was_cut_off_have_a_line() -> None:
    steps = [step("plan", 1, 2, "round")]
    runs = ticket(progress=Progress(stage="reading"))
    assert spans(tell_course(runs, steps, []))[-1] == ("now: reading", 2, None)
    waits = [*steps, step("work", 2, 3, "wait", index=0, service="model")]
    assert spans(tell_course(runs, waits, []))[-1] == ("wait for model", 3, None)
    cut = ticket(50, status=Status.CANCELLED)
    assert spans(tell_course(cut, steps, []))[-1] == ("cut off: cancelled", 2, 50)


RUNS = st.lists(
    st.tuples(
        st.sampled_from(["plan", "work", "combine"]),
        st.integers(0, 3),
        st.floats(0, 1000),
        st.floats(0, 300),
        st.sampled_from(["outcome", "round", "wait", "asks", "error", "failure"]),
        st.one_of(st.none(), st.floats(0, 1000)),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(runs=RUNS, calls=st.lists(st.tuples(st.floats(0, 900), st.floats(0, 100)), max_size=20))
def test_no_time_is_unexplained_whatever_is_in_the_ledger(
    runs: list[Any], calls: list[tuple[float, float]]
) -> None:
    steps = [
        step(name, begun, begun + long, result, index=index, is_resumed=resumed)
        if called is None
        else step(name, begun, begun + long, result, index=index, called=called)
        for name, index, begun, long, result, called, resumed in runs
    ]
    ended = ticket(1500)
    told = tell_course(ended, steps, [call(begun, begun + long) for begun, long in calls])
    begun = min([ended.created_at, *(entry.started_at for entry in told.entries)])
    assert all(entry.seconds is not None and entry.seconds >= 0 for entry in told.entries)
    gaps = find_gaps(told.entries, begun, at(1500))
    assert all((until - since).total_seconds() < 0.11 for since, until in gaps)
    assert sum(one.seconds for one in told.shares) == pytest.approx(told.seconds, abs=0.1)


def test_what_failed_is_the_last_run_of_a_step_and_no_fault_that_went_by() -> None:
    steps = [
        step("plan", 1, 2, "error", fault="OSError"),
        step("plan", 2, 3, "round"),
        step("work", 3, 4, "error", index=2, fault="ValueError"),
        step("work", 6, 7, "error", index=2, fault="KeyError"),
        step("work", 6, 8, index=1),
    ]
    assert explain_failure(steps) == {
        "step": "work",
        "stage": "working",
        "item": 2,
        "exception": "KeyError",
        "tries": 2,
    }
    assert explain_failure(steps[:2]) == {}
    refused = [*steps, step("work", 5, 6, "failure", index=0, fault="ModelFailure")]
    assert explain_failure(refused)["exception"] == "ModelFailure"
    assert EntryKind.STEP in {entry.kind for entry in tell_course(ticket(9), refused, []).entries}


def test_a_report_says_what_took_how_long() -> None:
    steps = [
        step("plan", 1, 2, "round"),
        step("work", 2, 3, "wait", index=0, service="model"),
        step("work", 63, 130, index=0),
        step("combine", 130, 131, "done"),
    ]
    text = describe_course(tell_course(ticket(131), steps, [call(71, 130)]))
    assert text.splitlines()[:3] == [
        "## What took how long",
        "",
        "2 min 11 s in all, with 1 call of the model (3 tokens read, 0 written).",
    ]
    rows = re.findall(r"\| (.+) \| ([\d,]+) \| (.+) \|", text)
    assert rows[:3] == [
        ("waiting for model", "1", "1 min 0 s"),
        ("the model", "1", "59.0 s"),
        ("steps without the model", "4", "11.0 s"),
    ]
    assert "| work: working | 2 | 1 min 7 s | 1 min 8 s |" in text
    assert describe_course(tell_course(ticket(5), [], [])) == ""


def test_the_course_of_an_older_result_is_told_as_far_as_its_steps_know() -> None:
    steps = [step("plan", 4, 8, "done")]
    again = ticket(None, None, status=Status.PENDING, attempt=2, result_attempt=1)
    told = tell_course(recall_attempt(again, steps), steps, [])
    assert spans(told) == [("wait for the beginning", 0, 4), ("plan: working", 4, 8)]
