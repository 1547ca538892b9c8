"""What the program itself reckons of the rows: values, totals, shares, ranks, changes, outliers.
The model words these, and adds none."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from shared.tasks.snowflake_query.insights.facts import (
    Fact,
    FactKind,
    number_of,
    say_change,
    shown_time,
)
from shared.tasks.snowflake_query.insights.formulas import list_rows, quote
from shared.tasks.snowflake_query.models import Number, Table
from shared.tasks.snowflake_query.tables import BETWEEN, Shape, day_of, grain_of, label_of, shape_of

MAX_FACTS = 40
_MAX_GROUPS = 12
_MAX_MEASURES = 3
_OUTLIER = Decimal(3)
"""How many times the median a value must be to be called one."""
_GRAINS = ("day", "month", "quarter", "year")


@dataclass(frozen=True, slots=True)
class Basis:
    """What facts are made of. `additive` are the columns whose values may be added up; `open_from`
    is the first day of a unit of time that is not over: nothing is compared with it."""

    tables: Mapping[str, Table]
    additive: frozenset[str]
    is_whole: bool
    today: date
    previous_words: str = ""

    @property
    def table(self) -> Table:
        return self.tables["query"]


@dataclass(frozen=True, slots=True)
class _Group:
    """Rows of one name, or of one time; `label` is what they are called."""

    label: str
    rows: tuple[int, ...]


def find_facts(basis: Basis) -> list[Fact]:
    """The most telling first. None of a table without numbers or rows."""
    table = basis.table
    shape = shape_of(table)
    found: list[Fact] = []
    for place in shape.measures[:_MAX_MEASURES]:
        found += _Measure(basis, shape, place).facts()
    return found[:MAX_FACTS]


class _Measure:
    """The facts of one column of numbers."""

    def __init__(self, basis: Basis, shape: Shape, place: int) -> None:
        self._basis = basis
        self._table = basis.table
        self._shape = shape
        self._name = self._table.columns[place].name
        self._column = quote(self._name)
        self._place = place
        self._adds = self._name in basis.additive and basis.is_whole
        self._rows = [
            number for number, row in enumerate(self._table.rows, 1) if row[place] is not None
        ]

    def facts(self) -> Iterator[Fact]:
        if not self._rows:
            return
        if len(self._rows) == 1:
            yield from self._values(self._rows)
            yield from self._compare()
        elif self._shape.times and self._shape.names:
            yield from self._over_time_and_names()
        elif self._shape.times:
            yield from self._over_time()
        else:
            yield from self._over_names()

    def _over_names(self) -> Iterator[Fact]:
        ordered = sorted(self._rows, key=self._value, reverse=True)
        yield from self._totals()
        if self._shape.names:
            yield from self._ranks([_Group(self._label(row), (row,)) for row in ordered])
        yield from self._outliers(ordered)
        yield from self._compare()
        for row in ordered[:_MAX_GROUPS]:
            yield from self._values([row])
            yield from self._share(self._label(row), (row,))

    def _over_time(self) -> Iterator[Fact]:
        ordered = sorted(self._rows, key=self._time)
        yield from self._totals()
        yield from self._changes("", ordered)
        groups = [_Group(self._time(row), (row,)) for row in ordered]
        closed = [one for one in groups if not self._is_open(one.label)]
        by_value = sorted(closed, key=lambda one: self._value(one.rows[0]), reverse=True)
        yield from self._ranks(by_value, is_time=True)
        yield from self._outliers(ordered)
        yield from self._compare()
        yield from self._values(ordered[-_MAX_GROUPS:])

    def _over_time_and_names(self) -> Iterator[Fact]:
        yield from self._totals()
        groups = self._groups()
        if self._adds:
            groups = sorted(groups, key=lambda one: self._sum(one.rows), reverse=True)
            yield from self._ranks(groups)
        for one in groups[:_MAX_GROUPS]:
            if self._adds:
                yield from self._sums(one)
                yield from self._share(one.label, one.rows)
            yield from self._changes(one.label, sorted(one.rows, key=self._time))
        yield from self._compare()
        yield from self._values(sorted(self._rows, key=self._time)[-_MAX_GROUPS:])

    def _groups(self) -> list[_Group]:
        rows: dict[str, list[int]] = defaultdict(list)
        for row in self._rows:
            rows[self._label(row)].append(row)
        return [_Group(label, tuple(numbers)) for label, numbers in rows.items()]

    def _values(self, rows: Sequence[int]) -> Iterator[Fact]:
        for row in rows:
            label = self._label(row)
            times = [self._time(row)] if self._shape.times else []
            if len(self._rows) > 1 and not (label or times):
                continue
            about = (f" of {label}" if label else "") + (f" in {times[0]}" if times else "")
            number = self._number(f"{self._column}[{row}]")
            if number:
                yield self._fact(
                    FactKind.VALUE,
                    f"{self._name}{about} is {number.shown}.",
                    [number],
                    label,
                    times,
                )

    def _totals(self) -> Iterator[Fact]:
        number = self._number(f"SUM({self._column})") if self._adds else None
        if number:
            yield self._fact(
                FactKind.TOTAL, f"The total of {self._name} is {number.shown}.", [number]
            )

    def _sums(self, group: _Group) -> Iterator[Fact]:
        number = self._number(f"SUM({self._column}{list_rows(group.rows)})")
        if number and group.label:
            text = f"{self._name} of {group.label} is {number.shown} in total."
            yield self._fact(FactKind.TOTAL, text, [number], group.label)

    def _share(self, label: str, rows: Sequence[int]) -> Iterator[Fact]:
        """Of the total: only where no value is negative, or shares would not add up."""
        if not self._adds or not label or any(self._value(row) < 0 for row in self._rows):
            return
        number = self._number(
            f"SUM({self._column}{list_rows(rows)}) / SUM({self._column}) * 100", percent=True
        )
        if number:
            text = f"{label} has {number.shown} of the total of {self._name}."
            yield self._fact(FactKind.SHARE, text, [number], label)

    def _ranks(self, ordered: Sequence[_Group], is_time: bool = False) -> Iterator[Fact]:
        """The greatest and the least of groups, which come in this order; none where several share
        the place."""
        sums = [self._sum(one.rows) for one in ordered]
        if len(ordered) < 2:
            return
        for place, other, word in ((0, 1, "highest"), (-1, -2, "lowest")):
            if sums[place] == sums[other]:
                continue
            group = ordered[place]
            rows = group.rows
            formula = (
                f"SUM({self._column}{list_rows(rows)})"
                if len(rows) > 1
                else f"{self._column}[{rows[0]}]"
            )
            number = self._number(formula)
            if number and (group.label or is_time):
                where = f"in {group.label}" if is_time else f"of {group.label}"
                text = f"{self._name} {where} is the {word}, {number.shown}."
                names, times = ("", [group.label]) if is_time else (group.label, [])
                yield self._fact(FactKind.RANK, text, [number], names, times, greatest=place == 0)

    def _changes(self, label: str, ordered: Sequence[int]) -> Iterator[Fact]:
        """From the first to the last time that is over, and to it from the one before."""
        closed = [row for row in ordered if not self._is_open(self._time(row))]
        times = [self._time(row) for row in closed]
        if len(closed) < 2 or len(set(times)) < len(times):
            return
        yield from self._change(label, closed[0], closed[-1])
        if len(closed) > 2:
            yield from self._change(label, closed[-2], closed[-1])

    def _change(self, label: str, old: int, new: int) -> Iterator[Fact]:
        about = f" of {label}" if label else ""
        cells = f"{self._column}[{new}]", f"{self._column}[{old}]"
        number = self._difference(*cells)
        if number:
            start, end = self._time(old), self._time(new)
            text = f"{self._name}{about} {say_change(number)} from {start} to {end}."
            yield self._fact(FactKind.CHANGE, text, [number], label, [start, end])

    def _difference(self, new: str, old: str) -> Number | None:
        """In per cent of the old value, where that is positive."""
        before = self._number(old)
        if before is None or Decimal(before.value) <= 0:
            return None
        return self._number(f"({new} - {old}) / {old} * 100", percent=True)

    def _compare(self) -> Iterator[Fact]:
        """With the period before, where that was asked for as well."""
        previous = self._basis.tables.get("previous")
        if previous is None or not self._adds or previous.is_truncated or not previous.rows:
            return
        old, words = f"PREVIOUS.{self._column}", self._basis.previous_words
        days = words.split(" to ")
        number = self._difference(f"SUM({self._column})", f"SUM({old})")
        if number:
            text = f"The total of {self._name} {say_change(number)} against {words}."
            yield self._fact(FactKind.CHANGE, text, [number], times=days)
        theirs: dict[str, list[int]] = defaultdict(list)
        for row in range(1, len(previous.rows) + 1):
            theirs[label_of(previous, self._shape, row)].append(row)
        for one in sorted(self._groups(), key=lambda group: -self._sum(group.rows))[:_MAX_GROUPS]:
            if one.label and one.label in theirs:
                mine = f"SUM({self._column}{list_rows(one.rows)})"
                number = self._difference(mine, f"SUM({old}{list_rows(theirs[one.label])})")
                if number:
                    text = f"{self._name} of {one.label} {say_change(number)} against {words}."
                    yield self._fact(FactKind.CHANGE, text, [number], one.label, days)

    def _outliers(self, rows: Sequence[int]) -> Iterator[Fact]:
        if len(rows) < 5 or any(self._value(row) < 0 for row in rows):
            return
        for row in rows:
            number = self._number(f"{self._column}[{row}] / MEDIAN({self._column})")
            if number and Decimal(number.value) >= _OUTLIER:
                label, times = self._label(row), [self._time(row)] if self._shape.times else []
                where = f"of {label}" if label else f"in {times[0]}" if times else ""
                text = f"{self._name} {where} is {number.shown} times the median."
                yield self._fact(FactKind.OUTLIER, text, [number], label, times)

    def _fact(
        self,
        kind: FactKind,
        text: str,
        numbers: Sequence[Number],
        name: str = "",
        times: Sequence[str] = (),
        greatest: bool = False,
    ) -> Fact:
        names = frozenset(filter(None, name.split(BETWEEN)))
        return Fact(kind, text, tuple(numbers), names, frozenset(times), self._name, greatest)

    def _number(self, formula: str, percent: bool = False) -> Number | None:
        return number_of(formula, self._basis.tables, percent)

    def _value(self, row: int) -> Decimal:
        return Decimal(str(self._table.rows[row - 1][self._place]))

    def _sum(self, rows: Sequence[int]) -> Decimal:
        return sum(map(self._value, rows), Decimal(0))

    def _label(self, row: int) -> str:
        return label_of(self._table, self._shape, row)

    def _time(self, row: int) -> str:
        """As far as it matters: 2026-07 for the first of a month where all are."""
        place = self._shape.times[0]
        days = [day_of(str(one[place])) for one in self._table.rows if one[place] is not None]
        value = self._table.rows[row - 1][place]
        return shown_time(day_of(str(value)), grain_of([day for day in days if day]))

    def _is_open(self, time: str) -> bool:
        """Whether it is not over on the day of the ticket."""
        return any(shown_time(self._basis.today, grain) == time for grain in _GRAINS)
