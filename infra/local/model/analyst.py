"""Analyses of documents as the stand-in writes them: its claims have numbers, and whatever else it
says repeats one of them and names it, as nothing else is delivered."""

from typing import Any

Json = dict[str, Any]


def number_claims(form: str, made: Any) -> Any:
    """The answer with claims under numbers that its statements name; any other form as it is."""
    if form not in ("Analysis", "TableAnalysis") or not _has_claims(made):
        return made
    claims = [{**claim, "id": number} for number, claim in enumerate(made["claims"], 1)]
    said = {
        name: [_repeat(claims, place) for place in range(min(len(made[name]), len(claims)))]
        for name in ("summary", "gaps", "recommendations")
    }
    return {**made, **said, "claims": claims}


def _has_claims(made: Any) -> bool:
    """Somebody else's form of that name has none like these."""
    claims = made.get("claims", []) if isinstance(made, dict) else []
    return bool(claims) and all("text" in one and "id" in one for one in claims)


def _repeat(claims: list[Json], place: int) -> Json:
    claim = claims[place]
    said = claim.get("quotes") or [claim["text"]]
    return {"text": " ".join(said[0].split()), "claims": [claim["id"]]}
