"""What the demo prints of a ticket."""

from typing import Any

from infra.local import report
from infra.local.model import MODEL

NAME = "a-rather-long-name-of-a-file-with-many-hyphens.pdf"
FACT = "The mill stands."


def proof(quote: str, place: str = "p. 3") -> dict[str, Any]:
    return {"document": NAME, "place": place, "quote": quote, "start": 0, "end": len(quote)}


def insight(text: str, *quotes: str) -> dict[str, Any]:
    evidence = [proof(quote) for quote in quotes]
    return {"kind": "risk", "importance": 4, "text": text, "evidence": evidence}


def printed(model: str = MODEL, reused: int = 0, **result: Any) -> str:
    given = {
        "summary": FACT,
        "documents": [{"name": NAME, "title": None}],
        "insights": [],
        "conflicts": [],
        "agreements": [],
        "gaps": [],
        "recommendations": [],
        "coverage": {"statement": "All read.", "quotes_found": 2, "quotes_dropped": 1},
        "usage": {"calls": 3, "reused": reused},
    }
    ticket = {"ai_model_used": model, "tokens_used": 12345, "processing_time_seconds": 2.25}
    return "\n".join(report.lines(ticket | {"result_data": given | result}))


def test_an_insight_comes_with_its_quotes_and_their_places() -> None:
    told = printed(insights=[insight("The mill may fall.", "the beams\nare rotten", "it leans")])
    assert "  - risk, importance 4: The mill may fall.\n      “the beams are rotten”" in told
    assert f"[{NAME} p. 3]" in told
    assert "“it leans”" in told


def test_what_is_the_quote_itself_is_told_once() -> None:
    told = printed(summary="S", insights=[insight(FACT, FACT)])
    assert f"- risk, importance 4: “{FACT}” [{NAME} p. 3]" in " ".join(told.split())
    assert told.count(FACT) == 1


def test_what_there_is_not_has_no_section() -> None:
    told = printed(conflicts=[{"text": "They differ.", "evidence": [proof("a"), proof("b")]}])
    assert "Conflicts (1)\n  - They differ.\n" in told
    assert not any(word in told for word in ("Agreements", "Gaps", "Recommendations", "Insights ("))


def test_only_the_first_insights_are_told() -> None:
    told = printed(insights=[insight(f"Number {n}.", "q") for n in range(12)])
    assert "Insights (the first 10 of 12)" in told
    assert "Number 9." in told
    assert "Number 10." not in told


def test_lines_are_short_and_no_name_is_broken() -> None:
    told = printed(insights=[insight("word " * 60, "and more " * 40)])
    assert max(map(len, told.splitlines())) <= report.WIDTH
    assert f"[{NAME} p. 3]" in told


def test_a_stand_in_is_called_one_and_what_was_known_is_counted() -> None:
    told = " ".join(printed(reused=2).split())
    assert f"{MODEL}: 12,345 tokens in 3 calls, 2 answers known from an earlier ticket" in told
    assert "stand-in" in told
    assert "1 dropped" in told
    other = printed(model="grok-3")
    assert "A stand-in" not in other
    assert "earlier" not in other
