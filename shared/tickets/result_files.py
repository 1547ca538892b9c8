"""Results as files, in the forms that their task types offer."""

import re
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import NoSuchFormat
from shared.models import StoredTicket
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


def render_result(ticket: StoredTicket, form: ResultFormat) -> ResultFile:
    """The result that `ticket` carries in its `result_data`. Raises NoSuchFormat for one that this
    result cannot be had in."""
    return file_of(ticket, form, _content(ticket, form))


def file_of(ticket: StoredTicket, form: ResultFormat, content: str | bytes) -> ResultFile:
    """This content as a file that is named for its ticket."""
    content_type, suffix = _KINDS[form]
    name = re.sub(r"[^A-Za-z0-9]+", "-", ticket.title)[:60].strip("-") or "result"
    data = content.encode() if isinstance(content, str) else content
    return ResultFile(data, content_type, f"{name}.{suffix}")


def _content(ticket: StoredTicket, form: ResultFormat) -> str | bytes:
    if form is ResultFormat.JSON:
        return strict_json.dumps(ticket.result_data)
    task_type = find_task_type(ticket.task_type)
    if form is ResultFormat.HTML and form not in task_type.formats:
        from shared.documents.export.html import to_html

        return to_html(str(task_type.render(ticket.result_data, ResultFormat.MD)))
    return task_type.render(ticket.result_data, form.value)
