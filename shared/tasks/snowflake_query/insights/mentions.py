"""What a sentence mentions: names that are known, times, numbers, and where."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_MONTH = "|".join(rf"{name}|{name[:3]}\b\.?" for name in _MONTHS)
_YEAR = r"(?:19|20)\d\d"
_AFTER = "".join(
    ("(?:", "|".join(f"(?<={w} )" for w in ("in", "for", "since", "during", "year", "FY")), ")")
)
"""Else a number of four digits is no year."""
_TIME = re.compile(
    rf"\b(?P<iso>{_YEAR}-\d\d(?:-\d\d)?)\b|\bQ(?P<q>[1-4])(?: (?P<qy>{_YEAR}))?\b"
    rf"|\b(?P<m>{_MONTH}) (?:(?P<d>\d\d?),? )?(?P<my>{_YEAR})\b"
    rf"|\b(?P<d2>\d\d?) (?P<m2>{_MONTH}) (?P<my2>{_YEAR})\b"
    rf"|\b(?P<mo>{'|'.join(name for name in _MONTHS if name != 'May')})\b"
    rf"|{_AFTER}(?P<y>{_YEAR})\b(?![.,]\d| ?%)"
    rf"|(?<=from )(?P<y1>{_YEAR})(?= to {_YEAR}\b)|(?<=from \d\d\d\d to )(?P<y2>{_YEAR})\b"
)
NUMBER = re.compile(
    r"(?P<sign>[-+−–]\s?)?(?P<digits>\d[\d.,'’\u00a0\u202f\u2009]*\d|\d)"  # noqa: RUF001
    r"(?:(?:st|nd|rd|th)\b)?(?:[ \u00a0\u202f-]?"
    r"(?P<scale>thousand|million|billion|trillion|k|m|mn|bn|b)\b)?"
    r"(?P<percent>[ \u00a0\u202f]?(?:%|‰|per ?cent\b|percentage points?\b|pp\b))?",
    re.IGNORECASE,
)
SCALES = {
    **dict.fromkeys(("thousand", "k"), 3),
    **dict.fromkeys(("million", "m", "mn"), 6),
    **dict.fromkeys(("billion", "bn", "b"), 9),
    "trillion": 12,
}


@dataclass(frozen=True, slots=True)
class Said:
    """Something in the text, from `start`; `key` is a name, or a time in the form of facts."""

    start: int
    key: str


def take_names(text: str, names: frozenset[str]) -> tuple[list[Said], str]:
    """The names that are said, the longest first, and the text without them."""
    found: list[Said] = []
    for name in sorted(filter(None, names), key=len, reverse=True):
        if len(name) < 2 or name.lower() in text.lower():
            pattern = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", 0 if len(name) < 4 else re.I)
            found += [Said(one.start(), name) for one in pattern.finditer(text)]
            text = pattern.sub(lambda one: "\x00" * len(one[0]), text)
    return sorted(found, key=lambda one: one.start), text


def take_times(text: str) -> tuple[list[Said], str]:
    found = [Said(one.start(), _time_key(one)) for one in _TIME.finditer(text)]
    return found, _TIME.sub(lambda one: "\x00" * len(one[0]), text)


def exact_keys(time: str) -> set[str]:
    """The forms in which a time of a fact may be written: a month also without its year."""
    if re.fullmatch(r"\d{4}-\d\d", time):
        return {time, f"--{time[5:]}"}
    return {time, time[:2]} if time.startswith("Q") else {time}


def time_keys(time: str) -> set[str]:
    """Those, and the forms of the longer times that it lies in."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", time):
        return {time, time[:4]} | exact_keys(time[:7])
    year = time[-4:] if time.startswith("Q") else time[:4]
    return {year} | exact_keys(time)


def _time_key(match: re.Match[str]) -> str:
    if match["iso"]:
        return match["iso"]
    if match["q"]:
        return f"Q{match['q']} {match['qy']}" if match["qy"] else f"Q{match['q']}"
    if year := match["y"] or match["y1"] or match["y2"]:
        return str(year)
    name = match["m"] or match["m2"] or match["mo"]
    month = next(n for n, one in enumerate(_MONTHS, 1) if one.lower()[:3] == name.lower()[:3])
    if match["mo"]:
        return f"--{month:02}"
    day, year = match["d"] or match["d2"], match["my"] or match["my2"]
    return f"{year}-{month:02}-{int(day):02}" if day else f"{year}-{month:02}"


def read_digits(digits: str) -> Iterator[Decimal]:
    """1,234.5 and 1.234,5 are the same; 1.234 is two numbers."""
    plain = re.sub(r"['’\u00a0\u202f\u2009]", "", digits)
    for thousands, point in ((",", "."), (".", ",")):
        whole, _, part = plain.partition(point)
        groups = whole.split(thousands)
        if len(groups) > 1 and any(len(one) != 3 for one in groups[1:]):
            continue
        text = "".join(groups) + (f".{part}" if part else "")
        if re.fullmatch(r"\d+(?:\.\d+)?", text):
            yield Decimal(text)
