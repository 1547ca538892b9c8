"""The quantities that a text states: numbers with a unit, percentages, amounts of money, counts and
dates, in prose. No quantities are the digits of names (`UTF-8`, `Python 3.12`), of references
(`Table 2`, `Article 28`) and of numbering.

Two quantities are the same when value and unit are, however they are written: `1,200 ms` and `1 200
milliseconds`, `5 %` and `five percent`, `2024` and `May 2024`. Numbers written out are read in
English; small ones count only with a unit, or before what is usually counted.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.papers.number_words import WRITTEN, counts_things, value_of
from shared.papers.phrases import PHRASE
from shared.papers.prose import prose
from shared.papers.units import (
    CODES,
    MONTH,
    MONTHS,
    NAMES,
    PERCENT,
    SCALE,
    SCALES,
    SYMBOLS,
    UNIT,
)

Date = tuple[int | None, int | None, int | None]
"""Year, month, day, as far as they are said."""

_GAP = "[ \u00a0\u2009\u202f]"
_DIGITS = r"\d{1,3}(?:[,.'’\u00a0\u2009\u202f ]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_YEAR = r"(?:1[5-9]|20|21)\d\d"
_DATE = re.compile(
    rf"""(?<![\w.,])(?:
      (?P<iso>{_YEAR}-\d\d(?:-\d\d)?)
    | (?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[ ](?:of[ ])?
        (?P<month>{MONTH}),?(?:[ ](?P<year>{_YEAR}))?
    | (?P<month2>{MONTH})[ ]
        (?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.]),?(?:[ ](?P<year2>{_YEAR}))?
    | (?P<month3>{MONTH})[ ](?P<year3>{_YEAR})
    | (?:(?<=in[ ])|(?<=since[ ])|(?<=until[ ])|(?<=by[ ]))(?P<month4>{MONTH})
    | (?P<dotted>\d{{1,2}}\.\d{{1,2}}\.{_YEAR})
    )(?!\w)""",
    re.X | re.I,
)
_NUMBER = re.compile(
    rf"""
    (?P<before>
        (?:{"|".join(map(re.escape, CODES))}|(?:[A-Z]{{1,2}})?[{re.escape(SYMBOLS)}]){_GAP}?
    )?
    (?P<digits>{_DIGITS})
    (?P<scale>{SCALE})?
    (?P<ordinal>(?:st|nd|rd|th)(?!\w))?
    (?P<decade>s(?!\w)(?<=0s))?
    (?:[ \u00a0\u2009\u202f-]?(?P<unit>{UNIT}))?
    """,
    re.X | re.I,
)
_WORDS = re.compile(
    rf"(?<![\w-])(?P<words>{WRITTEN})"
    rf"(?:{_GAP}(?:or more |or so )?(?P<unit>{UNIT})|-(?P<of>{UNIT}))?",
    re.I,
)
_REFERENCE = re.compile(
    r"\b(?:sections?|chapters?|tables?|figures?|figs?\.|steps?|appendix|listings?|parts?|equations?"
    r"|eqs?\.|phases?|levels?|versions?|v|articles?|clauses?|paragraphs?|pages?|pp?\.|nos?\.|notes?"
    r"|items?|options?|examples?|layers?|tiers?|types?|stages?|ports?|rfc|iso|iec|http|lines?|week"
    r"|schedule|annex|exhibit|codes?|status|error|rule|principle|number|§{1,2}|#)[ \u00a0]?"
    r"(?:\d+(?:\.\d+)*(?:, | and | to |[-–]))*$",
    re.I,
)
_NAME = re.compile(r"(?:^|[^\w.?!:…])(?:[ ]|^)?(?P<name>[A-Z][\w+#.]*|[a-z]+[A-Z]\w*)[ \u00a0]$")
_CAPITALS = re.compile(r"[A-Z]{2,}|\w+[A-Z]")
_COMMON = {"in", "of", "the", "a", "an", "and", "or", "by", "on", "at", "to", "from", "with"}
_COMMON |= {"for", "about", "over", "under", "only", "some", "nearly", "almost", "around", "than"}
_COMMON |= {"between", "since", "until", "before", "after", "all", "these", "those", "its", "their"}
_COMMON |= set(MONTHS)
_VERBS = {"is", "has", "was", "does", "supports", "offers", "adds", "provides", "uses", "runs"}
_VERBS |= {"allows", "includes", "requires", "introduces", "brings", "defines", "describes", "as"}
_VERBS |= {"this", "its", "makes", "gives", "returns", "means", "works", "needs", "takes", "shows"}
_PREFIXES = {"top", "sub", "pre", "post", "mid", "under", "over", "non", "all", "per", "early"}
_PREFIXES |= {"late", "of", "a", "to"}
_GENERATION = re.compile(r"\d+[GHST]")  # of mobile networks, models
_SOFT_BREAK = re.compile(r"(?<=\S)\n(?=[^\s|*+\-\d#>])")
_RANGE = re.compile(rf"{_GAP}(?:to|and|or|bis|und){_GAP}\d|{_GAP}?[-–—]{_GAP}?\d")
_IDIOMS = re.compile(r"24/7|\b9/11\b")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`text` as it stands from `start` to `end`. `values` are the numbers that it may be, as
    `1.200` is written for two; a `date` has none. `unit` is None for a count; it is open for a
    number with nothing beside it that would say what is meant."""

    text: str
    start: int
    end: int
    values: frozenset[float] = frozenset()
    unit: str | None = None
    date: Date | None = None
    is_open: bool = False

    def is_said_by(self, other: "Quantity") -> bool:
        """Whether another says as much as this one."""
        if self.date and other.date:
            pairs = zip(self.date, other.date, strict=True)
            return all(mine is None or mine == theirs for mine, theirs in pairs)
        if self.date or other.date:  # a year may be a plain number elsewhere
            return bool(self._numbers() & other._numbers())
        if not self.values:
            return not other.values and _plain(self.text) == _plain(other.text)
        same = bool(self.values & other.values)
        return same and (self.is_open or other.is_open or self.unit == other.unit)

    def _numbers(self) -> frozenset[float]:
        """What may be a year."""
        if self.date is None:
            return self.values if self.unit is None else frozenset()
        year, *rest = self.date
        return frozenset([float(year)]) if year and not any(rest) else frozenset()


class Backing:
    """The quantities that are known from these texts; nothing in them is left out as numbering. A
    line end may stand within a quantity, or between two."""

    def __init__(self, texts: Iterable[str]) -> None:
        forms = (form for text in texts for form in dict.fromkeys((text, " ".join(text.split()))))
        self._known = [one for form in forms for one in _all(form)]

    def holds(self, quantity: Quantity) -> bool:
        return any(quantity.is_said_by(one) for one in self._known)


def quantities(text: str) -> list[Quantity]:
    """The quantities that a Markdown text states in its prose, in order."""
    covered = _SOFT_BREAK.sub(" ", prose(text))
    return [one for one in _find_all(covered) if not _is_none(covered, one)]


def find_unbacked(text: str, backing: Backing) -> list[Quantity]:
    """Those quantities of a Markdown text that the backing does not hold."""
    return [one for one in quantities(text) if not backing.holds(one)]


def _all(text: str) -> list[Quantity]:
    return _find_all(text, every=True)


def _find_all(text: str, *, every: bool = False) -> list[Quantity]:
    """Dates before phrases, these before numbers, and those before words, where they overlap."""
    taken: list[Quantity] = []
    for reader in (_dates, _phrases, _numbers):
        ends = {(one.start, one.end) for one in taken}
        for one in reader(text):
            if not any(start < one.end and one.start < end for start, end in ends):
                taken.append(one)
    words = [one for one in _read_words(text) if every or _states(text, one)]
    for one in words:
        if not any(other.start < one.end and one.start < other.end for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda one: one.start)


def _dates(text: str) -> Iterator[Quantity]:
    for match in _DATE.finditer(text):
        known = match.groupdict()
        if known["iso"]:
            parts = [int(part) for part in known["iso"].split("-")]
        elif known["dotted"]:
            parts = [int(part) for part in reversed(known["dotted"].split("."))]
        else:
            month = next(
                known[name] for name in ("month", "month2", "month3", "month4") if known[name]
            )
            year = int(known["year"] or known["year2"] or known["year3"] or 0)
            day = known["day"] or known["day2"]
            parts = [year, MONTHS[month.lower().rstrip(".")], *([int(day)] if day else [])]
        yield Quantity(match[0], *match.span(), date=_date(parts))


def _date(parts: list[int]) -> Date:
    """A year of 0 was not said."""
    year, month, day, *_ = [*parts, None, None]
    return year or None, month, day


def _numbers(text: str) -> Iterator[Quantity]:
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        if text[end : end + 1].isalpha() and not match["unit"]:
            end = match.end("digits")
            if not match["scale"]:
                continue  # `3D`
        if _GENERATION.fullmatch(match[0]):
            continue
        plain = match["digits"]
        alone = not any(match[name] for name in ("before", "scale", "ordinal", "unit"))
        if re.fullmatch(_YEAR, plain) and alone:
            yield Quantity(match[0], start, end, date=(int(plain), None, None))
            continue
        scale = SCALES[match["scale"].strip(" \u00a0-.").lower()] if match["scale"] else 1.0
        values = frozenset(value * scale for value in _values(plain))
        unit = match["unit"] or (match["before"] or "").strip()
        yield Quantity(
            match[0], start, end, values, _name(unit), is_open=alone and _is_open(text, end)
        )


def _read_words(text: str) -> Iterator[Quantity]:
    for match in _WORDS.finditer(text):
        unit = _name(match["unit"] or match["of"])
        yield Quantity(match[0], *match.span(), frozenset({value_of(match["words"])}), unit)


def _phrases(text: str) -> Iterator[Quantity]:
    for match in PHRASE.finditer(text):
        yield Quantity(match[0], *match.span())


def _states(text: str, one: Quantity) -> bool:
    """Whether a number that is written out says how much: `two reasons` does not."""
    large = min(one.values) >= 13 or (" " in one.text.strip() and one.unit is None)
    return one.unit is not None or large or (min(one.values) != 1 and counts_things(text, one.end))


def _is_none(text: str, one: Quantity) -> bool:
    """Whether digits are part of a name, a reference or a saying."""
    line = text.rfind("\n", 0, one.start) + 1
    before = text[max(line, one.start - 60) : one.start]
    if _IDIOMS.search(text, max(0, one.start - 3), one.end + 3):
        return True
    if not one.text[:1].isdigit() or one.unit is not None:
        return False
    attached = re.search(r"([A-Za-z][\w]*)[-_/.]?$", before)
    if attached and not before.endswith((" ", "\u00a0")):
        return attached[1].lower() not in _PREFIXES
    if one.date and one.date[1] is not None:
        return False
    if _REFERENCE.search(before):
        return not re.match(r" (?:people|persons|patients|of (?:all|them|the)\b)", text[one.end :])
    return _is_name(before, text[one.end :], one)


def _is_name(before: str, after: str, one: Quantity) -> bool:
    """`Python 3.12`, `Windows 11`, `HTTP 404`; but not `In Berlin 37 companies`."""
    match = re.search(r"(\S+)[ \u00a0]$", before)
    if match is None or not re.fullmatch(r"\d{1,3}(?:\.\d+)*", one.text):
        return False
    word = match[1].lstrip("(\"'“*_[")
    begins = not before[: match.start()].strip() or before[: match.start()].rstrip()[-1] in ".!?:"
    named = bool(re.match(r"[A-Z]", word)) and word.lower() not in _COMMON
    if not (_CAPITALS.match(word) or (named and (not begins or "." in one.text))):
        return False
    noun = re.match(r" ([a-z]+)", after)
    return not (noun and noun[1] not in _VERBS and (noun[1].endswith("s") or noun[1] == "people"))


def _is_open(text: str, end: int) -> bool:
    """A number in a table, of a range, or before no word, does not say what it counts."""
    if _RANGE.match(text, end):
        return True
    line = text[text.rfind("\n", 0, end) + 1 : end]
    return line.lstrip().startswith("|") or not re.match(r"[ \u00a0-][^\W\d_]", text[end : end + 2])


def _values(digits: str) -> set[float]:
    """The numbers that these digits may be: with points or commas for thousands or decimals."""
    plain = re.sub(r"['’\s\u00a0\u2009\u202f]", "", digits)
    found = set()
    for thousands, point in ((",", "."), (".", ",")):
        grouped = re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})*(?:\{point}\d+)?", plain)
        if grouped or re.fullmatch(rf"\d+(?:\{point}\d+)?", plain):
            found.add(float(plain.replace(thousands, "").replace(point, ".")))
    return found


def _plain(words: str) -> str:
    return words.casefold().replace("-", " ")


def _name(unit: str | None) -> str | None:
    if not unit:
        return None
    plain = re.sub(r"[ -]+", " ", unit.lower())
    return NAMES.get(plain) or NAMES.get(plain[-1:]) or PERCENT
