"""Which findings of two reviews are the same, whatever the model calls them."""

from typing import Any

import pytest

from shared.diffs.changes import file_diff
from shared.diffs.delta import Delta
from shared.tasks.pr_review.models import Finding
from shared.tasks.pr_review.posting.identity import pair_findings
from shared.tasks.pr_review.posting.last_review import ToldFinding
from shared.tasks.pr_review.posting.marks import find_sealed, seal

UNMOVED = Delta([])
DOWN = Delta([file_diff("a.py", "modified", "@@ -1 +1,4 @@\n-a\n+a\n+b\n+c\n+d")])


def finding(line: int, quote: str, title: str = "It fails", **more: Any) -> Finding:
    fields = {
        "file": "a.py",
        "side": "RIGHT",
        "start_line": line,
        "end_line": line + quote.count("\n"),
        "severity": "high",
        "category": "bug",
        "confidence": "high",
        "title": title,
        "body": "",
        "evidence_quote": quote,
        "fingerprint": "0" * 32,
    }
    return Finding.model_validate(fields | more)


OLD = finding(10, "start = page * 20\nreturn find(start)", "The first page is skipped")


@pytest.mark.parametrize(
    ("new", "delta", "same"),
    [
        (finding(10, "start = page * 20", "Paging", category="performance"), UNMOVED, True),
        (finding(13, "start = page * 20\nreturn find(start)", "Other words"), DOWN, True),
        (finding(13, "start = page * 20", "Other words"), UNMOVED, False),
        (finding(11, "start = page * 21", "The first page is still skipped"), UNMOVED, True),
        (finding(11, "start = page * 21", "No rights are checked"), UNMOVED, False),
        (finding(80, "start = page * 20\nreturn find(start)", "Other words"), UNMOVED, False),
        (finding(80, "start = page * 20\nreturn find(start)", "Other words"), None, True),
        (finding(15, "start = page * 21", "The first page is skipped"), None, True),
        (finding(90, "start = page * 21", "The first page is skipped"), None, False),
        (finding(10, "start = page * 20", file="b.py"), UNMOVED, False),
        (finding(10, "start = page * 20", side="LEFT"), UNMOVED, False),
    ],
)
def test_the_same_is_known_by_place_and_content(
    new: Finding, delta: Delta | None, same: bool
) -> None:
    assert bool(pair_findings([ToldFinding.of(OLD, "1")], [new], delta)) is same


def test_two_faults_on_one_line_stay_two() -> None:
    paging, rights = finding(10, "x(page)", "Paging"), finding(10, "x(page)", "No rights checked")
    told = [ToldFinding.of(paging, "paging"), ToldFinding.of(rights, "rights")]
    pairs = pair_findings(told, [rights, paging], UNMOVED)
    assert {index: one.id for index, one in pairs.items()} == {0: "rights", 1: "paging"}
    assert [one.id for one in pair_findings(told, [rights], UNMOVED).values()] == ["rights"]
    assert len(pair_findings(told[:1], [paging, rights], UNMOVED)) == 1


def test_marks_are_ours_and_of_their_kind_alone() -> None:
    def sign(text: str) -> str:
        return f"{hash(text) & 0xFFFFFFFF:064x}"

    mark = seal("finding", "ann/app#1 x", sign)
    assert list(find_sealed("finding", f"a {mark} b", sign)) == ["ann/app#1 x"]
    assert list(find_sealed("fixed", mark, sign)) == []
    assert list(find_sealed("fixed", mark.replace("-finding-", "-fixed-"), sign)) == []
    assert list(find_sealed("finding", mark, lambda text: sign(f"{text}."))) == []
