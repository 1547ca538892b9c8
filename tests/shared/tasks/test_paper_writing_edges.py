"""Papers where what surrounds the sections goes wrong: titles, purposes, reasons, outlines that
people edit, requirements that change, addresses that are none."""

import io
import json
from typing import Any

import docx
import pytest

from shared.errors import Invalid
from shared.models import TicketAnswer
from tests.support.product.accounts import by
from tests.support.product.heard_workflows import HeardWorkflows
from tests.support.product.workflow import go_on, order_of, run
from tests.support.product.workflow import shown as shown_result
from tests.support.tasks.analyses import JsonObject, form_of
from tests.support.tasks.papers import OUTLINED, Asked, Papers, honest, planned, prose


async def test_a_title_names_no_reference_and_quotes_nobody(papers: Papers) -> None:
    titles = iter(["Harbours according to Gartner", "“The best harbour of all” explained"])
    papers.author.front = lambda words: {
        "title": next(titles),
        "abstract": prose("abstract", words),
    }
    for length in (300, 310):
        assert (await papers.write(length=length))["title"] == "How a harbour works"


async def test_purposes_and_reasons_state_nothing_that_was_invented(papers: Papers) -> None:
    def plan(words: int, count: int, points: Any) -> JsonObject:
        made = planned(words, count, points)
        made["sections"][0]["purpose"] = "Shows the tides. It shows that 37 % failed."
        made["sections"][1]["claims"] = ["Costs fell by €5 million (Smith, 2020)."]
        made["sections"][1]["subsections"] = ["What Smith et al. found"]
        return made

    papers.author.plan = plan
    papers.author.judge = lambda *_: [
        {"requirement": 1, "met": False, "section": 1, "sentence": "", "why": "It lacks the 42 %."}
    ]
    result = await papers.write(length=500, requirements=["Name the tides."])
    text = json.dumps(result)
    assert result["outline"][1]["purpose"] == "Shows the tides."
    assert "42" not in json.dumps(result["requirements"])
    for invented in ("37 %", "5 million", "Smith et al"):
        assert invented not in text
    assert not any("5 million" in json.dumps(body) for body in papers.asked("Written"))


async def test_a_requirement_that_goes_costs_no_section_that_it_was_not_mapped_to(
    papers: Papers,
) -> None:
    data = {"topic": "How a harbour works", "length": 1000}
    order = await papers.open(requirements=["Name the tides.", "Name the crews.", "Name ropes."])
    await papers.result(order)
    papers.model.reset(papers.author)
    service, owner = papers.app.ticket_service, by(papers.owner)
    data |= {"requirements": ["Name the crews.", "Name ropes."]}
    again = order_of(await service.reprocess(owner, order["ticket_id"], data))
    await papers.result(again)
    forms = [form_of(body) for body in papers.model.bodies]
    assert forms.count("Written") == 1


ODD = (
    "Costs of 2030", "C #", "AT&amp;T & co", "a\\b|c", "~~x~~ y", "Snake_case *x*", "See [x](y)",
    "<b>Bold</b>", "1) First", "- item", "> quote", "ends with #", "$x$ and :smile:", "x" * 120,
    "What Smith et al. (2020) said", "“The best of all”", "Really?!", "Überblick – 港", "a\u200bb",
    "http\\://x.example", "&lt;i&gt;", "!\\[x\\]", "Title\ttab", "Abstract",
    "References", "+1 -1 =",
)  # fmt: skip


async def test_an_edited_outline_is_written_as_it_was_sent(papers: Papers) -> None:
    order = await papers.open(outline_only=True, length=20_000)
    await run(papers.app.activities, order)
    sections = [
        {"title": f"About {title}"[:120], "subsections": [title], "purpose": "Names 14 berths."}
        for title in ODD
    ]
    reply = TicketAnswer(answer={"sections": sections})
    answering = papers.app.ticket_answering
    await answering.answer(by(papers.owner), order["ticket_id"], reply, HeardWorkflows())
    step = await papers.app.activities.combine(order, OUTLINED)
    assert (await go_on(papers.app.activities, order, step))["kind"] == "done"
    result = (await shown_result(papers.app, order)).result_data
    held = {one["name"]: one for one in result["targets"]}
    assert held["headings"]["held"], held["headings"]
    assert result["sentences_left_out"] == {}
    titles = [one["title"] for one in result["outline"]]
    assert len(titles) == 2 * len(ODD) + 1
    document = docx.Document(io.BytesIO(await papers.file(order, "docx")))
    found = [
        one.text
        for one in document.paragraphs
        if one.style is not None and str(one.style.name).startswith("Heading")
    ]
    assert found == titles


@pytest.mark.parametrize(
    "source",
    [
        "ftp://127.0.0.1/x.pdf", "file:///etc/passwd", "gopher://x", "//127.0.0.1/x.txt",
        "www.example.org/report.html", "https://example.org/a b", "http:/127.0.0.1/x.html",
        {"file": "../x.txt"},
    ],
)  # fmt: skip
async def test_an_address_that_is_none_is_refused_when_it_is_sent(
    papers: Papers, source: Any
) -> None:
    with pytest.raises(Invalid, match="sources"):
        await papers.open(sources=[source])


async def test_long_papers_have_their_length(papers: Papers) -> None:
    result = await papers.write(length=20_000)
    assert result["word_counts"]["got"] == pytest.approx(20_000, rel=0.1)


async def test_captions_and_cells_state_nothing_that_was_invented(papers: Papers) -> None:
    table = (
        "\n\nTable: Growth of 37 % by Gartner\n\n| a | b 42 |\n|---|---|\n| x | 57 % |\n| y | z |\n"
    )

    def write(asked: Asked) -> JsonObject:
        made = honest(asked)
        made["text"] += table + "\n[^n]: In 2019 it was so.\n\n![99 % of all](x.png)"
        return made

    papers.author.write = write
    order = await papers.open()
    await papers.result(order)
    for form in ("json", "md", "html"):
        text = (await papers.file(order, form)).decode()
        for invented in ("37 %", "Gartner", "b 42", "57 %", "In 2019", "99 %"):
            assert invented not in text
