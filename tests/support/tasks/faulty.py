"""Task type `faulty`, whose results cannot be shown, each in the way that its ticket names."""

from enum import StrEnum
from threading import Event, Thread, current_thread
from typing import Any

from shared.models import StoredUser
from shared.tasks import base
from shared.tasks.dependencies import Provider
from shared.telemetry.names import Attribute
from shared.telemetry.scope import present_scope

CANARY = "canary-4711"
"""In the texts of exceptions; what cannot be rendered may have content in them."""


class Fault(StrEnum):
    NONE = "none"
    MD = "md"
    MD_OF_NOTHING = "md_of_nothing"
    MD_OF_BYTES = "md_of_bytes"
    HTML = "html"
    HTML_OF_MUCH = "html_of_much"
    TOO_DEEP = "too_deep"
    NO_UNICODE = "no_unicode"
    NO_JSON = "no_json"
    NO_TEXT = "no_text"
    ENDLESS = "endless"
    REQUESTER = "requester"
    SCOPE = "scope"


class TaskData(base.TaskData):
    fault: Fault


class Result(base.Result):
    fault: Fault
    value: Any = None


BEGUN: list[Thread] = []
"""Where a rendering that does not end has begun."""


def nest(depth: int) -> Any:
    return [nest(depth - 1)] if depth else []


VALUES = {
    Fault.TOO_DEEP: nest(100),
    Fault.NO_UNICODE: "\ud800",
    Fault.NO_JSON: object(),
    Fault.NO_TEXT: b"\xff",
    Fault.HTML_OF_MUCH: "much " * 10_000,
}


async def work(context: base.WorkContext[TaskData]) -> Result:
    fault = context.data.fault
    return Result(summary="Made.", fault=fault, value=VALUES.get(fault))


class Panic(BaseException):
    """As those of libraries in Rust."""


def check_requester(_: StoredUser, data: TaskData, __: Provider) -> None:
    if data.fault is Fault.REQUESTER:
        raise Panic(CANARY)


async def find_fault(data: TaskData, _: Provider) -> base.DataFault | None:
    """Tells of what type what it does is taken to be."""
    if data.fault is not Fault.SCOPE:
        return None
    return base.DataFault(key="fault", text=f"of {present_scope().facts[Attribute.TASK_TYPE]}")


def render_md(result: Result) -> Any:
    if result.fault is Fault.MD:
        raise KeyError(CANARY)
    made = {Fault.MD_OF_NOTHING: None, Fault.MD_OF_BYTES: b"# Made\n"}
    return made.get(result.fault, "# Made\n")


def render_html(result: Result) -> str:
    if result.fault is Fault.ENDLESS:
        BEGUN.append(current_thread())
        Event().wait()
    if result.fault in (Fault.HTML, Fault.HTML_OF_MUCH):
        raise KeyError(CANARY)
    return "<p>Made</p>"


task_type = base.TaskType(
    data=TaskData,
    result=Result,
    work=work,
    check_requester=check_requester,
    find_fault=find_fault,
    example={"fault": "none"},
    formats={"md": render_md, "html": render_html},
)
