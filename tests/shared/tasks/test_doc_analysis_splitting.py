"""A text about which the model has no proper answer is asked about in parts."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import Response

from shared.documents.extract import Block
from shared.tasks.evidence.models import Chunk
from shared.tasks.evidence.splitting import MAX_SPLITS, halve
from tests.support.files import pdfs
from tests.support.files.leases import LEASE, RENT
from tests.support.servers.model import completion
from tests.support.tasks.analyses import Analyses, claim, form_of, material
from tests.support.tasks.rereading import check

RULES = [f"Rule {n}: the berth {n} is for ships of the port." for n in range(40)]
DATA = pdfs.written([RULES[:20], RULES[20:]])


def cut_when(
    analyses: Analyses, is_too_much: Callable[[str], bool], form: str = "Analysis"
) -> None:
    """From now on answers about such texts are cut off at their length."""

    def answer(number: int, body: Any) -> Response:
        if form_of(body) == form and is_too_much(material(body)):
            return completion('{"claims": [', "length")
        return analyses.reader(number, body)

    analyses.reader.claims = lambda text: [
        claim(line) for line in text.splitlines() if line.startswith("Rule")
    ]
    analyses.model.reset(answer)


async def test_a_chunk_whose_answer_is_cut_off_is_asked_about_in_parts(analyses: Analyses) -> None:
    cut_when(analyses, lambda text: len(text) > 600)
    files = {"rules.pdf": DATA}
    result = await analyses.analyse(files, analysis_type="requirements")
    assert sorted(one["text"] for one in result["insights"]) == sorted(RULES)
    assert check(result, files) == len(RULES)
    assert result["warnings"] == []
    assert 4 < result["usage"]["calls"] == len(analyses.model.bodies) <= 2 * 2**MAX_SPLITS - 1


async def test_a_part_that_is_never_answered_is_named_and_the_rest_is_kept(
    analyses: Analyses,
) -> None:
    cut_when(analyses, lambda text: "Rule 30:" in text)
    result = await analyses.analyse({"rules.pdf": DATA}, analysis_type="requirements")
    texts = {one["text"] for one in result["insights"]}
    assert RULES[30] not in texts
    assert len(texts) >= 30
    [warning] = result["warnings"]
    assert warning.startswith("rules.pdf: read 2 of 2 pages; not read: p. 2 (The model")
    assert "cut off" in warning


async def test_where_nothing_is_answered_the_ticket_fails_with_the_reason(
    analyses: Analyses,
) -> None:
    cut_when(analyses, lambda _: True)
    assert "cut off" in await analyses.failure({"lease.pdf": LEASE})


async def test_parts_are_joined_by_the_program_where_the_model_cannot(analyses: Analyses) -> None:
    analyses.use(chunk_tokens=300)
    cut_when(analyses, lambda _: True, form="Conclusion")
    analyses.reader.claims = lambda text: [claim(text.splitlines()[0])]
    result = await analyses.analyse({"rules.pdf": DATA})
    assert len(result["insights"]) == result["coverage"]["claims_found"] > 2
    assert result["summary"]


@pytest.mark.parametrize("text", ["word " * 100, "x" * 500, "Line.\n" * 80, "一二三。" * 60])
def test_halves_are_the_whole(text: str) -> None:
    blocks = [Block(text=text[:90], page=1), Block(text=text[90:], page=2)]
    halves = halve(Chunk(start=7, headings=["A"], blocks=blocks))
    assert "".join(half.text for half in halves) == text
    assert [half.start for half in halves] == [7, 7 + len(halves[0].text)]
    assert all(len(half.text) >= len(text) // 4 for half in halves)
    assert halves[1].blocks[-1].page == 2


def test_what_is_short_is_not_halved() -> None:
    assert halve(Chunk(start=0, headings=[], blocks=[Block(text=RENT)])) == []
