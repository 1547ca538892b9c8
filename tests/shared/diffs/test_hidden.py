"""What nobody sees in a line, and what only looks like it."""

import pytest

from shared.diffs.hidden import find_hidden, name_hidden, reveal
from shared.diffs.rendering import show_code


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("if level != 'user\u202e \u2066// admin\u2069 \u2066':", "[U+202E]"),
        ("/*\u202e } \u2066if (is_admin)\u2069 \u2066 begin */", "[U+2066]"),
        ("a = '\u2067x\u2069'", "[U+2067]"),
        ("shalom = '\u05e9\u05dc\u05d5\u05dd\u202e'", "[U+202E]"),
        ("shalom = '\u05e9\u2067'", "[U+2067]"),
        ("name\u200b = 1", "[U+200B]"),
        ("na\u200dme = 1", "[U+200D]"),
        ("na\u200cme = 1", "[U+200C]"),
        ("thumb = '\u200e5f'", "[U+200E]"),
        ("x = {a,\u3164}", "[U+3164]"),
        ("x = 1  # \U000e0049\U000e0067\U000e006e\U000e006f\U000e0072", "[U+E0049 and 4 more]"),
        ("a\U000e0131\U000e0132\U000e0133", "[U+E0131 and 2 more]"),
        ("a\ufeffb", "[U+FEFF]"),
        ("a \u2062 b", "[U+2062]"),
    ],
)
def test_what_is_hidden_is_found_and_shown(line: str, shown: str) -> None:
    assert find_hidden(line, 2)
    assert shown in reveal(line)
    assert show_code(line) == reveal(line)
    assert not find_hidden(reveal(line))
    assert name_hidden([line]).startswith("U+")


@pytest.mark.parametrize(
    "line",
    [
        "plain = 'text'",
        "grüße = 'naïve café – “quoted” … ½ €'",
        "\u05e9\u05dc\u05d5\u05dd\u200e (3)",
        'msgstr "\u0645\u0631\u062d\u0628\u0627 \u2068{name}\u2069"',
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\u0915\u094d\u200d\u0937",
        "👨\u200d👩\u200d👧 👩🏽\u200d💻 🏳\ufe0f\u200d🌈 ❤\ufe0f 1\ufe0f\u20e3 🏃\u200d♀\ufe0f",
        "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "\u0e20\u0e32\u0e29\u0e32\u200b\u0e44\u0e17\u0e22",
        "Donau\u00addampf\u00adschiff",
        "\u845b\U000e0100",
        "\u00a0\u2003\u3000",
        "\ttab\f\r",
        "日本語\u3000テキスト",
    ],
)
def test_ordinary_text_hides_nothing(line: str) -> None:
    assert find_hidden(line, 2) == []
    assert reveal(line) == line


def test_ends_of_lines_that_are_shown_as_none_are_found() -> None:
    for line in ("# fine\rimport os", "// fine\u2028steal()", "a\u2029b"):
        assert len(find_hidden(line, 2)) == 1
        assert name_hidden([line]).startswith("U+")
        assert show_code(line).isprintable()
    assert find_hidden("a = 1\r\r", 2) == []


def test_a_byte_order_mark_begins_a_file() -> None:
    assert find_hidden("\ufeffa = 1", 1) == []
    assert find_hidden("\ufeffa = 1", 2) == [(0, 1)]
