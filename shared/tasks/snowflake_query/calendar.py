"""Which dates the words of a question mean: quarters and years of the fiscal calendar that the
settings name, counted from the day of the ticket where people work."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from shared.tasks.snowflake_query.models import Period

_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTH = "|".join(rf"{name}|{name[:3]}\b" for name in _MONTHS)
_UNITS = r"(?P<unit>day|week|month|quarter|year)"
_CALENDAR = re.compile(r"\bcalendar\b", re.IGNORECASE)
_LENGTHS = {"day": 1, "week": 7}


def find_period(question: str, today: date, fiscal_start: int) -> Period | None:
    """The period that the question names first, None where it names none that is known here.

    `fiscal_start` is the month in which the year begins; a question that says "calendar" means
    January.
    """
    start = 1 if _CALENDAR.search(question) else fiscal_start
    matches = [(pattern.search(question), read) for pattern, read in _KNOWN]
    found = [
        (match.start(), -len(match[0]), number, match, read)
        for number, (match, read) in enumerate(matches)
        if match
    ]
    if not found:
        return None
    *_, match, read = min(found, key=lambda one: one[:3])
    try:
        return read(match, today, start)
    except (ValueError, OverflowError):  # There is no such day.
        return None


def previous_of(period: Period) -> Period | None:
    """The period of the same kind before it; None for one that is of no calendar unit."""
    if period.grain in _LENGTHS:
        length = period.end - period.start + timedelta(days=1)
        start, end = period.start - length, period.start - timedelta(days=1)
    elif period.start.day == 1 and (period.end + timedelta(days=1)).day == 1:
        months = _months_of(period)
        start, end = _add_months(period.start, -months), period.start - timedelta(days=1)
    else:
        return None
    return Period(words="the period before", start=start, end=end, grain=period.grain)


def _months_of(period: Period) -> int:
    after = period.end + timedelta(days=1)
    return (after.year - period.start.year) * 12 + after.month - period.start.month


def unit_start(day: date, unit: str, fiscal_start: int) -> date:
    """The first day of the day's week (from Monday), month, quarter or year."""
    if unit == "day":
        return day
    if unit == "week":
        return day - timedelta(days=day.weekday())
    size = {"month": 1, "quarter": 3, "year": 12}[unit]
    passed = (day.month - (fiscal_start if size > 1 else 1)) % 12
    return _add_months(day.replace(day=1), -(passed % size))


def add_units(start: date, unit: str, count: int) -> date:
    """A start of a unit, so many of them later."""
    if unit in _LENGTHS:
        return start + timedelta(days=_LENGTHS[unit] * count)
    return _add_months(start, {"month": 1, "quarter": 3, "year": 12}[unit] * count)


def _add_months(day: date, months: int) -> date:
    count = day.year * 12 + day.month - 1 + months
    return date(count // 12, count % 12 + 1, day.day)


def _period(words: str, start: date, after: date, grain: str) -> Period:
    return Period(words=words, start=start, end=after - timedelta(days=1), grain=grain)


def _past(match: re.Match[str], today: date, fiscal: int) -> Period:
    """Last quarter: the last whole one."""
    unit = match["unit"].lower()
    end = unit_start(today, unit, fiscal)
    return _period(match[0], add_units(end, unit, -1), end, unit)


def _present(match: re.Match[str], today: date, fiscal: int) -> Period:
    """This quarter: all of it, though it is not over."""
    unit = match["unit"].lower()
    start = unit_start(today, unit, fiscal)
    return _period(match[0], start, add_units(start, unit, 1), unit)


def _to_date(match: re.Match[str], today: date, fiscal: int) -> Period:
    unit = {"y": "year", "q": "quarter", "m": "month"}[match["short"][0].lower()]
    return _period(match[0], unit_start(today, unit, fiscal), today + timedelta(days=1), "day")


def _several(match: re.Match[str], today: date, fiscal: int) -> Period:
    """The last so many whole units."""
    unit = match["unit"].lower()
    count = int(match["count"]) if match["count"].isdigit() else _COUNTS[match["count"].lower()]
    end = unit_start(today, unit, fiscal)
    return _period(match[0], add_units(end, unit, -count), end, unit)


_NUMBERS = (
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_COUNTS = {word: number for number, word in enumerate(_NUMBERS, 2)}


def _quarter(match: re.Match[str], today: date, fiscal: int) -> Period:
    """Q3 2026: of the fiscal year that ends in that year."""
    number, year = int(match["q"]), _year_of(match, today, fiscal)
    start = add_units(_year_start(year, fiscal), "quarter", number - 1)
    return _period(match[0], start, add_units(start, "quarter", 1), "quarter")


def _month(match: re.Match[str], today: date, _: int) -> Period:
    """July 2026; without a year the last one that has begun."""
    number = next(n for n, name in enumerate(_MONTHS, 1) if name.startswith(match["m"].lower()[:3]))
    if match["year"]:
        year = int(match["year"])
    else:
        year = today.year if number <= today.month else today.year - 1
    start = date(year, number, 1)
    return _period(match[0], start, _add_months(start, 1), "month")


def _since(match: re.Match[str], today: date, fiscal: int) -> Period:
    start = (_month if match.groupdict().get("m") else _year)(match, today, fiscal).start
    return Period(words=match[0], start=start, end=today, grain="day")


def _year(match: re.Match[str], _: date, fiscal: int) -> Period:
    start = _year_start(int(match["year"]), fiscal)
    return _period(match[0], start, add_units(start, "year", 1), "year")


def _range(match: re.Match[str], _: date, __: int) -> Period:
    start, end = date.fromisoformat(match["from"]), date.fromisoformat(match["to"])
    if end < start:
        raise ValueError
    return Period(words=match[0], start=start, end=end, grain="day")


def _yesterday(match: re.Match[str], today: date, _: int) -> Period:
    day = today if match[0].lower() == "today" else today - timedelta(days=1)
    return Period(words=match[0], start=day, end=day, grain="day")


def _year_start(year: int, fiscal: int) -> date:
    """The fiscal year is called by the calendar year in which it ends."""
    return date(year if fiscal == 1 else year - 1, fiscal, 1)


def _year_of(match: re.Match[str], today: date, fiscal: int) -> int:
    if match["year"]:
        return int(match["year"])
    began = unit_start(today, "year", fiscal)
    return began.year if fiscal == 1 else began.year + 1


_Read = Callable[[re.Match[str], date, int], Period]
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_KNOWN: list[tuple[re.Pattern[str], _Read]] = [
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (
        (r"\b(?P<from>\d{4}-\d\d-\d\d)\s*(?:to|until|and|-|–)\s*(?P<to>\d{4}-\d\d-\d\d)", _range),
        (r"\b(?:year|quarter|month)[ -]to[ -]date\b".replace("(?:", "(?P<short>"), _to_date),
        (r"\b(?P<short>ytd|qtd|mtd)\b", _to_date),
        (
            rf"\b(?:last|past|previous) (?P<count>\d{{1,3}}|{'|'.join(_COUNTS)}) {_UNITS}s\b",
            _several,
        ),
        (rf"\b(?:last|past|previous) (?:(?:fiscal|calendar|full) )?{_UNITS}\b", _past),
        (rf"\b(?:this|current) (?:(?:fiscal|calendar) )?{_UNITS}\b", _present),
        (rf"\bQ(?P<q>[1-4])(?:[ /-]?(?:of )?(?:FY ?)?{_YEAR})?\b", _quarter),
        (rf"\bsince (?P<m>{_MONTH})\b(?: {_YEAR})?", _since),
        (rf"\bsince {_YEAR}\b", _since),
        (rf"\b(?P<m>{_MONTH})\.?(?: (?:of )?{_YEAR})\b", _month),
        (rf"\b(?:in|for|during) (?P<m>{'|'.join(_MONTHS)})\b(?P<year>)", _month),
        (rf"\b(?:FY ?|fiscal year )?{_YEAR}\b", _year),
        (r"\b(?:today|yesterday)\b", _yesterday),
    )
]
