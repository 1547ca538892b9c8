"""Papers from ticket to result: what an honest author delivers, and what it costs."""

import asyncio
import io
from functools import partial
from typing import Any

import docx
import pytest

from shared.errors import Conflict, Invalid
from shared.models import TicketAnswer, validate_model
from shared.statements.prose import headings
from tests.support.files import files as samples
from tests.support.product.accounts import by
from tests.support.product.heard_workflows import HeardWorkflows
from tests.support.product.workflow import go_on, order_of, run
from tests.support.product.workflow import shown as shown_result
from tests.support.tasks.analyses import JsonObject
from tests.support.tasks.papers import OUTLINED, TITLES, Asked, Papers, honest, planned, prose

NOTE = (
    "The harbour has 14 berths for large vessels. Tides rise by 3.2 metres in spring. "
    "A pilot boards each vessel at the outer buoy. Delays cost $5,000 a day for every berth."
)


def held(result: JsonObject) -> dict[str, bool]:
    return {one["name"]: one["held"] for one in result["targets"]}


def forms(papers: Papers) -> list[str]:
    return [body["response_format"]["json_schema"]["name"] for body in papers.model.bodies]


async def test_an_honest_author_meets_every_target(papers: Papers) -> None:
    requirements = ["Name the tides.", "Name the crews."]
    result = await papers.write(requirements=requirements, length="medium")
    assert all(held(result).values()), result["targets"]
    titles = [one["title"] for one in result["outline"]]
    assert titles == ["Abstract", *TITLES[:8]]
    assert [one.title for one in headings(result["paper_content"])] == ["On harbours", *titles]
    assert result["word_counts"]["got"] == pytest.approx(2500, rel=0.02)
    assert [one["got"] for one in result["word_counts"]["sections"]] == [
        one["asked"] for one in result["word_counts"]["sections"]
    ]
    assert [(one["point"], one["met"], one["section"]) for one in result["requirements"]] == [
        ("Name the tides.", True, "Purpose"),
        ("Name the crews.", True, "Background"),
    ]
    assert result["references"] == []
    assert result["paper_content"].endswith("*This paper cites no sources.*\n")
    assert "cites no sources" in result["summary"]
    assert result["formats"] == ["json", "md", "html", "docx"]


async def test_an_honest_paper_costs_its_outline_its_sections_and_three_calls(
    papers: Papers,
) -> None:
    result = await papers.write(requirements=["Name the tides."], length="medium")
    assert forms(papers) == ["Plan", *["Written"] * 8, "Judgement", "Edits", "Front"]
    assert result["usage"]["calls"] == 12


async def test_sources_are_cited_where_they_were_found(papers: Papers) -> None:
    text = {"text": NOTE, "title": "A note"}
    result = await papers.write(
        {"a.md": b"# Cranes\n\nCranes lift cargo at night."}, sources=["a.md", text]
    )
    assert all(held(result).values()), result["targets"]
    assert forms(papers).count("Reading") == 2
    by_title = {one["title"]: one for one in result["references"]}
    assert set(by_title) <= {"a", "A note", "Cranes"}
    quotes = [place["quote"] for one in by_title.values() for place in one["cited"]]
    for quote in quotes:
        assert quote in NOTE or quote in "Cranes lift cargo at night."
    assert r"\[1, " in result["paper_content"]
    assert result["paper_content"].count("## References") == 1
    assert result["outline"][-1]["title"] == "References"


async def test_without_sources_every_attachment_but_the_template_is_one(papers: Papers) -> None:
    template = io.BytesIO()
    docx.Document().save(template)
    files = {"note.txt": NOTE.encode(), "our.docx": template.getvalue()}
    order = await papers.open(files, template="our.docx", citation_style="footnotes")
    result = await papers.result(order)
    assert {one["location"] for one in result["references"]} == {"note.txt"}
    assert "[^1]: “note”, note.txt, line 1: “" in result["paper_content"]
    document = docx.Document(io.BytesIO(await papers.file(order, "docx")))
    shown = [one.text for one in document.paragraphs if one.style and one.style.name == "Heading 1"]
    assert shown == [one["title"] for one in result["outline"]]
    assert b"<h2" in await papers.file(order, "html")


async def test_a_number_of_a_cited_source_stays(papers: Papers) -> None:
    def write(asked: Asked) -> JsonObject:
        made = honest(asked)
        claims = [number for number, text in asked.claims if "14 berths" in text]
        if claims:
            made["text"] = f"There are fourteen berths [@{claims[0]}]. {made['text']}"
        return made

    papers.author.write = write
    result = await papers.write(sources=[NOTE])
    assert "There are fourteen berths \\[1, line 1\\]." in result["paper_content"]
    assert held(result)["nothing invented"]
    assert result["sentences_left_out"] == {}


async def test_subsections_and_tables_are_as_the_outline_and_readers_want_them(
    papers: Papers,
) -> None:
    papers.author.plan = lambda words, count, points: with_subsections(words)
    table = "\n\nTable: What there is\n\n| a | b |\n|---|---|\n| x | y |\n"

    def write(asked: Asked) -> JsonObject:
        made = honest(asked)
        made["text"] += table
        return made

    papers.author.write = write
    order = await papers.open()
    result = await papers.result(order)
    assert [(one["title"], one["level"]) for one in result["outline"]] == [
        ("Abstract", 1),
        ("Cargo", 1),
        ("Ropes", 2),
        ("Nets", 2),
        ("Crews", 1),
    ]
    assert "Table 1: What there is" in result["paper_content"]
    assert "Table 2: What there is" in result["paper_content"]
    assert held(result)["headings"]


def with_subsections(words: int) -> JsonObject:
    made = planned(words, 2, [])
    first, second = made["sections"]
    first |= {"title": "1. Cargo", "subsections": ["Ropes", "### Nets"]}
    second |= {"title": "Crews"}
    return made


async def test_the_papers_own_words_are_in_its_language(papers: Papers) -> None:
    result = await papers.write(language="Deutsch")
    assert result["outline"][0]["title"] == "Kurzfassung"
    assert "*Dieser Text nennt keine Quellen.*" in result["paper_content"]


async def test_edits_are_made_where_they_change_nothing_that_was_checked(papers: Papers) -> None:
    first = prose("Purpose", 10)
    edits = [
        {"section": 1, "passage": first, "instead": "In short, it is as section 2 says here."},
        {"section": 1, "passage": "nothing like it", "instead": "anything at all"},
        {"section": 2, "passage": prose("Background", 10), "instead": "It cost 37 % of all there."},
        {"section": 2, "passage": prose("Background", 10), "instead": "## A heading of its own"},
        {"section": 9, "passage": "some passage", "instead": "another passage"},
    ]
    papers.author.edits = lambda: edits
    result = await papers.write()
    assert "In short, it is as section 2 says here." in result["paper_content"]
    assert "37 %" not in result["paper_content"]
    assert held(result)["headings"]


async def test_a_chunk_is_read_once_whatever_is_required(papers: Papers) -> None:
    papers.use(CHUNK_TOKENS="200")
    sources = ["\n\n".join(prose(f"source {n}", 120) for n in range(4))]
    await papers.write(sources=sources)
    assert forms(papers).count("Reading") >= 3
    papers.model.reset(papers.author)
    await papers.write(sources=sources, requirements="Name the tides.")
    assert forms(papers).count("Reading") == 0


async def test_what_is_finished_can_be_read_before_the_end(papers: Papers) -> None:
    order = await papers.open(sources=[NOTE])
    with pytest.raises(Conflict):
        await papers.file(order, "md", partial=True)
    activities, read = papers.app.activities, partial(papers.app.tickets.read, order["ticket_id"])
    step: Any = await activities.plan(order)
    while step["facts"]["stage"] != "writing":
        for index, item in enumerate(step["items"]):
            await activities.work(order, step["facts"], index, item)
        step = await activities.combine(order, step["facts"])
    for index in (0, 2):
        await activities.work(order, step["facts"], index, step["items"][index])
    async with asyncio.timeout(60):  # It is shown a moment later, beside the work.
        while (await read()).progress.stage != f"writing: {TITLES[2]}":
            await asyncio.sleep(0.01)
    await activities.fail(order, "It was too late.")
    shown = (await papers.file(order, "md", partial=True)).decode()
    assert "*Incomplete: 2 of 4 sections are finished.*" in shown
    assert f"## {TITLES[0]}" in shown
    assert f"## {TITLES[2]}" in shown
    assert f"## {TITLES[1]}" not in shown
    assert len(docx.Document(io.BytesIO(await papers.file(order, "docx", partial=True))).paragraphs)


@pytest.mark.parametrize(
    ("task_data", "words"),
    [
        ({"topic": "  "}, "topic"),
        ({"length": 0}, "length"),
        ({"length": 1_000_000}, "length"),
        ({"length": "huge"}, "length"),
        ({"length": 2.5}, "length"),
        ({"length": 200, "requirements": "word " * 201}, "more than the paper is to have"),
        ({"requirements": "x" * 100_001}, "100000 characters"),
        ({"requirements": "a\n" * 2_001}, "2000 lines"),
        (
            {"length": 20_000, "requirements": ["point"] * 1 + [f"p {n}" for n in range(70)]},
            "points",
        ),
        ({"sources": ["https://example.org/x"]}, "not among the hosts"),
        ({"sources": [{"url": "http://127.0.0.1/x"}]}, "not among the hosts"),
        ({"sources": ["text"] * 51}, "sources"),
        ({"sources": [{"url": "ftp://x"}]}, "no web address"),
        ({"citation_style": "mine"}, "citation_style"),
        ({"template": "logo.png"}, "template"),
    ],
)
async def test_bad_input_is_refused_when_it_is_sent(
    papers: Papers, task_data: JsonObject, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await papers.open(**task_data)
    assert words in caught.value.detail
    assert not papers.model.bodies


async def test_a_private_address_is_refused_when_it_is_sent(papers: Papers) -> None:
    papers.use(SOURCE_URL_HOSTS="127.0.0.1")
    with pytest.raises(Invalid, match="private network"):
        await papers.open(sources=["http://127.0.0.1/x"])


async def test_sources_that_cannot_be_read_are_named_before_any_call(papers: Papers) -> None:
    files = {"bad.pdf": b"%PDF-1.7\nnothing", "empty.txt": b"  ", "note.txt": NOTE.encode()}
    reason = await papers.failure(files, sources=["bad.pdf", "empty.txt", "note.txt"])
    assert "bad.pdf cannot be read" in reason
    assert "empty.txt cannot be read" in reason
    assert "note.txt" not in reason
    assert not papers.model.bodies


async def test_a_template_that_is_none_is_named_before_any_call(papers: Papers) -> None:
    reason = await papers.failure({"t.docx": samples.docx()}, template="t.docx")
    assert "t.docx" in reason
    assert not papers.model.bodies


async def test_a_file_that_is_named_and_not_there_is_waited_for(papers: Papers) -> None:
    order = await papers.open({"a.txt": NOTE.encode()}, sources=["a.txt", "b.txt"])
    assert (await papers.app.tickets.read(order["ticket_id"])).waits_for_files
    order = await papers.open(template="t.docx")
    assert (await papers.app.tickets.read(order["ticket_id"])).waits_for_files
    order = await papers.open({"A.txt": NOTE.encode()}, sources=["a.txt", NOTE])
    assert not (await papers.app.tickets.read(order["ticket_id"])).waits_for_files


async def test_other_requirements_cost_no_section_that_they_are_not_mapped_to(
    papers: Papers,
) -> None:
    order = await papers.open(requirements=["Name the tides.", "Name the crews."], sources=[NOTE])
    first = await papers.result(order)
    papers.model.reset(papers.author)
    data = {
        "topic": "How a harbour works",
        "length": 1000,
        "sources": [NOTE],
        "requirements": ["Name the tides.", "Name the crews.", "Name the ropes."],
    }
    service, owner = papers.app.ticket_service, by(papers.owner)
    again = order_of(await service.reprocess(owner, order["ticket_id"], data))
    second = await papers.result(again)
    assert forms(papers) == ["Placement", "Written", "Judgement", "Edits", "Front"]
    assert "Purpose: " in papers.asked("Written")[0]["messages"][1]["content"]
    assert [one["title"] for one in second["outline"]] == [one["title"] for one in first["outline"]]
    assert all(one["met"] for one in second["requirements"])
    with pytest.raises(Invalid):
        await service.reprocess(owner, order["ticket_id"], {"topic": ""})


async def test_the_same_again_costs_nothing(papers: Papers) -> None:
    order = await papers.open(sources=[NOTE], requirements="Name the tides.")
    first = await papers.result(order)
    papers.model.reset(papers.author)
    again = await papers.app.ticket_service.reprocess(by(papers.owner), order["ticket_id"])
    assert (await papers.result(order_of(again)))["paper_content"] == first["paper_content"]
    assert forms(papers) == []


async def test_on_request_people_are_shown_the_outline_and_it_goes_on_from_theirs(
    papers: Papers,
) -> None:
    order = await papers.open(outline_only=True, requirements=["Name the tides."])
    asked = await run(papers.app.activities, order)
    assert asked["kind"] == "asks"
    ticket = await papers.app.tickets.read(order["ticket_id"])
    assert ticket.question is not None
    shown = ticket.question.outline
    assert [one["title"] for one in shown["sections"]] == list(TITLES[:4])
    assert forms(papers) == ["Plan"]
    answering, workflow = papers.app.ticket_answering, HeardWorkflows()
    same = [{"title": "A"}, {"title": "a"}]
    wrong: list[Any] = ["go on", {"sections": []}, {"sections": same}]
    for given in wrong:
        reply = validate_model(TicketAnswer, {"answer": given})
        with pytest.raises(Invalid):
            await answering.answer(by(papers.owner), ticket.id, reply, workflow)
    sections = [{**shown["sections"][2], "words": 600}, {"title": "*Ropes*", "words": 300}]
    reply = TicketAnswer(answer={"sections": sections})
    await answering.answer(by(papers.owner), ticket.id, reply, workflow)
    step = await papers.app.activities.combine(order, OUTLINED)
    assert (await go_on(papers.app.activities, order, step))["kind"] == "done"
    result = (await shown_result(papers.app, order)).result_data
    assert [(one["title"], one["words_asked"]) for one in result["outline"]] == [
        ("Abstract", 60),
        (TITLES[2], 607),
        ("Ropes", 333),
    ]
    assert result["requirements"][0]["met"]


async def test_the_stand_in_writes_papers_that_hold(papers: Papers) -> None:
    papers.model.reset()
    result = await papers.write(sources=[NOTE], requirements=["Say what delays cost."])
    assert all(held(result).values()), result["targets"]
    assert result["references"]
    assert result["requirements"][0]["met"]
