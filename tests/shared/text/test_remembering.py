"""What is found in a text is found once."""

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


def test_what_was_read_long_ago_is_read_again() -> None:
    read: list[str] = []
    measure = remember_texts(read.append)
    for text in ("first", *map(str, range(1_000)), "first"):
        measure(text)
    assert read.count("first") == 2
