"""Results as the demo prints them. An analysis: what was found, the words that prove it and their
places, and how much was read. A paper: how it begins, what it cites, and what it was held to. An
answer: what it says with the cells that prove it, its SQL, its receipt."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from infra.local.model import MODEL

WIDTH = 92
MOST_INSIGHTS = 10
MOST_CITED = 8
MOST_ROWS = 15
_TIE = "\N{NO-BREAK SPACE}"

Json = dict[str, Any]


def lines(ticket: Json) -> Iterator[str]:
    """The analysis of a completed `doc_analysis` ticket, as the API gives it."""
    result = ticket["result_data"]
    first = result["documents"][0]
    title = first["title"] or first["name"]
    yield from (title, "=" * len(title))
    yield from _section("Summary", [result["summary"]])
    insights = result["insights"]
    told = f"the first {MOST_INSIGHTS} of " if len(insights) > MOST_INSIGHTS else ""
    yield from _section(f"Insights ({told}{len(insights)})", insights[:MOST_INSIGHTS])
    for name in ("conflicts", "agreements", "gaps", "recommendations"):
        yield from _section(f"{name.title()} ({len(result[name])})", result[name])
    seen = result["coverage"]
    quotes = f"{seen['quotes_found']} quotes found in the text, {seen['quotes_dropped']} dropped."
    yield from _section("Coverage", [seen["statement"], quotes])
    yield from _section("Model", [_spent(ticket)])


def paper_lines(ticket: Json) -> Iterator[str]:
    """The paper of a completed `paper_writing` ticket, as the API gives it."""
    result = ticket["result_data"]
    yield from (result["title"], "=" * len(result["title"]))
    yield from _section("Summary", [result["summary"]])
    counts = result["word_counts"]["sections"]
    words = [f"{one['section']}: {one['got']} words of {one['asked']}" for one in counts]
    yield from _section(f"Sections ({len(counts)})", words)
    for one in result["references"]:
        places = {place["place"]: f"“{_short(place['quote'])}”" for place in one["cited"]}
        cited = [f"{place.replace(' ', _TIE)}: {quote}" for place, quote in places.items()]
        yield from _section(
            f"Cited from {one['location']} ({len(one['cited'])})", cited[:MOST_CITED]
        )
    met = [
        f"{'met' if one['met'] else 'NOT met'}: {one['point']}" for one in result["requirements"]
    ]
    yield from _section("Requirements", met)
    targets = result["targets"]
    held = [f"{'yes' if one['held'] else 'NO'}  {one['name']}: {one['detail']}" for one in targets]
    yield from _section("Held to", held)
    yield from _section("Model", [_spent(ticket)])


def answer_lines(ticket: Json) -> Iterator[str]:
    """The answer of a completed `snowflake_query` ticket, as the API gives it."""
    result, receipt = ticket["result_data"], ticket["result_data"]["receipt"]
    yield from (receipt["question"], "=" * len(receipt["question"]))
    yield from _section("Read as", [result["interpretation"]["text"]])
    yield from _section("Warnings", result["warnings"])
    for insight in result["insights"]:
        proofs = [f"{one['shown']} = {one['formula']}" for one in insight["numbers"]]
        yield from _section(insight["text"], proofs)
    rows = [" | ".join(map(str, row)) for row in result["rows"][:MOST_ROWS]]
    names = " | ".join(column["name"] for column in result["columns"])
    yield from _section(f"Rows ({result['row_count']}): {names}", rows)
    yield from _section("SQL", [result["sql"]])
    checked = f"reconciliation {receipt['reconciliation']}"
    ran = f"by {receipt['way']} and {receipt['tool']}, runs {receipt['runs']}; {checked}"
    yield from _section("Receipt", [ran, f"SHA-256 {receipt['sql_sha256']}"])
    yield from _section("Model", [_spent(ticket)])


def _short(quote: str) -> str:
    return textwrap.shorten(quote, 2 * WIDTH, placeholder=" …")


def _spent(ticket: Json) -> str:
    usage, model = ticket["result_data"]["usage"], ticket["ai_model_used"]
    spent = f"{model}: {ticket['tokens_used']:,} tokens in {usage['calls']} calls"
    if usage["reused"]:
        spent += f", {usage['reused']} answers known from an earlier ticket"
    honest = (
        " A stand-in: it copies sentences and understands none. MODEL_BASE_URL names a real one."
    )
    seconds = f"{ticket['processing_time_seconds']:.1f} s."
    return f"{spent}; {seconds}{honest if model == MODEL else ''}"


def _section(title: str, items: Sequence[str | Json]) -> Iterator[str]:
    if items:
        yield f"\n{title}"
    for item in items:
        said = [item] if isinstance(item, str) else _finding(item)
        yield _wrapped(said[0], "  - ", "    ")
        yield from (_wrapped(line, "      ", "      ") for line in said[1:])


def _finding(found: Json) -> list[str]:
    """What was found and its quotes; the text alone as a quote when it says just that."""
    quotes = [_quoted(proof) for proof in found["evidence"]]
    if not quotes or not quotes[0].startswith(f"“{found['text']}”"):
        quotes = [found["text"], *quotes]
    kind = f"{found['kind']}, importance {found['importance']}: " if "kind" in found else ""
    return [kind + quotes[0], *quotes[1:]]


def _quoted(proof: Json) -> str:
    place = f"[{proof['document']} {proof['place']}]".replace(" ", _TIE)
    if known := proof.get("computed"):
        return f"{known['function']} = {known['value']} {place}"
    return f"“{' '.join(proof['quote'].split())}” {place}"


def _wrapped(text: str, first: str, rest: str) -> str:
    filled = textwrap.fill(
        text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )
    return filled.replace(_TIE, " ")
