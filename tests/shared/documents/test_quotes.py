"""Quotes that are in a text, however it and they are set, and quotes that are not."""

import random
import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.documents.normalization import NormalForm
from shared.documents.quotes import MAX_OMITTED, Folded, Span

TEXT = """\
The Contractor shall not indemnify the Client against third-party claims exceeding 12,500 euros per
year, and the office in Zürich confirms "final" efficiency figures before the first of March 2024.
Die Gewährleistungsfrist beträgt vierundzwanzig Monate ab Abnahme; Änderungen bedürfen der
Schriftform, soweit dies nicht anders vereinbart wurde. The state-of-the-art flow meters didn't
fail below -40 degrees, whereas affected offshore fields lost 5.3 % of output within 90 days.
L'été dernier, la société n'a pas été rachetée par un groupe étranger; le café coûte 3 euros de
moins. Every twenty-four hours the well-known operator checks “critical” valves, never the pumps.
Nothing in this agreement limits liability for wilful misconduct or for a re-signed addendum."""
WORDS = TEXT.split()
PLAIN = " ".join(WORDS)
NEGATIONS = {"not", "never", "nicht", "n'a", "pas"}

Noise = Callable[[random.Random, str], str]


def between_words(*gaps: str) -> Noise:
    return lambda chance, text: re.sub(" ", lambda _: chance.choice((" ", *gaps)), text)


def hyphenated(chance: random.Random, text: str) -> str:
    """Words cut at line ends, at any letter and at the hyphens that they have."""

    def cut(match: re.Match[str]) -> str:
        place = chance.randrange(2, len(match[0]) - 1)
        end = chance.choice(("-\n", "\u00ad\n", "-\n   ", "\u2010\n", "-\f\n"))
        return match[0][:place] + end + match[0][place:] if chance.random() < 0.4 else match[0]

    text = re.sub(r"[^\W\d_]{5,}", cut, text)
    return re.sub(r"(?<=[^\W\d_])-(?=[^\W\d_])", lambda _: chance.choice("-\u2010\u2011"), text)


def emphasised(chance: random.Random, text: str) -> str:
    def mark(match: re.Match[str]) -> str:
        sign = chance.choice(("**", "*", "`", "__", "_", "", ""))
        return f"{sign}{match[0]}{sign}"

    return re.sub(r"(?<![\w'-])[^\W\d_]+(?![\w'-])", mark, text)


def ligated(_: random.Random, text: str) -> str:
    for letters, ligature in (("ffi", "ﬃ"), ("ff", "ﬀ"), ("fi", "ﬁ"), ("fl", "ﬂ")):
        text = text.replace(letters, ligature)
    return text


def requoted(chance: random.Random, text: str) -> str:
    text = re.sub("['’]", lambda _: chance.choice("'’"), text)
    return re.sub('["“”]', lambda _: chance.choice("\"“”„'"), text)


def sprinkled(chance: random.Random, text: str) -> str:
    within = r"(?<=[^\W\d_])(?=[^\W\d_])"
    return re.sub(within, lambda _: chance.choice(("", "", "\u00ad", "\u200b")), text)


NOISES: list[Noise] = [
    between_words("\n", "  ", " \n "),
    between_words("\u00a0", "\u2009", "\u3000"),
    between_words("\n\n", "\f", " \n\f\n"),
    between_words(" | ", "\n• "),
    hyphenated,
    emphasised,
    ligated,
    requoted,
    sprinkled,
    lambda _, text: unicodedata.normalize("NFD", text),
    lambda _, text: text.upper().replace("SS", "ss"),
    lambda _, text: f"“…{text}…”",
]


def core(text: str) -> str:
    """Folded, without what a quote may have around it."""
    return NormalForm(text).text.strip(" .,;:'-")


def words_of(chance: random.Random) -> list[str]:
    first = chance.randrange(len(WORDS) - 12)
    return WORDS[first : first + chance.randrange(5, 12)]


@pytest.mark.parametrize("noise", range(len(NOISES)))
def test_honest_quotes_are_found_however_they_and_the_text_are_set(noise: int) -> None:
    chance = random.Random(noise)
    for _ in range(60):
        quote = " ".join(words_of(chance))
        text = NOISES[noise](chance, PLAIN)
        assert (span := Folded(text).find(quote)), quote
        assert core(text[slice(*span)]) == core(quote)
        noisy = NOISES[noise](chance, quote)
        found = Folded(NOISES[chance.randrange(6)](chance, TEXT)).find(noisy)
        assert found, noisy


def changed(chance: random.Random, words: list[str]) -> list[str]:
    at = chance.randrange(1, len(words) - 2)
    word, following = words[at : at + 2]
    return chance.choice(
        [
            [*words[:at], *words[at + 1 :]],
            [*words[:at], chance.choice(("not", "never", "7")), *words[at:]],
            [*words[:at], following, word, *words[at + 2 :]],
            [*words[:at], chance.choice(WORDS), *words[at + 1 :]],
            [*words[:at], word[:-1] + "x", *words[at + 1 :]],
            [re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), word) for word in words],
            [word.replace("-", "") for word in words],
            [word for word in words if word not in NEGATIONS or word in (words[0], words[-1])],
        ]
    )


def test_a_quote_with_another_word_number_order_or_negation_is_not_found() -> None:
    chance, false = random.Random(7), 0
    plain = Folded(PLAIN)
    while false < 1500:
        words = words_of(chance)
        quote = " ".join(changed(chance, words))
        if quote == " ".join(words):
            continue
        false += 1
        assert not plain.find(quote), quote
        assert not Folded(hyphenated(chance, TEXT)).find(emphasised(chance, quote)), quote


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(max_size=60), st.data())
def test_what_is_found_says_what_the_quote_says(text: str, data: st.DataObject) -> None:
    text = f"{text}. alpha beta gamma. {text}"
    start = data.draw(st.integers(0, len(text)))
    quote = text[start : data.draw(st.integers(start, len(text)))]
    span = Folded(text).find(quote)
    if span:
        found = text[slice(*span)]
        assert found == found.strip()
        assert core(found) == core(quote)
    assert Folded(text).find("Alpha\nbeta gamma")


@pytest.mark.parametrize(
    ("text", "quote", "found"),
    [
        ("A fee of 5.3 % is due.", "fee of 5.3 %", "fee of 5.3 %"),
        ("A fee is due at once, if asked.", "The fee is due…", None),
        ("A fee is due at once, if asked.", "fee is due at once.", "fee is due at once"),
        ("They can't pay the fee.", "pay the fee .", "pay the fee"),
        ("l'accord entre les parties", "accord entre les parties", "accord entre les parties"),
        (
            "| Net income | 5 |\n|---|---|\n| Tax | 2 |",
            "Net income 5 Tax 2",
            "Net income | 5 |\n|---|---|\n| Tax | 2",
        ),
        ("Cold: \u22125 degrees here", "-5 degrees here", "\u22125 degrees here"),
        ("wait . . . and see then", "wait … and see then", "wait . . . and see then"),
        ("pre- and post-war years", "pre- and post-war years", "pre- and post-war years"),
        ("a deal—binding for years", "binding for years", "binding for years"),
        ("a deal—binding for years", "deal -- binding for", "deal—binding for"),
        ("see \\[1\\] and *x* here", "see [1] and x here", "see \\[1\\] and *x* here"),
        (
            "e\u0301te\u0301 de la mort e\u0301",
            "été de la mort É",
            "e\u0301te\u0301 de la mort e\u0301",
        ),
        (
            "本合同有效期为\n五年\uff0c不可撤销。",
            "有效期为五年,不可撤销",
            "有效期为\n五年\uff0c不可撤销",
        ),
        ("가나다 계약은 유효하다", unicodedata.normalize("NFD", "계약은 유효하다"), None),
        (
            "이 가나다 계약은 유효하다",
            unicodedata.normalize("NFD", "가나다 계약은 유효하다"),
            "가나다 계약은 유효하다",
        ),
        ("ｶﾞｰﾄﾞ付き契約です。", "ガード付き契約です", "ｶﾞｰﾄﾞ付き契約です"),
    ],
)
def test_the_words_of_the_source_are_delivered(text: str, quote: str, found: str | None) -> None:
    span = Folded(text).find(quote)
    assert (text[slice(*span)] if span else None) == found


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("this ablest man is here", "is ablest man is"),
        ("the terms are non-binding here", "binding here now"),
        ("the terms are non-binding for us", "binding for us"),
        ("we re-sign the contract", "we resign the contract"),
        ("we think that we can't pay", "we think that we can"),
        ("costs of 5.3 % a year", "3 % a year"),
        ("the cost is 5.3 %", "the cost is 5"),
        ("the cost is 5.3 %", "the cost is 5."),
        ("the cost is 10\u00a0000 euros", "the cost is 10"),
        ("the cost is 10\u202f000 euros", "000 euros is the"),
        ("it was -5 degrees then", "5 degrees then"),
        ("result: - 5 % of it", "result: 5 % of it"),
        ("the rate is 5% now", "the rate is 5"),
        ("a fee of €5 is due now", "5 is due now"),
        ("a delay of ≤5 days is fine", "5 days is fine"),
        ("x * -1 is a product", "x -1 is a product"),
        ("10² square metres here", "102 square metres here"),
        ("5½ square metres here", "51/2 square metres here"),
        ("2 * 3 is a product", "2 3 is a product"),
        ("in Maßen genossen gut", "in Massen genossen gut"),
        ("where a ≠ b holds", "where a = b holds"),
        ("2019-\n2020 was good", "20192020 was good"),
        ("本合同不可撤销转让他人", "可撤销转让他人"),
        ("有效期为十五年且不变更", "五年且不变更"),
        ("この契約は有効でない", "この契約は有効で"),
        ("is", "is"[:0]),
        ("some words … here", "…"),
        ("the seller of goods", "the seller"),
    ],
)
def test_a_part_that_says_something_else_is_not_found(text: str, quote: str) -> None:
    assert Folded(text).find(quote) is None


def test_short_quotes_are_whole_lines_or_cells() -> None:
    text = "Term of years\nTerm\n| Net | 5 % |\n"
    assert Folded(text).find("Term") == Span(14, 18)
    assert Folded(text).find("5 %") == Span(27, 30)
    assert Folded(text).find("years") is None
    assert Folded("the Datenschutzgesetz says").find("Datenschutzgesetz") == Span(4, 21)


def test_an_ellipsis_stands_for_a_few_words_and_the_span_covers_them() -> None:
    text = (
        f"The seller shall deliver, if asked, the goods in May. {'x ' * MAX_OMITTED}End of it all."
    )
    folded = Folded(text)
    for gap in ("...", "…", "[…]", " (...) ", " . . . "):
        span = folded.find(f"“The seller shall{gap}the goods in May.”")
        assert span
        assert text[slice(*span)] == "The seller shall deliver, if asked, the goods in May."
    assert not folded.find("the goods in ... The seller shall deliver")
    assert not folded.find("The seller ... goods in May")
    assert not folded.find("the goods in May ... End of it all")


def test_of_several_places_the_near_one_is_taken() -> None:
    text = "One two three four. " * 5 + "Only here at the end."
    folded = Folded(text)
    assert folded.find("one two three") == Span(0, 13)
    assert folded.find("one two three", near=(40, 60)) == Span(40, 53)
    assert folded.find("only here at", near=(0, 20)) == Span(100, 112)


@pytest.mark.parametrize("unit", ["ﬁ", "a-", "- ", "*_", "\u0301", "\\*", "| ", ". ", "no "])
def test_texts_that_are_made_to_tire_do_not(unit: str) -> None:
    folded = Folded(unit * 200_000)
    assert folded.find("no " * 3000 + "yes") is None
    assert folded.find("no no no ... no no no ... yes we can") is None
