"""The result for reading: Markdown with citations, a Word document of the same, and the table of
evidence. All words are the model's or the files': none of them is markup."""

from collections.abc import Iterable, Iterator

from shared.markdown import plain
from shared.spreadsheets import to_csv
from shared.tasks.doc_analysis.models import Document, Evidence, Finding, Insight, Result

_HEADER = ("document", "place", "kind", "importance", "insight", "quote", "start", "end")


def render(result: Result, form: str) -> str | bytes:
    if form == "csv":
        return to_csv(_HEADER, _rows(result))
    if form == "docx":
        from shared.documents.export import to_docx

        return to_docx(result.analysis, "Analysis")
    return result.analysis


def markdown(result: Result) -> str:
    """The whole analysis; each claim is followed by its citations, `[report.pdf p. 12]`."""
    sections = [
        ("Analysis", [plain(result.summary)]),
        ("Insights", list(_insights(result.insights))),
        ("Conflicts between documents", list(_table(result.conflicts))),
        ("Agreements between documents", list(_table(result.agreements))),
        ("Gaps", [f"- {plain(gap)}" for gap in result.gaps]),
        ("Recommendations", [f"- {plain(advice)}" for advice in result.recommendations]),
        ("Documents", list(_documents(result.documents))),
        ("Coverage", [plain(result.coverage.statement), "", _counts(result)]),
    ]
    lines = []
    for level, (title, content) in zip((1, *[2] * len(sections)), sections, strict=False):
        if content:
            lines += [f"{'#' * level} {title}", "", *content, ""]
    return "\n".join(lines)


def _insights(insights: Iterable[Insight]) -> Iterator[str]:
    for insight in insights:
        yield f"- {plain(insight.text)}"
        for proof in insight.evidence:
            yield f"  - “{plain(proof.quote)}” {_citation(proof)}"


def _table(findings: Iterable[Finding]) -> Iterator[str]:
    for number, finding in enumerate(findings):
        if not number:
            yield "| What | Quotes |"
            yield "|---|---|"
        quotes = (f"“{_cell(proof.quote)}” {_cell_citation(proof)}" for proof in finding.evidence)
        yield f"| {_cell(finding.text)} | {' '.join(quotes)} |"


def _documents(documents: Iterable[Document]) -> Iterator[str]:
    for one in documents:
        yield f"- {plain(one.name)}: {plain(one.summary or one.advice or 'see above')}"


def _counts(result: Result) -> str:
    seen = result.coverage
    return (
        f"{seen.quotes_found} quotes were found in the documents, {seen.quotes_dropped} were not "
        f"and have been dropped, {seen.claims_dropped} claims with them. "
        f"{seen.claims_used} of {seen.claims_found} claims are used above."
    )


def _citation(proof: Evidence) -> str:
    return f"[{plain(proof.document)} {plain(proof.place)}]"


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|")


def _cell_citation(proof: Evidence) -> str:
    return _citation(proof).replace("|", "\\|")


def _rows(result: Result) -> Iterator[tuple[str, ...]]:
    for one in result.insights:
        for proof in one.evidence:
            yield (
                proof.document,
                proof.place,
                one.kind.value,
                str(one.importance),
                one.text,
                proof.quote,
                str(proof.start),
                str(proof.end),
            )
