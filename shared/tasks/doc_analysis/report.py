"""The result for reading: Markdown with citations, a Word document of the same, and the table of
evidence. All words are the model's or the files': none of them is markup."""

from collections.abc import Iterable, Iterator, Sequence

from shared.tasks.doc_analysis.models import Document, Finding, Insight, Result
from shared.tasks.evidence.models import Evidence
from shared.text.csv_export import to_csv
from shared.text.markdown import plain

_HEADER = ("finding", "kind", "importance", "text", "document", "place", "quote", "start", "end")
_QUOTES = 3
"""Of an insight that are written out; what else it rests on is cited, and quoted in the table."""


def to_markdown(result: Result) -> str:
    return result.analysis


def to_table(result: Result) -> str | bytes:
    """The evidence, a row for each quote."""
    return to_csv(_HEADER, _rows(result))


def markdown(result: Result) -> str:
    """The whole analysis; each claim is followed by its citations, `[report.pdf p. 12]`."""
    sections = [
        ("# Analysis", [plain(result.summary)]),
        ("## Insights", list(_insights(result.insights))),
        ("## Conflicts between documents", list(_table(result.conflicts))),
        ("## Agreements between documents", list(_table(result.agreements))),
        ("## Gaps", [f"- {plain(gap)}" for gap in result.gaps]),
        ("## Recommendations", [f"- {plain(advice)}" for advice in result.recommendations]),
        ("## Documents", list(_documents(result.documents))),
        ("## Coverage", [plain(result.coverage.statement), "", _counts(result)]),
    ]
    return "\n".join(line for title, lines in sections if lines for line in (title, "", *lines, ""))


def _insights(insights: Iterable[Insight]) -> Iterator[str]:
    for insight in insights:
        yield f"- **{insight.kind.capitalize()}:** {plain(insight.text)}"
        quoted, others = insight.evidence[:_QUOTES], insight.evidence[_QUOTES:]
        for proof in quoted:
            yield f"  - {_quote(proof)} {_citation(proof)}"
        if others:
            yield f"  - See also {', '.join(dict.fromkeys(map(_citation, others)))}"


def _table(findings: Sequence[Finding]) -> Iterator[str]:
    """A row for each quote."""
    if findings:
        yield "| What | Where | Quote |"
        yield "|---|---|---|"
    for finding in findings:
        what = plain(finding.text)
        for proof in finding.evidence:
            yield f"| {what} | {_citation(proof)} | {_quote(proof)} |"
            what = ""


def _documents(documents: Iterable[Document]) -> Iterator[str]:
    for one in documents:
        said = one.summary or one.advice or "No summary of it is proved by its text."
        yield f"- {plain(one.name)}: {plain(said)}"


def _counts(result: Result) -> str:
    seen = result.coverage
    return (
        f"Quotes found in the documents: {seen.quotes_found}; not found and dropped: "
        f"{seen.quotes_dropped}, and claims with them: {seen.claims_dropped}. Claims that the "
        f"analysis rests on: {seen.claims_used} of {seen.claims_found}."
    )


def _citation(proof: Evidence) -> str:
    return f"[{plain(proof.document)} {plain(proof.place)}]"


def _quote(proof: Evidence) -> str:
    return plain(proof.computed.text) if proof.computed else f"“{plain(proof.quote)}”"


def _rows(result: Result) -> Iterator[tuple[str, ...]]:
    for one in result.insights:
        yield from _proofs("insight", one.kind.value, str(one.importance), one)
    for conflict in result.conflicts:
        yield from _proofs("conflict", "", "", conflict)
    for agreement in result.agreements:
        yield from _proofs("agreement", "", "", agreement)


def _proofs(
    finding: str, kind: str, importance: str, one: Insight | Finding
) -> Iterator[tuple[str, ...]]:
    for proof in one.evidence:
        offsets = ("", "") if proof.computed else (str(proof.start), str(proof.end))
        place = (proof.document, proof.place, proof.text, *offsets)
        yield (finding, kind, importance, one.text, *place)
