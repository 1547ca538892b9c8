"""A reviewer over HTTP that says what a test wants, and a change for it to review."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tests.support.servers.model import Body, completion

JsonObject = dict[str, Any]
Findings = Callable[[str], Sequence[JsonObject]]
Rulings = Callable[[str], Sequence[JsonObject]]

BASE = """\
def orders(user, page):
    require_admin(user)
    start = (page - 1) * 20
    return find(start, 20)


def total(lines):
    return sum(line.cents for line in lines)
"""
HEAD = """\
def orders(user, page):
    start = page * 20
    return find(start, 20)


def total(lines):
    cents = sum(line.cents for line in lines)
    return cents
"""


def proposed(quote: str, **more: Any) -> JsonObject:
    """A finding as a model proposes it."""
    return {
        "path": "shop/orders.py",
        "line": 1,
        "evidence_quote": quote,
        "title": f"Wrong: {quote.strip()[:40]}",
        "body": "It fails. Do it in another way.",
        "category": "bug",
        "severity": "high",
        "confidence": "high",
        "suggestion": None,
        **more,
    }


def described(text: str, path: str, quote: str, line: int = 1) -> JsonObject:
    """A sentence on what changes, as a model tells it."""
    return {"path": path, "line": line, "evidence_quote": quote, "text": text}


def find_changed_lines(diff: str) -> Iterator[tuple[str, str]]:
    """The path and the code of each changed line of a diff, as the model is shown it."""
    path = ""
    for line in diff.splitlines():
        if line.startswith("=== "):
            path = line[4:].rpartition(" (")[0]
        elif found := re.match(r"\d+ [+-](.*\S.*)", line):
            yield path, found[1]


def find_changed_line(diff: str) -> tuple[str, str]:
    """The first of them."""
    return next(find_changed_lines(diff), ("", ""))


def ruling(number: int, holds: bool = True, severity: str = "critical") -> JsonObject:
    """What a second reader says, who would make everything worse."""
    return {"finding": number, "reason": "Who knows.", "holds": holds, "severity": severity}


def nothing(_: str) -> Sequence[JsonObject]:
    """A reviewer, or a second reader, without a word."""
    return []


def asked_form(body: Body) -> str:
    """Which answer is asked for: Review, Check, Conclusion."""
    return str(body["response_format"]["json_schema"]["name"])


def said(body: Body) -> str:
    """All that the model was told as a user."""
    return str(body["messages"][1]["content"])


def diff_of(body: Body) -> str:
    """The diff that the model was given."""
    found = re.search(r"<<(data-\w+) diff>>\n(.*)\n<</\1>>", said(body), re.DOTALL)
    assert found, "no diff"
    return found[2]


@dataclass
class Reviewer:
    """A script for the model server. What a test changes is what is answered from then on."""

    findings: Findings = nothing
    rulings: Rulings = nothing
    summary: str = "It changes something."
    whole: str = "All of it."

    def __call__(self, _: int, body: Body) -> Response:
        if asked_form(body) == "Review":
            made = {
                "summary": [described(self.summary, *find_changed_line(diff_of(body)))],
                "findings": list(self.findings(diff_of(body))),
            }
            return completion(json.dumps(made))
        rulings = {"rulings": list(self.rulings(said(body)))}
        whole = {"summary": [{"text": self.whole, "claims": [1]}]}
        whole = whole if asked_form(body) == "Conclusion" else {}
        return completion(json.dumps(rulings | whole))
