"""Chunks of a text: complete, within the budget, along the structure of the document."""

import random
from itertools import pairwise

import pytest

from shared.documents import chunks
from shared.documents.chunks import LEAST_ROOM, Chunk, cut_chunks
from shared.documents.extract import Block, Extract
from shared.documents.tokens import estimate

SENTENCES = "The harbour freezes in January. Ships wait outside until the ice breaks. "
BLANKS = [chr(code) for code in range(0x3001) if chr(code).isspace()]


def plain(text: str) -> Extract:
    return Extract(blocks=[Block(text=text, line=1)])


def parts(extract: Extract, chunks: list[Chunk]) -> list[str]:
    return [extract.text[start:end] for start, end, _ in chunks]


def assert_sound(extract: Extract, chunks: list[Chunk], budget: int) -> None:
    """Nothing is left out, nothing too long, and each goes further than the one before."""
    text, at = extract.text, 0
    for start, end, _ in chunks:
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip() != ""
        assert estimate(text[start:end]) <= budget
        at = end
    assert not text[at:].strip()
    assert all(a.start < b.start and a.end < b.end for a, b in pairwise(chunks))


def odd(seed: int) -> str:
    chance = random.Random(seed)
    alphabet = ["word ", "x", "é", "中", "。", ". ", "1", "-", *BLANKS, "\n\n", "\U0001f389"]
    return "".join(chance.choice(alphabet) * chance.choice((1, 1, 2, 40)) for _ in range(1000))


@pytest.mark.parametrize("budget", [LEAST_ROOM + 4, 100, 1000])
@pytest.mark.parametrize(
    "text",
    [SENTENCES * 40, "a" * 9000, "\n" * 9000, "中" * 3000, "a,\t" * 1000, odd(1), odd(2), ""],
    ids=["prose", "word", "blank", "han", "tabs", "odd", "odder", "empty"],
)
def test_every_chunk_fits_and_together_they_are_the_text(text: str, budget: int) -> None:
    for extract in (
        plain(text),
        Extract(blocks=[Block(text=f"{line}\n") for line in text.split()]),
    ):
        for overlap in (0, 4, budget - LEAST_ROOM):
            assert_sound(extract, cut_chunks(extract, budget, overlap), budget)


def test_sections_and_blocks_that_fit_are_kept_whole() -> None:
    paragraph = SENTENCES * 3 + "\n\n"
    sizes = {"One": 2, "Two": 1, "Three": 9, "Four": 1}
    blocks = [
        Block(text=f"{title} {number}: {paragraph}", headings=["Report", title], paragraph=number)
        for title, count in sizes.items()
        for number in range(count)
    ]
    extract = Extract(blocks=blocks)
    budget = 3 * estimate(blocks[0].text) + 5
    chunks = cut_chunks(extract, budget, 0)
    assert_sound(extract, chunks, budget)
    starts = [part[: part.index(":")] for part in parts(extract, chunks)]
    assert starts == ["One 0", "Three 0", "Three 3", "Three 6", "Four 0"]
    assert chunks[0].headings == ["Report", "One"]
    assert chunks[3].headings == ["Report", "Three"]


def test_an_overlap_begins_with_a_sentence_and_not_before_a_section() -> None:
    extract = Extract(
        blocks=[
            Block(text=SENTENCES * 50, headings=["A"]),
            Block(text=SENTENCES * 8, headings=["B"]),
        ]
    )
    chunks = cut_chunks(extract, 200, 40)
    assert_sound(extract, chunks, 200)
    assert all(part.startswith(("The harbour", "Ships")) for part in parts(extract, chunks))
    within = [(a, b) for a, b in pairwise(chunks) if b.headings == ["A"]]
    assert len(within) > 2
    for before, after in within:
        shared = extract.text[after.start : before.end]
        assert 20 < estimate(shared) <= 40
    assert chunks[-1].headings == ["B"]
    assert chunks[-1].start == len(SENTENCES) * 50


def test_a_sentence_that_crosses_pages_is_whole_in_one_chunk() -> None:
    ends = ["Here is a sentence that starts on one page", " and ends on the next one. "]
    extract = Extract(
        blocks=[
            Block(text=SENTENCES * 9 + ends[0], page=1),
            Block(text=ends[1] + SENTENCES * 9, page=2),
        ]
    )
    chunks = cut_chunks(extract, estimate(extract.blocks[0].text) + 40, 30)
    assert len(chunks) == 2
    assert any("".join(ends).strip() in part for part in parts(extract, chunks))


def test_gaps_of_many_kinds_tire_nobody() -> None:
    lengths = range(1, 1100)
    for gap in ("\n", " ", "\r\n"):
        extract = plain("".join(gap * length + "x" for length in lengths))
        assert_sound(extract, cut_chunks(extract, 60, 10), 60)


@pytest.mark.parametrize(("budget", "overlap"), [(LEAST_ROOM - 1, 0), (100, 90), (100, -1)])
def test_a_budget_without_room_is_refused(budget: int, overlap: int) -> None:
    with pytest.raises(ValueError, match="beside the overlap"):
        cut_chunks(plain("text"), budget, overlap)


@pytest.mark.parametrize("gap", ["\n", " ", ""], ids=["lines", "words", "neither"])
def test_of_a_long_text_only_the_ends_of_portions_are_small_chunks(
    gap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "_PORTION", 20_000)
    extract = plain(("harbour" + gap) * (50_000 // (7 + len(gap))))
    made = cut_chunks(extract, 1_000, 0)
    assert_sound(extract, made, 1_000)
    assert len(made) <= estimate(extract.text) // 1_000 + 4
    if gap:
        assert all(part.startswith("harbour") for part in parts(extract, made))
