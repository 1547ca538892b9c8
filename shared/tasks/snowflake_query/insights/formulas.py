"""Formulas over the cells of a result, reckoned with decimal numbers: what every number of an
insight must come from.

    SALES[2]                      the second row of a column; PREVIOUS.SALES[2] of the period before
    SALES[1,4,7]  SALES[1:3]      several rows; SALES alone means all
    SUM AVG MIN MAX MEDIAN COUNT  of cells; RANK(SALES[2]) is 1 for the greatest of the column
    + - * / ( ) and numbers; "a name" with other signs than letters, digits and _
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext
from typing import NamedTuple

from shared.tasks.snowflake_query.models import CellRef, Table

_MAX_LENGTH = 1_000
_MAX_DEPTH = 20
_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>"(?:[^"]|"")+"|[^\W\d]\w*)|(?P<sign>[-+*/()\[\],:.]))'
)
_PRECISION = Context(prec=60)


class FormulaError(ValueError):
    """It cannot be read, or names what there is not."""


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a formula comes to, and the cells that it names, each once."""

    value: Decimal
    cells: tuple[CellRef, ...]


class _Ref(NamedTuple):
    table: str
    column: str
    row: int
    value: str


@dataclass(frozen=True, slots=True)
class _Cells:
    """What stands for cells: those that hold something, and the column that they are of."""

    found: tuple[_Ref, ...]
    column: tuple[str, int]


_Value = Decimal | _Cells


def reckon(formula: str, tables: Mapping[str, Table]) -> Reckoned:
    """The value of a formula over tables by name ("query", "previous"). Raises FormulaError."""
    if len(formula) > _MAX_LENGTH:
        raise FormulaError("too long")
    with localcontext(_PRECISION):
        try:
            reader = _Reader(formula, tables)
            value = reader.read_all()
        except (DecimalException, RecursionError, OverflowError):
            raise FormulaError("no number") from None
    cells = (CellRef(**ref._asdict()) for ref in dict.fromkeys(reader.used))
    return Reckoned(value, tuple(cells))


def agrees(value: Decimal, told: Decimal) -> bool:
    """Whether `told` is the value, rounded to as many decimal places as it has."""
    exponent = told.as_tuple().exponent
    places = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    with localcontext(_PRECISION):
        try:
            ways = (value.quantize(places, way) for way in (ROUND_HALF_EVEN, ROUND_HALF_UP))
            return told in ways
        except DecimalException:
            return False


def quote(name: str) -> str:
    """A column's name as formulas write it."""
    return name if re.fullmatch(r"[^\W\d]\w*", name) else '"' + name.replace('"', '""') + '"'


def list_rows(rows: Sequence[int]) -> str:
    """Rows as formulas name them."""
    return f"[{','.join(map(str, rows))}]"


class _Reader:
    def __init__(self, formula: str, tables: Mapping[str, Table]) -> None:
        self._tables = tables
        self._tokens = _tokens(formula)
        self._place = 0
        self._depth = 0
        self.used: list[_Ref] = []

    def read_all(self) -> Decimal:
        value = self._single(self._sum())
        if self._place < len(self._tokens):
            raise FormulaError("something is left over")
        return value

    def _peek(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else ""

    def _take(self, *wanted: str) -> str:
        part = self._peek()
        if not part or (wanted and part not in wanted):
            raise FormulaError("cannot be read")
        self._place += 1
        return part

    def _sum(self) -> _Value:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FormulaError("too deep")
        value = self._product()
        while self._peek() in ("+", "-"):
            sign, left = self._take(), self._single(value)
            right = self._single(self._product())
            value = left + right if sign == "+" else left - right
        self._depth -= 1
        return value

    def _product(self) -> _Value:
        value = self._factor()
        while self._peek() in ("*", "/"):
            sign, left = self._take(), self._single(value)
            right = self._single(self._factor())
            if sign == "/" and not right:
                raise FormulaError("divides by zero")
            value = left * right if sign == "*" else left / right
        return value

    def _factor(self) -> _Value:
        part = self._take()
        if part == "-":
            return -self._single(self._factor())
        if part == "(":
            value = self._sum()
            self._take(")")
            return value
        if part[0].isdigit():
            return Decimal(part)
        if part.upper() in _FUNCTIONS and self._peek() == "(":
            return self._call(part.upper())
        return self._cells(part)

    def _call(self, name: str) -> Decimal:
        self._take("(")
        arguments = [self._sum()]
        while self._peek() == ",":
            self._take()
            arguments.append(self._sum())
        self._take(")")
        if name == "RANK":
            return self._rank(arguments)
        if name == "COUNT":
            return Decimal(
                sum(len(one.found) if isinstance(one, _Cells) else 1 for one in arguments)
            )
        numbers = [number for one in arguments for number in self._numbers(one)]
        if not numbers:
            raise FormulaError("has no cells")
        return _FUNCTIONS[name](numbers)

    def _rank(self, arguments: Sequence[_Value]) -> Decimal:
        [cells] = arguments if len(arguments) == 1 else [None]
        if not isinstance(cells, _Cells) or len(cells.found) != 1:
            raise FormulaError("RANK wants one cell")
        table, place = cells.column
        mine = self._single(cells)
        rows = self._tables[table].rows
        others = [_number(row[place]) for row in rows if row[place] is not None]
        return Decimal(1 + sum(other > mine for other in others))

    def _cells(self, name: str) -> _Cells:
        table = "query"
        if self._peek() == ".":
            self._take()
            table, name = name.lower(), self._take()
        known = self._tables.get(table)
        column = name[1:-1].replace('""', '"') if name.startswith('"') else name
        if known is None or column not in known.names:
            raise FormulaError("there is no such column")
        place = known.names.index(column)
        rows = self._rows() if self._peek() == "[" else range(1, len(known.rows) + 1)
        found = []
        for row in rows:
            if not 1 <= row <= len(known.rows):
                raise FormulaError("there is no such row")
            value = known.rows[row - 1][place]
            if value is not None:
                found.append(_Ref(table, column, row, str(value)))
        self.used += found
        return _Cells(tuple(found), (table, place))

    def _rows(self) -> list[int]:
        self._take("[")
        rows: list[int] = []
        while True:
            start = self._row()
            end = start
            if self._peek() == ":":
                self._take()
                end = self._row()
            if end - start > 20_000:
                raise FormulaError("there is no such row")
            rows += range(start, end + 1)
            if self._take(",", "]") == "]":
                return rows

    def _row(self) -> int:
        part = self._take()
        if not part.isdecimal():
            raise FormulaError("a row is a number")
        return int(part)

    def _single(self, value: _Value) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if len(value.found) != 1:
            raise FormulaError("one cell is wanted")
        return _number(value.found[0].value)

    def _numbers(self, value: _Value) -> list[Decimal]:
        if isinstance(value, Decimal):
            return [value]
        return [_number(ref.value) for ref in value.found]


def _tokens(formula: str) -> list[str]:
    tokens, place, text = [], 0, formula.strip()
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None:
            raise FormulaError("cannot be read")
        tokens.append(found[0].strip())
        place = found.end()
    return tokens


def _number(value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except DecimalException:
        raise FormulaError("is no number") from None
    if isinstance(value, bool) or not number.is_finite():
        raise FormulaError("is no number")
    return number


def _median(numbers: Sequence[Decimal]) -> Decimal:
    ordered, middle = sorted(numbers), len(numbers) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


_FUNCTIONS: dict[str, Callable[[Sequence[Decimal]], Decimal]] = {
    "SUM": lambda numbers: sum(numbers, Decimal(0)),
    "AVG": lambda numbers: sum(numbers, Decimal(0)) / len(numbers),
    "MIN": min,
    "MAX": max,
    "MEDIAN": _median,
    "COUNT": lambda numbers: Decimal(len(numbers)),
    "RANK": max,
}
