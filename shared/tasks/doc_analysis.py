"""Task type `doc_analysis`: what the files of a ticket say, each insight with quotes from them.

One piece of work a file. The model proposes; a quote that is not in the file word for word is
dropped and counted, and an insight without any goes with it.
"""

import codecs
import re
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import StringConstraints

from shared.clients.schemas import of_model
from shared.documents.kinds import DOCX, PDF
from shared.errors import CannotBeDone
from shared.models import Attachment, Model, Question
from shared.tasks import base

FORMATS: tuple[str, ...] = ()
NEEDS_FILES = True
EXAMPLE: dict[str, Any] = {
    "analysis_type": "risks",
    "instructions": "Name every date by which something must be done.",
}

MOST_CHARACTERS = 120_000
_UNREAD = {PDF, DOCX}
_Words = Annotated[str, StringConstraints(max_length=16_000)]


class TaskData(base.TaskData):
    analysis_type: _Words | None = None
    instructions: _Words | None = None


class Claim(Model):
    text: str
    quotes: list[str]


class Analysis(Model):
    """The model's answer about one file."""

    summary: str
    insights: list[Claim]
    gaps: list[str]
    recommendations: list[str]


class Evidence(Model):
    """`quote` is in the file word for word; `place` says where."""

    document: str
    place: str
    quote: str


class Insight(Model):
    text: str
    evidence: list[Evidence]


class Document(Model):
    """A file; `characters_read` of its `characters` were analysed."""

    name: str
    content_type: str
    characters: int = 0
    characters_read: int = 0


class Coverage(Model):
    """How much of what there was is in the analysis."""

    documents: int
    documents_read: int
    characters: int
    characters_read: int
    quotes_dropped: int
    insights_dropped: int
    not_read: list[str]


class Outcome(Model):
    """What came of one file."""

    document: Document
    summary: str
    insights: list[Insight]
    gaps: list[str]
    recommendations: list[str]
    quotes_dropped: int
    insights_dropped: int


class Result(base.Result):
    documents: list[Document]
    insights: list[Insight]
    gaps: list[str]
    recommendations: list[str]
    conflicts: list[str] = []
    coverage: Coverage
    analysis: str


async def plan(context: base.Context) -> base.Round:
    readable, unread = _sorted_out(context)
    if not readable:
        names = ", ".join(file.filename for file in unread) or "there is none"
        raise CannotBeDone(f"No file of this ticket can be read as text: {names}.")
    return base.Round(stage="reading", items=[{"file": file.id} for file in readable])


async def work(context: base.WorkContext, item: base.Item) -> Outcome:
    file = next(file for file in context.ticket.attachments if file.id == item["file"])
    text = await _text(context, file)
    read = text[:MOST_CHARACTERS]
    data = TaskData.model_validate(context.ticket.task_data)
    answer = await context.complete(of_model(Analysis), _question(data, file.filename, read))
    insights = [_checked(claim, file.filename, read) for claim in answer.insights]
    proved = [insight for insight in insights if insight.evidence]
    quotes = sum(len(claim.quotes) for claim in answer.insights)
    return Outcome(
        document=Document(
            name=file.filename,
            content_type=file.content_type,
            characters=len(text),
            characters_read=len(read),
        ),
        summary=answer.summary,
        insights=proved,
        gaps=answer.gaps,
        recommendations=answer.recommendations,
        quotes_dropped=quotes - sum(len(insight.evidence) for insight in insights),
        insights_dropped=len(insights) - len(proved),
    )


async def combine(context: base.Context, outcomes: Sequence[Any]) -> base.Result:
    parts = [Outcome.model_validate(outcome) for outcome in outcomes]
    unread = _sorted_out(context)[1]
    data = TaskData.model_validate(context.ticket.task_data)
    result = Result(
        summary="\n".join(part.summary for part in parts),
        warnings=[*base.unknown_keys(data), *_warnings(parts, unread)],
        documents=[
            *(part.document for part in parts),
            *(Document(name=file.filename, content_type=file.content_type) for file in unread),
        ],
        insights=[insight for part in parts for insight in part.insights],
        gaps=[gap for part in parts for gap in part.gaps],
        recommendations=[advice for part in parts for advice in part.recommendations],
        coverage=_coverage(parts, unread),
        analysis="",
    )
    return result.model_copy(update={"analysis": _markdown(result)})


def _sorted_out(context: base.Context) -> tuple[list[Attachment], list[Attachment]]:
    """The files that can be read as text, and the others."""
    files = context.ticket.attachments
    readable = [file for file in files if file.content_type not in _UNREAD and file.file_size]
    return readable, [file for file in files if file not in readable]


async def _text(context: base.WorkContext, file: Attachment) -> str:
    """Files that are kept as text have been found to be UTF-8 when they came."""
    data = await context.read_file(file.id)
    if data is None:
        raise CannotBeDone(f"The file {file.filename} was removed while it was to be read.")
    return data.removeprefix(codecs.BOM_UTF8).decode()


def _question(data: TaskData, name: str, text: str) -> Question:
    user = f"# Kind of analysis\n{data.analysis_type or 'general'}"
    if data.instructions:
        user += f"\n\n# Instructions\n{data.instructions}"
    return Question(base.prompt(__file__, "doc_analysis"), user, {"document": text})


def _checked(claim: Claim, name: str, text: str) -> Insight:
    """The claim with those of its quotes that are in the text."""
    evidence = []
    for quote in dict.fromkeys(quote.strip() for quote in claim.quotes):
        at = text.find(quote) if quote else -1
        if at >= 0:
            line = text.count("\n", 0, at) + 1
            evidence.append(Evidence(document=name, place=f"line {line}", quote=quote))
    return Insight(text=claim.text, evidence=evidence)


def _coverage(parts: Sequence[Outcome], unread: Sequence[Attachment]) -> Coverage:
    return Coverage(
        documents=len(parts) + len(unread),
        documents_read=len(parts),
        characters=sum(part.document.characters for part in parts),
        characters_read=sum(part.document.characters_read for part in parts),
        quotes_dropped=sum(part.quotes_dropped for part in parts),
        insights_dropped=sum(part.insights_dropped for part in parts),
        not_read=[file.filename for file in unread],
    )


def _warnings(parts: Sequence[Outcome], unread: Sequence[Attachment]) -> list[str]:
    cut = [
        part.document for part in parts if part.document.characters_read < part.document.characters
    ]
    return [
        *(
            f"{file.filename} was not read: it holds no text that can be read yet."
            for file in unread
        ),
        *(
            f"Of {file.name} only the first {file.characters_read} characters were read."
            for file in cut
        ),
    ]


def render(result: dict[str, Any], form: str) -> str:
    return str(result["analysis"])


def _markdown(result: Result) -> str:
    """The same for reading. All words are the model's or the files': none of them is markup."""
    lines = ["# Analysis", "", _inert(result.summary), "", "## Insights", ""]
    for insight in result.insights:
        lines.append(f"- {_inert(insight.text)}")
        for proof in insight.evidence:
            words = " ".join(proof.quote.split())
            lines.append(f"  - `{_code(words)}` (`{_code(proof.document)}`, {proof.place})")
    for title, texts in (("Gaps", result.gaps), ("Recommendations", result.recommendations)):
        if texts:
            lines += ["", f"## {title}", "", *(f"- {_inert(text)}" for text in texts)]
    unread = result.coverage.not_read
    if unread:
        lines += ["", "## Not read", "", *(f"- `{_code(name)}`" for name in unread)]
    return "\n".join(lines) + "\n"


def _inert(text: str) -> str:
    return re.sub(r"([\\`<>\[\]!#])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    return text.replace("`", "'")
