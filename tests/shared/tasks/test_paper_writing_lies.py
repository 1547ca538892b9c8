"""Papers by authors who are not honest: each target holds, or the result says which did not and
why; what was invented is never delivered."""

import io
import re
from collections.abc import Callable
from typing import Any

import docx
import pytest

from shared.papers.citations import find_foreign
from shared.papers.code import CodeParsers
from shared.statements.prose import code_blocks
from shared.statements.quantities import quantities
from tests.support.tasks.analyses import JsonObject
from tests.support.tasks.papers import (
    TITLES,
    Asked,
    Papers,
    honest,
    planned,
    prose,
    written,
)

SOURCE = (
    "The harbour has 14 berths for large vessels. A pilot boards each vessel at the outer buoy."
)
INVENTED = (
    "Costs fell by 37% in 2019.",
    "It saved €4.2 million and twelve percent.",
    "As Smith et al. (2020) found, it works.",
    "This was shown before (Miller, 2018).",
    "See https://invented.example/report for more.",
    "According to Gartner it grows.",
    "It is proved [12].",
    "The claim holds [@999].",
    "One said “this is the best harbour of all” to us.",
    "It doubled within three years.",
)
Write = Callable[[Asked], JsonObject]


def held(result: JsonObject) -> dict[str, bool]:
    return {one["name"]: one["held"] for one in result["targets"]}


def body_of(result: JsonObject) -> str:
    """The sections, without the references that the program writes."""
    return str(result["paper_content"]).partition("## References")[0]


def adding(*sentences: str, again: bool) -> Write:
    """Honest but for these sentences; also when it is written again, or only at first."""

    def write(asked: Asked) -> JsonObject:
        made = honest(asked)
        if again or not asked.again:
            made["text"] = f"{made['text']} {' '.join(sentences)}"
        return made

    return write


def sized(factor: float, *, again: bool) -> Write:
    """Sections that have another length."""

    def write(asked: Asked) -> JsonObject:
        if asked.again and not again:
            return honest(asked)
        return written(prose(asked.title, int(asked.words * factor)))

    return write


def calls(papers: Papers, form: str) -> int:
    return len(papers.asked(form))


@pytest.mark.parametrize("factor", [0.5, 2.0])
async def test_a_wrong_length_is_mended_by_those_sections_alone(
    papers: Papers, factor: float
) -> None:
    def write(asked: Asked) -> JsonObject:
        wrong = asked.title == TITLES[1] and not asked.again
        return sized(factor, again=False)(asked) if wrong else honest(asked)

    papers.author.write = write
    result = await papers.write()
    assert all(held(result).values()), result["targets"]
    assert calls(papers, "Written") == 4 + 1


@pytest.mark.parametrize("factor", [0.5, 2.0])
async def test_a_length_that_stays_wrong_is_said(papers: Papers, factor: float) -> None:
    papers.author.write = sized(factor, again=True)
    result = await papers.write()
    assert calls(papers, "Written") == 4 * 3
    assert not held(result)["section length"]
    assert not held(result)["paper length"]
    counts = result["word_counts"]
    assert counts["got"] == pytest.approx(factor * 1000, rel=0.1)
    assert any(f"Missed: paper length. {counts['got']} words" in one for one in result["warnings"])


async def test_a_length_that_is_off_together_is_mended_by_a_few(papers: Papers) -> None:
    papers.author.write = sized(1.13, again=False)
    result = await papers.write()
    assert held(result)["paper length"]
    assert 4 < calls(papers, "Written") < 8


@pytest.mark.parametrize("sentence", INVENTED)
async def test_what_was_invented_once_is_rewritten(papers: Papers, sentence: str) -> None:
    papers.author.write = adding(sentence, again=False)
    result = await papers.write(length=400, sources=[SOURCE])
    assert sentence.split("[")[0] not in result["paper_content"]
    assert result["sentences_left_out"] == {}


async def test_what_is_invented_again_and_again_is_left_out_and_counted(papers: Papers) -> None:
    papers.author.write = adding(*INVENTED, again=True)
    papers.author.front = lambda words: {
        "title": "37 ways to save €5",
        "abstract": f"{prose('abstract', words - 8)} It saved 99 % of all (Smith, 2020).",
    }
    order = await papers.open(sources=[SOURCE], topic="How a harbour works")
    result = await papers.result(order)
    shown = body_of(result)
    for sentence in INVENTED:
        assert sentence.split("[")[0].rstrip(" .") not in shown
    shown = re.sub(r"\\\[\d+, [^\]]*\\\]", "", shown)
    assert [one.text for one in quantities(shown)] == []
    assert find_foreign(shown, "") == []
    assert result["title"] == "ways to save"
    assert sum(result["sentences_left_out"].values()) == 4 * len(INVENTED) + 1
    assert "Sentences left out" in result["targets"][-1]["detail"]
    assert {one["location"] for one in result["references"]} <= {"Text 1"}
    assert b"Gartner" not in await papers.file(order, "json")


async def test_without_sources_there_is_no_reference(papers: Papers) -> None:
    papers.author.write = adding("It holds [@0].", "As [1] says.", again=True)
    result = await papers.write()
    assert result["references"] == []
    assert "[@" not in result["paper_content"]
    assert "[1]" not in result["paper_content"]
    assert "cites no sources" in result["paper_content"]


async def test_a_number_is_backed_by_the_claim_beside_it_alone(papers: Papers) -> None:
    def write(asked: Asked) -> JsonObject:
        made = honest(asked)
        berths = [number for number, text in asked.claims if "14 berths" in text]
        if berths:
            made["text"] = (
                f"Here are 14 berths [@{berths[0]}].\n\nThere are 14 berths.\n\n{made['text']}"
            )
        return made

    papers.author.write = write
    result = await papers.write(length=400, sources=[SOURCE])
    assert "Here are 14 berths" in result["paper_content"]
    assert "There are 14 berths" not in result["paper_content"]


async def test_what_the_task_says_was_not_invented(papers: Papers) -> None:
    papers.author.write = adding("It shall cost 37 % less by 2030.", again=True)
    result = await papers.write(topic="How to save 37 % by 2030")
    assert result["paper_content"].count("It shall cost 37 % less by 2030.") == 4
    assert result["sentences_left_out"] == {}


async def test_repetition_is_mended_or_said(papers: Papers) -> None:
    passage = prose("the same", 60)
    papers.author.write = adding(passage, again=False)
    result = await papers.write()
    assert held(result)["repetition"]
    assert calls(papers, "Written") == 4 + 4, "the first was too long, the others repeated it"
    papers.author.write = adding(passage, again=True)
    result = await papers.write(topic="Another harbour")
    assert not held(result)["repetition"]
    assert any("repeated" in one for one in result["warnings"])


@pytest.mark.parametrize("again", [False, True])
async def test_broken_code_is_mended_or_shown_as_text(papers: Papers, again: bool) -> None:
    def write(asked: Asked) -> JsonObject:
        made = honest(asked)
        code = "x = (" if again or not asked.again else "x = 1"
        made["text"] += f"\n\n```python\n{code}\n```\n\n```json\n{{}}\n```"
        return made

    papers.author.write = write
    result = await papers.write()
    assert await CodeParsers().broken_blocks(result["paper_content"]) == []
    languages = {block.language for block in code_blocks(result["paper_content"])}
    assert languages == ({"text", "json"} if again else {"python", "json"})
    assert held(result)["code"] is not again


@pytest.mark.parametrize("again", [False, True])
async def test_headings_are_those_of_the_outline(papers: Papers, again: bool) -> None:
    def write(asked: Asked) -> JsonObject:
        if asked.again and not again:
            return honest(asked)
        own = "\n\n## My own heading\n\nMine\n===="
        return written(prose(asked.title, asked.words) + own, ("Unheard of", "It is."))

    papers.author.write = write
    order = await papers.open()
    result = await papers.result(order)
    document = docx.Document(io.BytesIO(await papers.file(order, "docx")))
    found = [
        one.text
        for one in document.paragraphs
        if one.style is not None and str(one.style.name).startswith("Heading")
    ]
    assert found == [one["title"] for one in result["outline"]] == ["Abstract", *TITLES[:4]]


async def test_subsections_that_are_not_written_are_said(papers: Papers) -> None:
    def plan(words: int, count: int, points: Any) -> JsonObject:
        made = planned(words, count, points)
        made["sections"][0]["subsections"] = ["Ropes", "Nets"]
        return made

    papers.author.plan = plan
    papers.author.write = lambda asked: written(prose(asked.title, asked.words))
    result = await papers.write()
    assert not held(result)["headings"]
    assert "Ropes" not in [one["title"] for one in result["outline"]]


async def test_an_unmet_requirement_is_asked_for_again_and_then_said(papers: Papers) -> None:
    papers.author.write = lambda asked: written(prose(asked.title, asked.words))
    result = await papers.write(requirements=["Name the tides."])
    assert [(one["met"], one["why"]) for one in result["requirements"]] == [
        (False, "Nothing says so.")
    ]
    assert calls(papers, "Written") == 4 + 2
    assert "Missed: requirements. Name the tides." in result["warnings"]


async def test_a_judge_is_held_to_sentences_that_are_there(papers: Papers) -> None:
    papers.author.write = lambda asked: written(prose(asked.title, asked.words))
    verdict = {"requirement": 1, "met": True, "section": 1, "why": "It does."}
    papers.author.judge = lambda *_: [{**verdict, "sentence": "Tides are named here at length."}]
    result = await papers.write(requirements=["Name the tides."])
    assert not result["requirements"][0]["met"]


async def test_an_outline_without_measure_is_brought_to_it(papers: Papers) -> None:
    def plan(words: int, count: int, points: Any) -> JsonObject:
        made = planned(words, 24, [])
        titles = ["Abstract", "References", "Same", "same", "1. The 37% question", "# Last"]
        for section, title in zip(made["sections"], titles, strict=False):
            section |= {"title": title, "words": 5_000}
        return made

    papers.author.plan = plan
    result = await papers.write(requirements=["One.", "Two."])
    titles = [one["title"] for one in result["outline"]]
    assert titles[:4] == ["Abstract", "Same", "same (continued)", "The question"]
    assert len(titles) == 9
    assert sum(one["words_asked"] for one in result["outline"]) == 1000
    assert all(one["met"] for one in result["requirements"])
    assert any("22 sections, of which 8 were kept" in one for one in result["warnings"])


async def test_an_abstract_with_faults_is_written_again_at_most_twice(papers: Papers) -> None:
    papers.author.front = lambda words: {"title": "T", "abstract": "Too short. It cost $5."}
    result = await papers.write()
    assert calls(papers, "Front") == 3
    assert "Too short." in result["paper_content"]
    assert "$5" not in result["paper_content"]
    assert result["sentences_left_out"] == {"abstract": 1}


async def test_nothing_active_is_delivered(papers: Papers) -> None:
    papers.author.write = adding("<script>alert(1)</script> ![x](javascript:y) here.", again=True)
    order = await papers.open()
    await papers.result(order)
    page = (await papers.file(order, "html")).decode()
    assert "<script" not in page
    assert "javascript:" not in page
