"""Dates as people write them, read in every way in which they may be meant."""

import re
from collections.abc import Iterator

from shared.statements.units import MONTH, MONTHS

Date = tuple[int | None, int | None, int | None]
"""Year, month, day, as far as they are said."""

YEAR = r"(?:1[5-9]|20|21)\d\d"
_OF = r"(?:of|de|del|du|di|do)"
_DATE = re.compile(
    rf"""(?<![\w.,/])(?:
      (?P<iso>{YEAR}[-/.]\d\d?(?:[-/.]\d\d?)?(?!\d))
    | (?P<day>\d{{1,2}})(?:st|nd|rd|th|er|º|°|\.)?[ ](?:{_OF}[ ])?
        (?P<month>{MONTH}),?(?:[ ](?:{_OF}[ ])?(?P<year>{YEAR}))?
    | (?P<month2>{MONTH})[ ]
        (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.]),?(?:[ ](?P<year2>{YEAR}))?
    | (?P<month3>{MONTH})[ ](?:{_OF}[ ])?(?P<year3>{YEAR})
    | (?:(?<=in[ ])|(?<=since[ ])|(?<=until[ ])|(?<=by[ ]))(?P<month4>{MONTH})
    | (?P<numeric>\d{{1,2}}[./-]\d{{1,2}}[./-]{YEAR}
        |\d\d\.\d\d\.\d\d(?![\d.,/-])|\d\d?/\d\d?/\d\d(?![\d.,/-]))
    )(?!\w)""",
    re.X | re.I,
)
_CENTURY = 100


def find_dates(text: str) -> Iterator[tuple[str, int, int, frozenset[Date]]]:
    """The dates in a text: how and from where to where they are written, and what they may be, as
    `3/5/2024` is a day of March or of May."""
    for match in _DATE.finditer(text):
        if dates := _read(match):
            yield match[0], *match.span(), dates


def agree(date: Date, other: Date) -> bool:
    """Whether all that the first says is so in the other."""
    return all(mine is None or mine == theirs for mine, theirs in zip(date, other, strict=True))


def _read(match: re.Match[str]) -> frozenset[Date]:
    known = match.groupdict()
    if known["iso"]:
        year, month, *day = map(int, re.split(r"[-/.]", known["iso"]))
        return _check({(year, month, day[0] if day else None)})
    if known["numeric"]:
        first, second, year = map(int, re.split(r"[./-]", known["numeric"]))
        years = [year] if year >= _CENTURY else [2000 + year, 1900 + year]
        pairs = [(second, first)] if "." in known["numeric"] else [(second, first), (first, second)]
        return _check({(one, month, day) for one in years for month, day in pairs})
    month_name = next(
        known[name] for name in ("month", "month2", "month3", "month4") if known[name]
    )
    said = known["year"] or known["year2"] or known["year3"]
    day_said = known["day"] or known["day2"]
    month = MONTHS[month_name.lower().rstrip(".")]
    return frozenset([(int(said) if said else None, month, int(day_said) if day_said else None)])


def _check(dates: set[Date]) -> frozenset[Date]:
    """Those that a calendar has, about."""
    return frozenset(
        (year, month, day)
        for year, month, day in dates
        if month is not None and 1 <= month <= 12 and (day is None or 1 <= day <= 31)
    )
