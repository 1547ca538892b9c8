"""What may be asked of a table, and the answers, reckoned exactly: a closed list, of which the
profile of a table is made as well."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal, localcontext
from enum import StrEnum
from typing import Literal, TypeVar

from shared.documents.tables.reading import DataTable
from shared.models import Model

MAX_GROUPS = 12
MAX_ROWS = 5
_MAX_VALUE = 200
_EXACT = Context(prec=200)
_PLACES = Decimal("0.000001")
"""To which an average is rounded that has no end."""


class RowTest(StrEnum):
    IS = "is"
    IS_NOT = "is_not"
    CONTAINS = "contains"
    ABOVE = "above"
    BELOW = "below"


class Function(StrEnum):
    COUNT = "count"
    EMPTY = "empty"
    DISTINCT = "distinct"
    SUM = "sum"
    AVERAGE = "average"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"


class Condition(Model):
    """What must hold of a row; numbers are compared as such where the column is of numbers."""

    column: str
    test: RowTest
    value: str


class Aggregate(Model):
    """One value of a column."""

    kind: Literal["aggregate"]
    function: Function
    column: str
    where: list[Condition]


class Groups(Model):
    """The same for each value of the column `by`, the groups with the most rows first."""

    kind: Literal["groups"]
    function: Function
    column: str
    by: str
    where: list[Condition]


class FirstRows(Model):
    """The first rows, in the order of a column if one is named, else of the file."""

    kind: Literal["rows"]
    sort_by: str | None
    descending: bool
    where: list[Condition]


Query = Aggregate | Groups | FirstRows


class Computed(Model):
    """What came of a query: `rows` says of which rows, `columns` of which columns."""

    function: str
    value: str
    columns: list[str]
    rows: str


def compute(table: DataTable, query: Query) -> list[Computed]:
    """The answers; none where the table has no such column, or the column no such value."""
    named = [one.column for one in query.where]
    named += [query.column] if not isinstance(query, FirstRows) else []
    named += [query.by] if isinstance(query, Groups) else []
    named += [query.sort_by] if isinstance(query, FirstRows) and query.sort_by else []
    if any(name not in table.columns for name in named):
        return []
    places: Sequence[int] = range(len(table.rows))
    for condition in query.where:
        holds = _make_test(table, condition)
        places = [at for at in places if holds(at)]
    if isinstance(query, FirstRows):
        return list(_list_rows(table, query, places))
    if isinstance(query, Groups):
        return list(_compute_groups(table, query, places))
    made = _aggregate(table, query.function, query.column, places, _describe(query.where))
    return [made] if made else []


def profile(table: DataTable) -> list[Query]:
    """The queries that tell what a table holds."""
    asked: list[Query] = [
        Aggregate(kind="aggregate", function=Function.COUNT, column=table.columns[0], where=[])
    ]
    for at, column in enumerate(table.columns):
        functions = [Function.EMPTY, Function.DISTINCT, Function.MINIMUM, Function.MAXIMUM]
        if table.numbers[at]:
            functions += [Function.SUM, Function.AVERAGE]
        asked += [
            Aggregate(kind="aggregate", function=one, column=column, where=[]) for one in functions
        ]
        if len(set(table.cells[at])) <= MAX_GROUPS:
            count = Groups(
                kind="groups", function=Function.COUNT, column=column, by=column, where=[]
            )
            asked.append(count)
    return [*asked, FirstRows(kind="rows", sort_by=None, descending=False, where=[])]


def _make_test(table: DataTable, one: Condition) -> Callable[[int], bool]:
    """Whether a row by its number passes. An empty cell is neither above nor below anything."""
    place, rows, test = table.columns.index(one.column), table.rows, one.test
    numbers, words = table.numbers[place], one.value.casefold()
    if test is RowTest.CONTAINS:
        return lambda at: words in rows[at][place].casefold()
    if numbers is None:
        text = one.value.strip() or None
        return lambda at: _compare(rows[at][place] or None, text, test)
    number = _read(one.value)
    return lambda at: _compare(numbers[at], number, test)


C = TypeVar("C", str, Decimal)


def _compare(mine: C | None, theirs: C | None, test: RowTest) -> bool:
    if test in (RowTest.IS, RowTest.IS_NOT):
        return (mine == theirs) is (test is RowTest.IS)
    if mine is None or theirs is None:
        return False
    return mine > theirs if test is RowTest.ABOVE else mine < theirs


def _read(value: str) -> Decimal | None:
    try:
        number = Decimal(value.replace(",", "").strip())
    except ArithmeticError:
        return None
    return number if number.is_finite() else None


def _aggregate(
    table: DataTable, function: Function, column: str, places: Sequence[int], where: str
) -> Computed | None:
    place = table.columns.index(column)
    is_all, cells = isinstance(places, range), table.cells[place]
    cells = cells if is_all else [cells[at] for at in places]
    numbers = table.numbers[place]
    chosen = numbers if is_all or numbers is None else [numbers[at] for at in places]
    known = None if chosen is None else [n for n in chosen if n is not None]
    value = _COUNTS[function](cells) if function in _COUNTS else _reckon(function, cells, known)
    if value is None:
        return None
    rows = (
        f"all {len(table.rows)} rows" if not where else f"{len(places)} of {len(table.rows)} rows"
    )
    return Computed(
        function=f"{function}({column}){where}", value=value, columns=[column], rows=rows
    )


def _reckon(
    function: Function, cells: Sequence[str], numbers: Sequence[Decimal] | None
) -> str | None:
    """Least and greatest are of texts where a column is not of numbers."""
    if numbers is None:
        said = [cell for cell in cells if cell]
        if not said or function not in (Function.MINIMUM, Function.MAXIMUM):
            return None
        return (min(said) if function is Function.MINIMUM else max(said))[:_MAX_VALUE]
    if not numbers:
        return None
    with localcontext(_EXACT):
        if function is Function.SUM:
            return f"{sum(numbers, Decimal(0)):f}"
        if function is Function.AVERAGE:
            average = sum(numbers, Decimal(0)) / len(numbers)
            rounded = average.quantize(_PLACES, ROUND_HALF_EVEN)
            return f"{average if average == rounded else rounded:f}"
    return f"{min(numbers) if function is Function.MINIMUM else max(numbers):f}"


def _compute_groups(table: DataTable, query: Groups, places: Sequence[int]) -> Iterator[Computed]:
    by = table.columns.index(query.by)
    groups: dict[str, list[int]] = {}
    for at in places:
        groups.setdefault(table.rows[at][by], []).append(at)
    largest = sorted(groups, key=lambda value: (-len(groups[value]), value))[:MAX_GROUPS]
    for value in largest:
        condition = Condition(column=query.by, test=RowTest.IS, value=value[:_MAX_VALUE])
        where = _describe([*query.where, condition])
        if made := _aggregate(table, query.function, query.column, groups[value], where):
            yield made.model_copy(update={"columns": list(dict.fromkeys([query.column, query.by]))})


def _list_rows(table: DataTable, query: FirstRows, places: Sequence[int]) -> Iterator[Computed]:
    chosen = list(places)
    if query.sort_by:
        place = table.columns.index(query.sort_by)
        numbers = table.numbers[place]
        if numbers is None:
            chosen.sort(key=lambda at: table.rows[at][place], reverse=query.descending)
        else:
            chosen = [at for at in chosen if numbers[at] is not None]
            chosen.sort(key=lambda at: numbers[at] or Decimal(0), reverse=query.descending)
    for at in chosen[:MAX_ROWS]:
        pairs = zip(table.columns, table.rows[at], strict=True)
        shown = "; ".join(f"{name}: {cell[:_MAX_VALUE]}" for name, cell in pairs)
        yield Computed(
            function=f"row {at + 1}", value=shown, columns=table.columns, rows=f"row {at + 1}"
        )


def _describe(where: Sequence[Condition]) -> str:
    said = (f"{one.column} {one.test.replace('_', ' ')} “{one.value}”" for one in where)
    return f" where {' and '.join(said)}" if where else ""


_COUNTS: dict[Function, Callable[[Sequence[str]], str]] = {
    Function.COUNT: lambda cells: str(len(cells)),
    Function.EMPTY: lambda cells: str(sum(not cell for cell in cells)),
    Function.DISTINCT: lambda cells: str(len(Counter(cell for cell in cells if cell))),
}
