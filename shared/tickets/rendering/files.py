"""Results as files, in the forms that their task types offer."""

import asyncio
import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.errors import FailureKind, FormatFailed, NoSuchFormat, PermanentFailure
from shared.models import StoredTicket
from shared.sandbox.runner import Limits, run_in_child
from shared.tasks.calling import run_in_thread
from shared.tasks.registry import find_task_type
from shared.telemetry.class_names import name_class
from shared.telemetry.logs import hide_text
from shared.text import strict_json

log = logging.getLogger(__name__)


class ResultFormat(StrEnum):
    JSON = "json"
    MD = "md"
    HTML = "html"
    DOCX = "docx"
    CSV = "csv"
    SARIF = "sarif"
    GITHUB_REVIEW = "github-review"
    VEGA_LITE = "vega-lite"
    PNG = "png"
    SVG = "svg"


_KINDS = {
    ResultFormat.JSON: ("application/json", "json"),
    ResultFormat.MD: ("text/markdown; charset=utf-8", "md"),
    ResultFormat.HTML: ("text/html; charset=utf-8", "html"),
    ResultFormat.DOCX: (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    ResultFormat.CSV: ("text/csv; charset=utf-8", "csv"),
    ResultFormat.SARIF: ("application/sarif+json", "sarif"),
    ResultFormat.GITHUB_REVIEW: ("application/json", "review.json"),
    ResultFormat.VEGA_LITE: ("application/vnd.vegalite+json", "vl.json"),
    ResultFormat.PNG: ("image/png", "png"),
    ResultFormat.SVG: ("image/svg+xml", "svg"),
}

_PARSED = (ResultFormat.HTML, ResultFormat.DOCX)
"""For these, Markdown is parsed. What the parser takes may grow with the square of the text."""
_REPORTS = (ResultFormat.MD, *_PARSED)
_MAX_PARSED_HERE = 16 * 1024
LIMITS = Limits(seconds=20, megabytes=1024)
_ENDLESS: set[tuple[str, ResultFormat]] = set()
"""Forms that took too long in a thread, which nobody can end; from then on a process makes them."""
_MAX_BYTES = 100 * 1024 * 1024
"""An answer of 128 MB ends the process that gives it."""
_WORKER = "shared.tickets.rendering.worker"


class UnfitResult(PermanentFailure):
    """A result that cannot be read again, or not be shown; its cause is what was raised."""

    kind = FailureKind.INTERNAL


@dataclass(frozen=True, slots=True)
class ResultFile:
    """`filename` is plain ASCII."""

    content: bytes
    content_type: str
    filename: str


def form_of(task_type: str, wanted: str) -> ResultFormat:
    """Raises NoSuchFormat, which names those that the type offers."""
    offered = _list_formats(task_type)
    if wanted not in offered:
        raise NoSuchFormat(f"The result of this ticket can be had as {', '.join(offered)}.")
    return ResultFormat(wanted)


def _list_formats(task_type: str) -> list[str]:
    return find_task_type(task_type).offered_formats


def is_saved(task_type: str, form: ResultFormat) -> bool:
    """Whether the steps of the type have saved the result in this form, rather than that it is made
    when it is asked for."""
    return form in find_task_type(task_type).saved_formats


def takes_section(task_type: str, form: ResultFormat) -> bool:
    """Whether a result in this form is a report that is written here, and may be added to. What a
    type writes as a document of its own (a paper) is what it is."""
    has_own = any(one in find_task_type(task_type).formats for one in _PARSED)
    return form in _REPORTS and not has_own


async def render_result(
    ticket: StoredTicket, form: ResultFormat, section: str = "", *, limits: Limits = LIMITS
) -> ResultFile:
    """The result that `ticket` carries in its `result_data`, with a last `section` in Markdown
    where the form takes one. Raises NoSuchFormat for one that this result cannot be had in,
    FormatFailed for one that its task type fails to make."""
    try:
        result = ticket.result_data
        content = await _render_in_time(ticket.task_type, result, form, section, limits)
    except NoSuchFormat:
        raise
    except Exception as error:
        _log_fault(ticket, form, error)
        others = [name for name in _list_formats(ticket.task_type) if name != form]
        raise FormatFailed(
            f"This result cannot be shown as {form.value}, by a fault of its task type: please "
            f"report that with the ticket's id. Try another of its formats: {', '.join(others)}."
        ) from error
    return file_of(ticket, form, content)


async def check_result(ticket: StoredTicket, result: dict[str, Any]) -> None:
    """Raises UnfitResult for a new result of this ticket that could not be read again, or not be
    shown in the formats that every type has."""
    for form in (ResultFormat.JSON, ResultFormat.MD):
        try:
            content = await _render_in_time(ticket.task_type, result, form, "", LIMITS)
            if form is ResultFormat.JSON:
                await run_in_thread(strict_json.loads, content)
        except Exception as error:
            _log_fault(ticket, form, error)
            raise UnfitResult(
                f"The result cannot be written as {form.value}, by a fault of the task type "
                f"{ticket.task_type}. Please report the id of this ticket."
            ) from error


def _log_fault(ticket: StoredTicket, form: ResultFormat, error: Exception) -> None:
    log.error(
        "The result of ticket %s (%s) cannot be rendered as %s: %s",
        ticket.id,
        ticket.task_type,
        form.value,
        name_class(type(error)),
        exc_info=hide_text(error),
    )


async def _render_in_time(
    task_type: str, result: dict[str, Any], form: ResultFormat, section: str, limits: Limits
) -> bytes:
    """Raises TimeoutError, and whatever the task type does."""
    kind = task_type, form
    if form in _PARSED or kind in _ENDLESS:
        data = strict_json.dumps([result, section])
        if kind in _ENDLESS or len(data) > _MAX_PARSED_HERE:
            return await _render_in_child(task_type, data, form, limits)
    try:
        async with asyncio.timeout(limits.seconds):
            return await run_in_thread(render_content, task_type, result, form, section)
    except TimeoutError:
        _ENDLESS.add(kind)
        raise


def file_of(ticket: StoredTicket, form: ResultFormat, content: bytes) -> ResultFile:
    """This content as a file that is named for its ticket."""
    content_type, suffix = _KINDS[form]
    name = re.sub(r"[^A-Za-z0-9]+", "-", ticket.title)[:60].strip("-") or "result"
    return ResultFile(content, content_type, f"{name}.{suffix}")


def render_content(
    task_type: str, result: dict[str, Any], form: ResultFormat, section: str = ""
) -> bytes:
    """A stored result in this form, with a last `section` where the form takes one. Raises
    NoSuchFormat."""
    if form is ResultFormat.JSON:
        return strict_json.dumps(result)
    known = find_task_type(task_type)
    if form in _PARSED and form not in known.formats:
        return _convert(
            _add_section(_as_text(known.render(result, ResultFormat.MD)), section), form
        )
    content = known.render(result, form.value)
    if form is ResultFormat.MD:
        content = _add_section(_as_text(content), section)
    if isinstance(content, str):
        content = content.encode()
    if not isinstance(content, bytes) or len(content) > _MAX_BYTES:
        raise ValueError(f"a format is a text or bytes, of {_MAX_BYTES} at most")
    return content


def _as_text(markdown: object) -> str:
    """Raises ValueError for what is neither a text nor one in UTF-8."""
    text = markdown.decode() if isinstance(markdown, bytes) else markdown
    if not isinstance(text, str):
        raise ValueError("Markdown is a text")
    return text


def _add_section(markdown: str, section: str) -> str:
    return f"{markdown.rstrip()}\n\n---\n\n{section}\n" if section else markdown


def _convert(markdown: str, form: ResultFormat) -> bytes:
    """A result in Markdown as what every type offers."""
    if form is ResultFormat.DOCX:
        from shared.documents.export.docx import to_docx

        return to_docx(markdown, "Result")
    from shared.documents.export.html import to_html

    return to_html(markdown).encode()


async def _render_in_child(
    task_type: str, data: bytes, form: ResultFormat, limits: Limits
) -> bytes:
    returned, content = await run_in_child(_WORKER, form.value, task_type, data, limits)
    if returned:
        raise ChildProcessError(returned)
    return content
