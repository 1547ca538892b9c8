"""A table that is too long to be read to the model: the program tells what its columns hold, the
model asks a bounded number of things of it, the program reckons them, and what the model then says
rests on reckoned values, which are reckoned once more before they are delivered."""

from collections import Counter
from collections.abc import Sequence

from shared.clients.llm.output import of_model
from shared.documents.extraction import Extractor
from shared.documents.tables.queries import Computed, Query
from shared.documents.tables.worker import QUERIES, TableAnswer, TableKind
from shared.errors import PermanentFailure, Unreadable, UnusableAnswer
from shared.models import Attachment, Model
from shared.tasks.base import Artifacts, Context, WorkContext
from shared.tasks.doc_analysis.models import Document, TaskData
from shared.tasks.doc_analysis.prompting import question
from shared.tasks.evidence.llm_output import ClaimKind, Importance, Line, Statement
from shared.tasks.evidence.models import Claim, Evidence, Reckoned

MIN_BYTES = 200_000
"""A shorter table is read to the model as it stands, in about ten calls at most."""

MAX_QUERIES = 12
_MAX_TOLD = 40_000
"""Characters of reckoned values that the model is told."""

_KINDS = {
    "text/csv": TableKind.DELIMITED,
    "text/tab-separated-values": TableKind.DELIMITED,
    "application/json": TableKind.OBJECTS,
}
_LINES = (".jsonl", ".ndjson")


class TableQuestions(Model):
    """What the model asks of a table."""

    queries: list[Query]


class TableClaim(Model):
    """A claim that rests on reckoned values, by their numbers."""

    id: int
    kind: ClaimKind
    importance: Importance
    text: Line
    results: list[int]


class TableAnalysis(Model):
    """The answer about a table. All but the claims rests on them."""

    claims: list[TableClaim]
    summary: list[Statement]
    gaps: list[Statement]
    recommendations: list[Statement]


_QUESTIONS, _FORM = of_model(TableQuestions), of_model(TableAnalysis)


def is_large(file: Attachment, data: bytes) -> bool:
    """Whether it may be a table that is profiled: of text, or of JSON, which may be none."""
    return len(data) >= MIN_BYTES and _find_kind(file) is not None


def _find_kind(file: Attachment) -> TableKind | None:
    is_lines = file.filename.lower().endswith(_LINES)
    return TableKind.OBJECTS if is_lines else _KINDS.get(file.content_type)


async def ask_about_table(
    context: WorkContext[TaskData], number: int
) -> tuple[TableAnalysis, list[Computed]]:
    """The model's answer, and the reckoned values that it was told, in their order."""
    profiled = await _examine(context, number, [])
    material = {"profile of the table": _render(profiled.computed)}
    asked = await context.complete(_QUESTIONS, question(context.data, "query_table", material))
    queries = asked.queries[:MAX_QUERIES]
    await _save_queries(context.artifacts, number, queries)
    answered = await _examine(context, number, queries) if queries else profiled
    material = {"results": _render(answered.computed)}
    answer = await context.complete(_FORM, question(context.data, "analyse_table", material))
    return answer, answered.computed


def prove_claims(
    said: Sequence[TableClaim], known: Sequence[Computed], number: int, name: str
) -> list[tuple[int, Claim]]:
    """The claims that name a reckoned value, with the ids that the model gave them."""
    return [
        (
            one.id,
            Claim(
                document=number,
                kind=one.kind,
                importance=one.importance,
                text=one.text,
                evidence=[_evidence(known[at - 1], name) for at in _numbers(one, known)],
            ),
        )
        for one in said
        if one.text and _numbers(one, known)
    ]


async def recompute(context: Context[TaskData], documents: Sequence[Document]) -> Counter[str]:
    """What the values of all profiled tables come to, once more: how often a document, a place and
    a value stand together. What cannot be reckoned again counts as not reckoned."""
    found: Counter[str] = Counter()
    for number, document in enumerate(documents):
        if document.rows is None:
            continue
        saved = await context.artifacts.load(_name(number))
        queries = QUERIES.validate_python(saved or [])
        try:
            answered = await _examine(context, number, queries)
        except UnusableAnswer:
            continue
        found.update(_evidence(one, document.name).model_dump_json() for one in answered.computed)
    return found


async def profile_table(context: Context[TaskData], file: Attachment, data: bytes) -> TableAnswer:
    """Raises Unreadable."""
    return await _ask_reader(context, file, data, [])


async def _ask_reader(
    context: Context[TaskData], file: Attachment, data: bytes, queries: Sequence[Query]
) -> TableAnswer:
    kind = _find_kind(file) or TableKind.DELIMITED
    return await context.use(Extractor).examine_table(kind, data, queries)


async def _examine(
    context: Context[TaskData], number: int, queries: Sequence[Query]
) -> TableAnswer:
    """Raises PermanentFailure when the file is there no more, and UnusableAnswer when all that is
    asked of it is too much for the reader."""
    file = context.ticket.attachments[number]
    data = await context.read_file(file.id)
    if data is None:
        raise PermanentFailure(f"The file {file.filename} was removed while it was to be read.")
    try:
        return await _ask_reader(context, file, data, queries)
    except Unreadable as error:
        raise UnusableAnswer(error.advice) from None


async def _save_queries(artifacts: Artifacts, number: int, queries: Sequence[Query]) -> None:
    await artifacts.save(_name(number), QUERIES.dump_python(list(queries), mode="json"))


def _name(number: int) -> str:
    return f"queries-{number}"


def _numbers(one: TableClaim, known: Sequence[Computed]) -> list[int]:
    return [at for at in dict.fromkeys(one.results) if 1 <= at <= len(known)]


def _evidence(one: Computed, name: str) -> Evidence:
    columns = "column" if len(one.columns) == 1 else "columns"
    return Evidence(
        document=name,
        place=f"{one.rows}, {columns} {', '.join(one.columns)}",
        computed=Reckoned(function=one.function, value=one.value),
    )


def _render(computed: Sequence[Computed]) -> str:
    lines = (
        f"[result {at}] {one.function} = {one.value} ({one.rows})"
        for at, one in enumerate(computed, 1)
    )
    return "\n".join(lines)[:_MAX_TOLD]
