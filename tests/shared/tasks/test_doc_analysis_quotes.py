"""Honest quotes are found however they are set; false ones never pass."""

import random
import re
import textwrap

import pytest

from shared.documents.pdf.reader import read_pdf
from tests.support.files import pdfs
from tests.support.files.leases import letter
from tests.support.tasks.analyses import Analyses, claim
from tests.support.tasks.rereading import check, quotes

_VERBS = ("shall", "must", "may", "will")
_ACTS = ("deliver the ice", "insure the ship", "pay the pilot", "clear the berth")


def clause(number: int) -> str:
    verb, act = _VERBS[number % 4], _ACTS[number // 4 % 4]
    return (
        f"Clause {number}: the carrier {verb} {act} within {number + 3} days of notice, unless "
        f"berth {number * 7} is closed."
    )


CLAUSES = [clause(number) for number in range(120)]
CONTRACT = pdfs.written(
    [
        [line for text in CLAUSES[at : at + 20] for line in textwrap.wrap(text, 60)]
        for at in range(0, 120, 20)
    ],
)


def set_otherwise(text: str, chance: random.Random) -> str:
    """The same words as a model may set them."""
    return chance.choice(
        (
            f"“{text}”",
            text.upper(),
            text.replace(" ", "\n", 3),
            text.rstrip("."),
            f"...{text}",
            text.replace(", unless", " […] unless"),
            f"- {text}",
        )
    )


def falsified(text: str, chance: random.Random) -> str:
    """Nearly the same words, which say something else."""
    number = re.search(r"within (\d+)", text)
    assert number
    return chance.choice(
        (
            text.replace(f"within {number[1]}", f"within {int(number[1]) + 1}"),
            text.replace(f"within {number[1]}", f"within {number[1]}0"),
            text.replace("the carrier", "the carrier not", 1),
            re.sub(" (shall|must|may|will) ", lambda found: f" {found[1]} not ", text),
            text.replace("unless", "if"),
            text.replace("carrier", "owner"),
            text.replace(" is closed", " is not closed"),
            text.replace("days", "weeks"),
            text.replace("the carrier ", ""),
            f"{text[:50]} and nothing else.",
            text.replace("Clause ", "Clause 9"),
            " ".join(reversed(text.split())),
        )
    )


def spell(number: int) -> str:
    """A word for a number, as no digits may be said that the quotes have not."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


@pytest.mark.parametrize("chunk_tokens", [6_000, 500])
async def test_of_planted_false_quotes_none_passes(analyses: Analyses, chunk_tokens: int) -> None:
    """Each chunk is said to hold all clauses, true ones and false ones."""
    analyses.use(chunk_tokens)
    chance = random.Random(chunk_tokens)
    honest = {set_otherwise(text, chance) for text in CLAUSES}
    false = {falsified(text, chance) for text in CLAUSES for _ in range(4)}
    assert not false & set(CLAUSES)
    said = [claim(f"{one in honest} {spell(n)}", one) for n, one in enumerate((*honest, *false))]
    analyses.reader.claims = lambda _: said
    result = await analyses.analyse({"contract.pdf": CONTRACT}, analysis_type="contract")

    delivered = {insight["text"] for insight in result["insights"]}
    assert delivered == {f"True {spell(n)}" for n in range(len(honest))}
    assert check(result, {"contract.pdf": CONTRACT}) == len(honest)
    seen = result["coverage"]
    assert seen["quotes_dropped"] == seen["claims_dropped"] >= len(false)
    if seen["chunks"] == 1:
        assert seen["quotes_dropped"] == len(false)


async def test_a_quote_of_another_document_does_not_count(analyses: Analyses) -> None:
    files = {
        "contract.pdf": CONTRACT,
        "letter.docx": letter("The tug waits at the northern mole.", "It is paid by the hour."),
    }
    texts = (CLAUSES[5], "The tug waits at the northern mole.")
    analyses.reader.claims = lambda _: [claim(text) for text in texts]
    result = await analyses.analyse(files)
    found = [(one["document"], one["quote"].split(":")[0]) for one in quotes(result)]
    assert sorted(found) == [("contract.pdf", "Clause 5"), ("letter.docx", texts[1])]
    assert result["coverage"]["quotes_dropped"] == 2
    assert check(result, files) == 2


async def test_places_beside_the_text_are_named(analyses: Analyses) -> None:
    """A quote of a note is not said to be in a paragraph."""
    note = (
        "<< /Type /Annot /Subtype /Text /Rect [0 0 9 9] /Contents (The rent was lowered twice.) >>"
    )
    data = pdfs.drawn(
        pdfs.shown("The tenant pays."), page=b"/Annots [200 0 R]", more={200: note.encode()}
    )
    assert "lowered twice" in read_pdf(data).text
    analyses.reader.claims = lambda _: [claim("The rent was lowered twice.")]
    result = await analyses.analyse({"note.pdf": data})
    [proof] = quotes(result)
    assert proof["place"].endswith(", p. 1")
    assert proof["place"] != "p. 1"
