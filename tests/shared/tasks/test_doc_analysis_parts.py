"""What goes into a call: bounded parts, and groups of them."""

import random

import pytest

from shared.documents.tokens import estimate
from shared.tasks.doc_analysis.llm_output import AboutDocument, Conclusion
from shared.tasks.doc_analysis.merging import keep_grounded
from shared.tasks.doc_analysis.models import Grounded, Part
from shared.tasks.doc_analysis.parts import bound_part, groups, render_parts, tokens
from shared.tasks.evidence.llm_output import ClaimKind
from shared.tasks.evidence.models import Claim, Evidence

NAMES = ("a.pdf", "b.pdf")
QUOTE = "of document 0 and others"
WORDS = "the berth is closed in winter and the ship waits outside for the pilot"


def grounded(number: int, words: int = 12, importance: int = 3) -> Grounded:
    text = " ".join((WORDS.split() * (words // 14 + 1))[:words])
    return Grounded.model_validate(
        {
            "kind": ClaimKind.FACT,
            "importance": importance,
            "text": text,
            "claims": [number],
            "documents": [0],
        }
    )


def said(text: str, times: int) -> list[dict[str, object]]:
    return [{"text": text, "claims": [number]} for number in range(times)]


def part(points: int, first: int = 0, words: int = 12, **more: object) -> Part:
    return Part.model_validate(
        {
            "documents": [0],
            "summary": [{"text": WORDS, "claims": [first]}],
            "about": [AboutDocument(document=0, summary=WORDS)],
            "points": [grounded(first + n, words, 1 + n % 5) for n in range(points)],
            "gaps": [],
            "recommendations": [],
            **more,
        }
    )


def test_a_part_that_fits_stays_as_it_is() -> None:
    given = part(20)
    assert bound_part(given, NAMES, 10_000) is given


@pytest.mark.parametrize(
    "given",
    [
        part(3_000),
        part(1, words=40_000),
        part(0, summary=said("word " * 90, 1_000)),
        part(10, gaps=said("What of it?", 5_000), recommendations=said("Do it.", 5_000)),
        part(5, summary=said("你好" * 50, 1_000)),
    ],
    ids=["many points", "a long point", "a long summary", "many gaps", "another script"],
)
def test_a_part_is_brought_within_its_bound(given: Part) -> None:
    less = bound_part(given, NAMES, 2_000)
    assert tokens(less, NAMES) <= 2_000
    assert estimate(render_parts([less], NAMES)) <= 2_000
    assert less.about == given.about
    assert less.summary


def test_what_matters_least_is_left_out() -> None:
    less = bound_part(part(500), NAMES, 4_000)
    left = {point.importance for point in less.points}
    assert 5 in left
    assert 1 not in left
    assert 50 < len(less.points) < 500


@pytest.mark.parametrize("seed", range(20))
def test_groups_hold_all_parts_in_order_and_shrink_the_round(seed: int) -> None:
    chance = random.Random(seed)
    most = 2_000
    parts = [
        bound_part(part(chance.randrange(40), n * 100), NAMES, most // 4)
        for n in range(chance.randrange(2, 120))
    ]
    made = groups(parts, NAMES, most)
    assert [one for group in made for one in group] == parts
    for group in made[:-1]:
        assert len(group) >= 4
    for group in made:
        assert sum(tokens(one, NAMES) for one in group) <= most * 5 // 4
    assert len(made) == 1 or 2 * len(made) <= len(parts)


@pytest.mark.parametrize("count", range(2, 9))
def test_parts_that_are_too_large_are_grouped_all_the_same(count: int) -> None:
    made = groups([part(9, n) for n in range(count)], NAMES, 10)
    assert 2 * len(made) <= count
    assert sum(map(len, made)) == count


def test_what_is_said_of_a_document_is_merged_only_where_it_stands_over_several_parts() -> None:
    claims = [
        Claim(
            document=document,
            kind=ClaimKind.FACT,
            importance=3,
            text=WORDS,
            evidence=[
                Evidence(
                    document=name, place="p. 1", quote="of document 0 and others", start=0, end=1
                )
            ],
        )
        for document, name in enumerate(NAMES)
    ]
    one, two = part(1), part(1, 1)
    other = part(0, documents=[1], about=[AboutDocument(document=1, summary="Other.", claims=[1])])
    answer = Conclusion(
        summary=[],
        documents=[
            AboutDocument(document=n, summary=f"Of document {n}.", claims=[0]) for n in (0, 1, 5)
        ],
        insights=[],
        relations=[],
        gaps=[],
        recommendations=[],
    )
    merged = keep_grounded(answer, [one, two, other], claims, NAMES)
    assert {said.document: said.summary for said in merged.about} == {
        0: "Of document 0.",
        1: "Other.",
    }
    silent = keep_grounded(
        answer.model_copy(update={"documents": []}), [one, two, other], claims, NAMES
    )
    assert [said.document for said in silent.about] == [0, 0, 1], "nothing is lost"
    assert (merged.level, merged.documents) == (1, [0, 1])
