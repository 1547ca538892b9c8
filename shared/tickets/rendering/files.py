"""Results as files, in the forms that their task types offer."""

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.errors import NoSuchFormat
from shared.models import StoredTicket
from shared.sandbox.runner import Limits, run_in_child
from shared.tasks.registry import find_task_type
from shared.text import strict_json


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
_MAX_PARSED_HERE = 16 * 1024
_LIMITS = Limits(seconds=20, megabytes=1024)
_WORKER = "shared.tickets.rendering.worker"


@dataclass(frozen=True, slots=True)
class ResultFile:
    """`filename` is plain ASCII."""

    content: bytes
    content_type: str
    filename: str


def form_of(task_type: str, wanted: str) -> ResultFormat:
    """Raises NoSuchFormat, which names those that the type offers."""
    offered = find_task_type(task_type).offered_formats
    if wanted not in offered:
        raise NoSuchFormat(f"The result of this ticket can be had as {', '.join(offered)}.")
    return ResultFormat(wanted)


def is_saved(task_type: str, form: ResultFormat) -> bool:
    """Whether the steps of the type have saved the result in this form, rather than that it is made
    when it is asked for."""
    return form in find_task_type(task_type).saved_formats


async def render_result(ticket: StoredTicket, form: ResultFormat) -> ResultFile:
    """The result that `ticket` carries in its `result_data`. Raises NoSuchFormat for one that this
    result cannot be had in."""
    result, content = ticket.result_data, b""
    if form in _PARSED and len(data := strict_json.dumps(result)) > _MAX_PARSED_HERE:
        content = await _render_in_child(ticket.task_type, data, form)
    else:
        content = await asyncio.to_thread(render_content, ticket.task_type, result, form)
    return file_of(ticket, form, content)


def file_of(ticket: StoredTicket, form: ResultFormat, content: bytes) -> ResultFile:
    """This content as a file that is named for its ticket."""
    content_type, suffix = _KINDS[form]
    name = re.sub(r"[^A-Za-z0-9]+", "-", ticket.title)[:60].strip("-") or "result"
    return ResultFile(content, content_type, f"{name}.{suffix}")


def render_content(task_type: str, result: dict[str, Any], form: ResultFormat) -> bytes:
    """A stored result in this form. Raises NoSuchFormat."""
    if form is ResultFormat.JSON:
        return strict_json.dumps(result)
    known = find_task_type(task_type)
    if form in (ResultFormat.HTML, ResultFormat.DOCX) and form not in known.formats:
        return _convert(str(known.render(result, ResultFormat.MD)), form)
    content = known.render(result, form.value)
    return content.encode() if isinstance(content, str) else content


def _convert(markdown: str, form: ResultFormat) -> bytes:
    """A result in Markdown as what every type offers."""
    if form is ResultFormat.DOCX:
        from shared.documents.export.docx import to_docx

        return to_docx(markdown, "Result")
    from shared.documents.export.html import to_html

    return to_html(markdown).encode()


async def _render_in_child(task_type: str, data: bytes, form: ResultFormat) -> bytes:
    try:
        returned, content = await run_in_child(_WORKER, form.value, task_type, data, _LIMITS)
    except (TimeoutError, ValueError):
        returned, content = -1, b""
    if returned:
        raise NoSuchFormat(f"This result cannot be shown as {form.value}; take md or json.")
    return content
