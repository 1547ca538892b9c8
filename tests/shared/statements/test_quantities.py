"""Which numbers are quantities, and which of them are backed."""

import pytest

from shared.statements.quantities import Backing, find_unbacked, quantities


def stated(text: str) -> list[str]:
    return [one.text for one in quantities(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It saved 37% of €4.2 million in 2019.", ["37%", "€4.2 million", "2019"]),
        ("1,250 users wait 12 ms for 12GB.", ["1,250", "12 ms", "12GB"]),
        ("US$5bn, USD 20, 5 million dollars", ["US$5bn", "USD 20", "5 million dollars"]),
        ("In Berlin 37 companies met.", ["37"]),
        ("on 12 May 2024 and 2024-05-01", ["12 May 2024", "2024-05-01"]),
        ("since May 12, 2025", ["May 12, 2025"]),
        ("a 30-day term, six-month notice, one day", ["30-day", "six-month", "one day"]),
        ("Twenty-five percent of three teams", ["Twenty-five percent", "three"]),
        ("two hundred thousand visits", ["two hundred thousand"]),
        ("half of them, a tenfold rise, it doubled", ["half", "tenfold", "doubled"]),
        ("over half the ships, several hundred crews", ["half", "several hundred"]),
        ("20–30 people, from 5 to 10 percent", ["20", "30", "5", "10 percent"]),
        ("the 1990s and the 19th century", ["1990s", "19th"]),
        ("a top-10 firm, 10x faster, 1 in 5", ["10", "10x", "1", "5"]),
        ("**99.99%** uptime at -5 °C", ["99.99%", "5 °C"]),
        ("| Latency | 12 |", ["12"]),
        ("in March 2021", ["March 2021"]),
        ('It saved [much](#x "37 % of it") and `42 %` of costs.', ["37 %", "42 %"]),
        ("About half were late, two thirds lost, ½ sunk.", ["half", "two thirds", "½"]),
        ("seven cranes, five of them, a factor of three", ["seven", "five", "factor of three"]),
        ("in the nineties and the twentieth century", ["nineties", "twentieth century"]),
        ("on the fifth of May, in October", ["fifth of May", "October"]),
        ("In MMXIX, XX percent of 1e6 ships", ["MMXIX", "XX percent", "1e6"]),
        ("the third largest, opened twice a day", ["third largest", "twice a day"]),
        ("siebenunddreißig Prozent, zwölf Euro", ["siebenunddreißig", "zwölf Euro"]),
        ("trente-sept pour cent, la moitié", ["trente-sept", "la moitié"]),
        ("cuarenta y dos barcos", ["cuarenta y dos"]),
        ("百分之三十七, 三成", ["百分之三十七", "三成"]),
        ("Type 37 of all failed, version 12 patients", ["37", "12"]),
        ("\uff13\uff17\uff05 der Fälle, 3 Mio. Euro", ["\uff13\uff17", "3 Mio. Euro"]),
    ],
)  # fmt: skip
def test_quantities_are_found(text: str, found: list[str]) -> None:
    assert stated(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "Python 3.12 supports UTF-8, SHA-256 and HTTP 404; Windows 11 offers more.",
        "See Table 2, Section 3.1 and Articles 28 and 29; step 4, port 443, version 2.",
        "1. first\n2. second\n\n## 3. Third",
        "Use `x = 5` as in [that](https://a.example/7) and [@12].\n\n```\n99 % of code\n```",
        "two reasons and three steps, one of them first",
        "It is the one option, in a third way, with three main steps; the first half of it.",
        "It is einzig so, MDX and SMIX are names, `$1` is code.",
        "COVID-19, GPT-4, 3D, 5G and 24/7 support",
    ],
)
def test_names_references_numbering_and_code_are_none(text: str) -> None:
    assert stated(text) == []


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("1,200 ms", "It took 1200 milliseconds."),
        ("5 %", "five percent of it"),
        ("5 per cent", "5%"),
        ("€4.2 million", "EUR 4.2m"),
        ("a 12-month term", "a term of twelve (12) months"),
        ("in 2024", "signed on 3 May 2024"),
        ("in May 2024", "2024-05-03"),
        ("between 5 and 10 ms", "5 to 10 ms"),
        ("| 37 |", "37 %"),
        ("1.200 Euro", "€1,200"),
        ("two-thirds of it", "It is two thirds."),
        ("since October", "since 3 October 2019"),
        ("2,000 users", "in total 2000 users"),
        ("ninety days and six\nhours", "ninety\ndays or six hours"),
        ("by 1 October 2027", "on 1\nOctober 2027"),
    ],
)
def test_the_same_quantity_written_otherwise_is_backed(text: str, source: str) -> None:
    assert find_unbacked(text, Backing([source])) == []


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("37 people", "37 % of them"),
        ("5 %", "5 engineers"),
        ("€5", "$5"),
        ("4 May 2019", "May 2019"),
        ("12 months", "12 years"),
        ("5 million users", "5 users"),
        ("it doubled", "it grew"),
        ("2025", "2024"),
    ],
)
def test_another_quantity_is_not(text: str, source: str) -> None:
    assert find_unbacked(text, Backing([source]))
