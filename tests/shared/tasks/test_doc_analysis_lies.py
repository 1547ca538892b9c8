"""A model that lies gets no sentence of its own into a result: not beside honest quotes, not by way
of several rounds, and in no form of the result."""

import io
import json
from typing import Any

import docx
import pytest

from shared.tickets.rendering.files import ResultFormat, render_result
from tests.support.files import pdfs
from tests.support.files.leases import LEASE, RENT
from tests.support.product.workflow import shown
from tests.support.servers.model import completion
from tests.support.tasks.analyses import (
    Analyses,
    claim,
    findings,
    form_of,
    material,
    point,
    relation,
    statement,
)

LIES = (
    "Zorblax Industries owes 7,300,000 dollars.",
    "The rent is due on the fifth day of each month.",
    "The lease ends on 3 May 2031.",
    "Jane Doe signed it.",
    "It says “the landlord is insolvent”.",
    "Es drohen vierzig Klagen der Zorblax GmbH.",
)
CANARIES = ("Zorblax", "7,300,000", "fifth", "May 2031", "Jane", "insolvent", "vierzig")
TRUE = "The rent is due on the third day of each month."


class Liar:
    """Claims with honest quotes, or without; lies wherever a text may stand."""

    def __init__(self, *, quotes: bool) -> None:
        self.quotes = quotes

    def __call__(self, _: int, body: Any) -> Any:
        if form_of(body) == "Analysis":
            line = next(one for one in material(body).splitlines() if len(one.split()) > 3)
            quote = line if self.quotes else "The landlord is insolvent."
            claims = [{"id": 1, **claim(line if self.quotes else LIES[0], quote)}]
            claims += [{"id": n, **claim(lie, quote)} for n, lie in enumerate(LIES, 2)]
            numbers = list(range(-1, 9))
            return completion(json.dumps({"claims": claims, **self.lie(numbers)}))
        numbers = [number for number, _, _ in findings(material(body))] + [0, 99]
        made = {
            "insights": [point(lie, *numbers) for lie in LIES],
            "relations": [relation("conflict", lie, *numbers) for lie in LIES],
            "documents": [
                {"document": n, "summary": " ".join(LIES), "claims": numbers} for n in (0, 1)
            ],
            **self.lie(numbers),
        }
        return completion(json.dumps(made))

    def lie(self, numbers: list[int]) -> dict[str, Any]:
        """Lies that name every claim, or none."""
        told = [statement(lie, *numbers) for lie in LIES] + [statement("All is well.")]
        return {"summary": told, "gaps": told, "recommendations": told}


@pytest.mark.parametrize("quotes", [True, False])
@pytest.mark.parametrize("pages", [1, 12])
async def test_no_lie_is_in_any_form_of_the_result(
    analyses: Analyses, quotes: bool, pages: int
) -> None:
    analyses.use(chunk_tokens=300)
    analyses.model.reset(Liar(quotes=quotes))
    files = {"a.pdf": pdfs.report(pages), "b.pdf": LEASE} if pages > 1 else {"b.pdf": LEASE}
    order = await analyses.open(files, analysis_type="risk")
    result = await analyses.result(order)
    ticket = await shown(analyses.app, order)
    texts = [json.dumps(result, ensure_ascii=False)]
    texts += [
        (await render_result(ticket, form)).content.decode()
        for form in (ResultFormat.MD, ResultFormat.HTML, ResultFormat.CSV)
    ]
    word = docx.Document(io.BytesIO((await render_result(ticket, ResultFormat.DOCX)).content))
    texts.append("\n".join(paragraph.text for paragraph in word.paragraphs))
    for text in texts:
        assert [one for one in (*CANARIES, "All is well") if one in text] == []
    assert bool(result["insights"]) is quotes
    assert result["gaps"] == result["recommendations"] == result["conflicts"] == []
    assert all(one["summary"] == "" for one in result["documents"])
    assert result["summary"].startswith("The analysis ")
    [warning] = [text for text in result["warnings"] if text.startswith("Sentences left out")]
    assert "of the summary" in warning
    assert "on gaps" in warning
    assert "of recommendations" in warning


async def test_what_is_left_of_a_text_is_delivered_and_the_rest_is_counted(
    analyses: Analyses,
) -> None:
    analyses.reader.claims = lambda _: [claim(f"{TRUE} {LIES[0]}", RENT)]
    analyses.reader.summary = f"{LIES[3]} {TRUE} {LIES[2]}"
    result = await analyses.analyse({"lease.pdf": LEASE})
    assert [one["text"] for one in result["insights"]] == [TRUE]
    assert result["summary"] == TRUE
    assert [one["summary"] for one in result["documents"]] == [TRUE]
    assert result["warnings"] == [
        "Sentences left out, as no quote of the documents proves them: 2 of the summary, "
        "1 of insights."
    ]


async def test_a_sentence_rests_on_the_claims_that_it_names_and_no_others(
    analyses: Analyses,
) -> None:
    notice = "a notice of three months"
    analyses.reader.claims = lambda _: [claim(TRUE, RENT), claim("Notice is needed.", notice)]
    analyses.model.reset(
        lambda _, body: completion(
            json.dumps(
                {
                    "claims": [
                        {"id": 7, **claim(TRUE, RENT)},
                        {"id": 9, **claim("Notice is needed.", notice)},
                    ],
                    "summary": [
                        statement("Three months of notice are needed.", 7),
                        statement("A notice of 3 months is needed.", 9),
                    ],
                    "gaps": [statement("Who pays for the third day?", 7, 9)],
                    "recommendations": [statement("Give notice in writing.", 1, 2)],
                }
            )
        )
    )
    result = await analyses.analyse({"lease.pdf": LEASE})
    assert result["summary"] == "A notice of 3 months is needed."
    assert result["gaps"] == ["Who pays for the third day?"]
    assert result["recommendations"] == []


async def test_a_document_may_be_called_by_its_name_and_quotes_by_their_pages(
    analyses: Analyses,
) -> None:
    analyses.reader.claims = lambda _: [claim(TRUE, RENT)]
    said = "Lease-2024 v7.pdf says on page 1 that the rent is due on the third day."
    analyses.reader.summary = said
    result = await analyses.analyse({"Lease-2024 v7.pdf": LEASE})
    assert result["summary"] == said
