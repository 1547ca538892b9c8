"""Places of a text, and parts cut out of it."""

import pytest

from shared.documents.extract import Block, Places

BLOCKS = [
    Block(text="One\ntwo\nthree\n", line=1),
    Block(text="", line=4),
    Block(text="four\nfive\n", line=4),
    Block(text="A note.", part="footnote 1"),
]
TEXT = "".join(block.text for block in BLOCKS)


@pytest.mark.parametrize("base", [0, 100])
@pytest.mark.parametrize("start", range(len(TEXT)))
def test_a_part_has_its_text_and_its_places(start: int, base: int) -> None:
    places = Places(BLOCKS, base)
    for end in range(start + 1, len(TEXT) + 1):
        part = places.part(base + start, base + end)
        assert "".join(block.text for block in part) == TEXT[start:end]
        assert all(block.text for block in part)
        again = Places(part, base + start)
        assert again.place(base + start, base + end) == places.place(base + start, base + end)
        assert again.place(base + end - 1, base + end) == places.place(base + end - 1, base + end)


@pytest.mark.parametrize(
    ("block", "place"),
    [
        (Block(text="x", page=3), "p. 3"),
        (Block(text="x", page=3, part="comment 1"), "comment 1, p. 3"),
        (Block(text="x", headings=["Term", "Length"], paragraph=3), "Term › Length, paragraph 3"),
        (Block(text="x", paragraph=3), "paragraph 3"),
        (Block(text="x", line=40), "line 40"),
        (Block(text="x", part="header"), "header"),
        (Block(text="x"), "the document"),
    ],
)
def test_a_place_is_named_by_what_the_file_has(block: Block, place: str) -> None:
    assert Places([block]).place(0, 1) == place


def test_a_text_may_run_over_the_end_of_a_page() -> None:
    pages = [Block(text="The rent is", page=12), Block(text=" due early.", page=13)]
    places = Places(pages)
    assert places.place(4, 16) == "pp. 12–13"
    assert places.place(4, 11) == "p. 12"
    assert places.place(12, 16) == "p. 13"
