"""What is found in a text is found once."""

import pytest

from shared.text.remembering import remember_texts


def test_a_text_is_read_once_and_a_very_long_one_is_not_kept() -> None:
    read: list[str] = []

    @remember_texts
    def measure_length(text: str) -> int:
        """How long it is."""
        read.append(text[:3])
        return len(text)

    texts = ("one", "one", "long" * 20_000, "long" * 20_000, "one")
    assert [measure_length(text) for text in texts] == [len(text) for text in texts]
    assert read == ["one", "lon", "lon"]
    assert measure_length.__doc__ == "How long it is."


@pytest.mark.parametrize(
    "others", [[str(n) * 5_000 for n in range(100)], [*map(str, range(9_999))]]
)
def test_what_was_asked_for_long_ago_is_read_again(others: list[str]) -> None:
    read: list[str] = []

    @remember_texts
    def measure_length(text: str) -> int:
        read.append(text)
        return len(text)

    for text in ("first", *others, "first"):
        measure_length("kept")
        measure_length(text)
    assert (read.count("first"), read.count("kept")) == (2, 1)
