"""The quantities that a text states: numbers with a unit, percentages, amounts of money, counts and
dates, in prose. No quantities are the digits of names (`UTF-8`, `Python 3.12`), of references
(`Table 2`, `Article 28`) and of numbering.

Two quantities are the same when value and unit are, however they are written: `1,200 ms` and `1 200
milliseconds`, `5 %` and `five percent`, `2024` and `May 2024`. Numbers written out are read in
English; small ones count only with a unit, or before what is usually counted.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from shared.statements.dates import YEAR, Date, agree, find_dates
from shared.statements.foreign_numbers import find_foreign_numbers, find_ordinals
from shared.statements.number_words import WRITTEN, counts_things, value_of
from shared.statements.numbering import is_attached, is_numbering, is_saying
from shared.statements.phrases import PHRASE
from shared.statements.prose import prose
from shared.statements.units import (
    CODES,
    NAMES,
    PERCENT,
    SCALE,
    SCALES,
    SYMBOLS,
    UNIT,
)
from shared.statements.vocabulary import language_of
from shared.text.remembering import remember_texts

_GAP = "[ \u00a0\u2009\u202f]"
_DIGITS = r"\d{1,3}(?:[,.'’\u00a0\u2009\u202f ]\d{3}(?!\d))+(?:[.,]\d+)?|\d+(?:[.,]\d+)?"
_NUMBER = re.compile(
    rf"""
    (?P<before>
        (?:{"|".join(map(re.escape, CODES))}|(?:[A-Z]{{1,2}})?[{re.escape(SYMBOLS)}]){_GAP}?
    )?
    (?P<digits>{_DIGITS})
    (?P<scale>{SCALE})?
    (?P<ordinal>(?:st|nd|rd|th)(?!\w))?
    (?P<decade>s(?!\w)(?<=0s))?
    (?:(?:[ \u00a0\u2009\u202f-]?|(?<=\d)\)[ ])(?P<unit>{UNIT}))?
    """,
    re.X | re.I,
)
_WORDS = re.compile(
    rf"(?<![\w-])(?P<words>{WRITTEN})"
    rf"(?:{_GAP}(?:or more |or so )?(?P<unit>{UNIT})|-(?P<of>{UNIT}))?",
    re.I,
)
_GENERATION = re.compile(r"\d+[GHST]")  # of mobile networks, models
_SOFT_BREAK = re.compile(r"(?<=\S)\n(?=[^\s|*+\-\d#>])")
_RANGE = re.compile(rf"{_GAP}(?:to|and|or|bis|und){_GAP}\d|{_GAP}?[-–—]{_GAP}?\d")


@dataclass(frozen=True, slots=True)
class Quantity:
    """`text` as it stands from `start` to `end`. `values` are the numbers that it may be, as
    `1.200` is written for two; `dates` likewise, and a date has no values. `unit` is None for a
    count; it is open for a number with nothing beside it that would say what is meant."""

    text: str
    start: int
    end: int
    values: frozenset[Decimal] = frozenset()
    unit: str | None = None
    dates: frozenset[Date] = frozenset()
    is_open: bool = False

    def is_said_by(self, other: "Quantity") -> bool:
        """Whether another says as much as this one."""
        if self.dates and other.dates:
            return any(agree(mine, theirs) for mine in self.dates for theirs in other.dates)
        if self.dates or other.dates:  # a year may be a plain number elsewhere
            return bool(self.years & other.years)
        if not self.values:
            return not other.values and _plain(self.text) == _plain(other.text)
        same = bool(self.values & other.values)
        return same and (self.is_open or other.is_open or self.unit == other.unit)

    @property
    def years(self) -> frozenset[Decimal]:
        """What may be a year."""
        if not self.dates:
            return self.values if self.unit is None else frozenset()
        return frozenset(Decimal(year) for year, *rest in self.dates if year and not any(rest))


class Backing:
    """The quantities that are known from these texts; nothing in them is left out as numbering. A
    line end may stand within a quantity, or between two."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._texts = tuple(texts)
        self._known: dict[str, _Known] = {}

    def holds(self, quantity: Quantity) -> bool:
        """Each text is read once it is asked for: those first in which the same words stand."""
        likeliest = sorted(self._texts, key=lambda text: quantity.text not in text)
        return any(self._read(text).say(quantity) for text in likeliest)

    def _read(self, text: str) -> "_Known":
        if text not in self._known:
            self._known[text] = _read_known(text)
        return self._known[text]


class _Known:
    """The quantities of a text, as they are looked up."""

    def __init__(self, found: Sequence[Quantity]) -> None:
        self._dated = list({one.dates: one for one in found if one.dates}.values())
        self._phrases = {_plain(one.text) for one in found if not one.dates and not one.values}
        self._by_value: dict[Decimal, list[Quantity]] = {}
        for one in {(one.values, one.unit, one.is_open): one for one in found}.values():
            for value in one.values:
                self._by_value.setdefault(value, []).append(one)

    def say(self, quantity: Quantity) -> bool:
        if not quantity.values and not quantity.dates:
            return _plain(quantity.text) in self._phrases
        wanted = {*quantity.values, *quantity.years}
        same = (one for value in wanted for one in self._by_value.get(value, ()))
        return any(quantity.is_said_by(one) for one in (*self._dated, *same))


def quantities(text: str) -> list[Quantity]:
    """The quantities that a Markdown text states in its prose, in order."""
    return list(_read_stated(text))


@remember_texts
def _read_stated(text: str) -> Sequence[Quantity]:
    covered = _SOFT_BREAK.sub(" ", prose(text))
    return tuple(one for one in _find_all(covered) if not _is_none(covered, one))


def list_numbers(sentence: str) -> list[Quantity]:
    """Every number in a plain sentence, digits of names and references among them, and in its own
    language those that are written out; `one` and `two` only where they count something."""
    known = list(_foreign(sentence))
    taken = _Mask(sentence, known)
    every = (
        one
        for one in _find_all(sentence, every=True)
        if not one.values or one.text[:1].isdigit() or max(one.values) > 2 or _states(sentence, one)
    )
    return [*known, *(one for one in every if taken.take(one))]


def find_unbacked(text: str, backing: Backing) -> list[Quantity]:
    """Those quantities of a Markdown text that the backing does not hold."""
    return [one for one in quantities(text) if not backing.holds(one)]


class _Mask:
    """Which places of a text are taken by a quantity."""

    def __init__(self, text: str, known: Iterable[Quantity] = ()) -> None:
        self._taken = bytearray(len(text))
        for one in known:
            self.take(one)

    def take(self, one: Quantity) -> bool:
        """Whether nothing was there before it."""
        if self._taken.find(1, one.start, one.end) >= 0:
            return False
        self._taken[one.start : one.end] = b"\x01" * (one.end - one.start)
        return True


@remember_texts
def _read_known(text: str) -> _Known:
    forms = dict.fromkeys((text, " ".join(text.split())))
    return _Known(
        [one for form in forms for one in (*_find_all(form, every=True), *_foreign(form))]
    )


def _find_all(text: str, *, every: bool = False) -> list[Quantity]:
    """Dates before phrases, these before numbers, and those before words, where they overlap."""
    taken = _Mask(text)
    words = (one for one in _read_words(text) if every or _states(text, one))
    read = chain(_dates(text), _phrases(text), _numbers(text), words)
    return sorted((one for one in read if taken.take(one)), key=lambda one: one.start)


def _foreign(text: str) -> Iterator[Quantity]:
    readings = chain(find_foreign_numbers(text, language_of(text)), find_ordinals(text))
    for words, start, end, number, unit in readings:
        yield Quantity(words, start, end, frozenset([number]), _name(unit))


def _is_none(text: str, one: Quantity) -> bool:
    """Whether digits are part of a name, a reference or a saying."""
    if is_saying(text, one.start, one.end):
        return True
    if not one.text[:1].isdigit() or one.unit is not None:
        return False
    if (attached := is_attached(text, one.start)) is not None:
        return attached
    if any(month is not None for _, month, _ in one.dates):
        return False
    return is_numbering(text, one.start, one.end)


def _dates(text: str) -> Iterator[Quantity]:
    for text_of, start, end, dates in find_dates(text):
        yield Quantity(text_of, start, end, dates=dates)


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
        if re.fullmatch(YEAR, plain) and alone:
            yield Quantity(match[0], start, end, dates=frozenset([(int(plain), None, None)]))
            continue
        scale = SCALES[match["scale"].strip(" \u00a0-.").lower()] if match["scale"] else Decimal(1)
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


def _is_open(text: str, end: int) -> bool:
    """A number in a table, of a range, or before no word, does not say what it counts."""
    if _RANGE.match(text, end):
        return True
    line = text[text.rfind("\n", 0, end) + 1 : end]
    return line.lstrip().startswith("|") or not re.match(r"[ \u00a0-][^\W\d_]", text[end : end + 2])


def _values(digits: str) -> set[Decimal]:
    """The numbers that these digits may be: with points or commas for thousands or decimals."""
    plain = re.sub(r"['’\s\u00a0\u2009\u202f]", "", digits)
    found = set()
    for thousands, point in ((",", "."), (".", ",")):
        grouped = re.fullmatch(rf"\d{{1,3}}(?:\{thousands}\d{{3}})*(?:\{point}\d+)?", plain)
        if grouped or re.fullmatch(rf"\d+(?:\{point}\d+)?", plain):
            found.add(Decimal(plain.replace(thousands, "").replace(point, ".")))
    return found


def _plain(words: str) -> str:
    return words.casefold().replace("-", " ")


def _name(unit: str | None) -> str | None:
    if not unit:
        return None
    plain = re.sub(r"[ -]+", " ", unit.lower())
    return NAMES.get(plain) or NAMES.get(plain[-1:]) or PERCENT
