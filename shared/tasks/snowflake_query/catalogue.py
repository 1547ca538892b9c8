"""What tables there are and what is in them, as far as a role sees them."""

import re
from collections.abc import Iterable, Sequence

from shared.models import Model
from shared.sql.policy import TableName
from shared.tasks.snowflake_query.semantic_layer import SemanticLayer

_MAX_TABLES = 12
_MAX_COLUMNS = 40
_COMMON = frozenset(
    """
a all an and are as at by each every for from give had has have how in is it last list
many me month most much not of on or our over per please quarter show than that the their
there this to total trend was week were what when where which who with year you
""".split()  # noqa: SIM905  a table of words
)
_TEXT = ("TEXT", "VARCHAR", "CHAR", "STRING")


class ColumnInfo(Model):
    """`examples` are some values, of a text column."""

    name: str
    type: str
    comment: str = ""
    examples: list[str] = []

    @property
    def is_text(self) -> bool:
        return self.type.upper().startswith(_TEXT)

    @property
    def is_time(self) -> bool:
        return self.type.upper().startswith(("DATE", "TIMESTAMP"))


class ForeignKey(Model):
    """This table's `column` refers to `to_column` of another."""

    column: str
    to_schema: str
    to_table: str
    to_column: str


class TableInfo(Model):
    """`key` are the columns of the primary key, none where it is not known."""

    database: str
    schema_name: str
    name: str
    comment: str = ""
    row_count: int | None = None
    columns: list[ColumnInfo] = []
    key: list[str] = []
    foreign: list[ForeignKey] = []

    @property
    def full_name(self) -> TableName:
        return TableName(self.database, self.schema_name, self.name)

    @property
    def words(self) -> str:
        parts = [self.name, self.comment]
        for column in self.columns:
            parts += [column.name, column.comment, *column.examples]
        return " ".join(parts)


class Catalogue(Model):
    """The tables of the allowed schemas; `is_partial` where there were more than are read."""

    tables: list[TableInfo]
    is_partial: bool = False

    def columns_by_table(self) -> dict[TableName, list[str]]:
        return {one.full_name: [column.name for column in one.columns] for one in self.tables}

    def find(self, name: str) -> TableInfo | None:
        """By its full name, as the guard writes it."""
        return next((one for one in self.tables if str(one.full_name) == name), None)


def prune(catalogue: Catalogue, question: str, layer: SemanticLayer) -> Catalogue:
    """Those tables that the question is likely to be about, with what they refer to; all of them
    where they are few. Of a wide table the columns that fit best, in their order."""
    wanted = _terms(question) | _meant(question, layer)
    tables = catalogue.tables
    if len(tables) > _MAX_TABLES:
        scored = [(_score(one, wanted), number) for number, one in enumerate(tables)]
        best = sorted(scored, key=lambda pair: (-pair[0], pair[1]))[:_MAX_TABLES]
        chosen = {number for _, number in _with_referred(best, tables)}
        tables = [one for number, one in enumerate(tables) if number in chosen]
    narrow = [_narrow_table(one, wanted) for one in tables]
    return Catalogue(
        tables=narrow, is_partial=catalogue.is_partial or len(tables) < len(catalogue.tables)
    )


def describe(catalogue: Catalogue) -> str:
    """As those who write SQL are shown it: comments and examples are the owners' texts."""
    return "\n\n".join(map(_describe_table, catalogue.tables))


def _describe_table(table: TableInfo) -> str:
    lines = [f"table {table.full_name}{_comment(table.comment)}"]
    for column in table.columns:
        examples = f" e.g. {', '.join(map(repr, column.examples))}" if column.examples else ""
        lines.append(f"  {column.name} {column.type}{_comment(column.comment)}{examples}")
    if table.key:
        lines.append(f"  primary key: {', '.join(table.key)}")
    lines += [
        f"  {key.column} refers to {key.to_schema}.{key.to_table}.{key.to_column}"
        for key in table.foreign
    ]
    return "\n".join(lines)


def _comment(text: str) -> str:
    return f" -- {' '.join(text.split())[:200]}" if text else ""


def _terms(text: str) -> frozenset[str]:
    """Words without their endings, as people and names of columns write them."""
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return frozenset(
        _stem(word) for word in re.findall(r"[^\W_]+", split.lower()) if word not in _COMMON
    )


def _stem(word: str) -> str:
    for ending in ("ies", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 2:
            return word.removesuffix(ending)
    return word.removesuffix("y") if len(word) > 4 else word


def _meant(question: str, layer: SemanticLayer) -> frozenset[str]:
    asked = _terms(question)
    meant: Iterable[str] = (text for text in layer.words() if asked & _terms(text))
    return frozenset(term for text in meant for term in _terms(text))


def _score(table: TableInfo, wanted: frozenset[str]) -> float:
    """Matches in the table's name count most, then those of columns, then of what is told."""
    name, columns = _terms(table.name), [_terms(column.name) for column in table.columns]
    score = 4.0 * len(wanted & name) + 1.0 * len(wanted & _terms(table.comment))
    score += 2.0 * len(wanted & frozenset(term for terms in columns for term in terms))
    return score + 0.5 * len(wanted & _terms(table.words))


def _with_referred(
    best: Sequence[tuple[float, int]], tables: Sequence[TableInfo]
) -> list[tuple[float, int]]:
    """The best, in place of the worst of them those that the others refer to."""
    numbers = {(one.schema_name, one.name): number for number, one in enumerate(tables)}
    chosen: list[tuple[float, int]] = []
    for score, number in best:
        names = [(key.to_schema, key.to_table) for key in tables[number].foreign]
        referred = [(score, numbers[name]) for name in names if name in numbers] if score else []
        for one in [(score, number), *referred]:
            if one[1] not in {known for _, known in chosen}:
                chosen.append(one)
    return chosen[: _MAX_TABLES + _MAX_TABLES // 2]


def _narrow_table(table: TableInfo, wanted: frozenset[str]) -> TableInfo:
    if len(table.columns) <= _MAX_COLUMNS:
        return table
    keys = {*table.key, *(key.column for key in table.foreign)}

    def rank(number: int) -> tuple[bool, int, int]:
        column = table.columns[number]
        fits = len(wanted & _terms(f"{column.name} {column.comment}"))
        return (column.name not in keys, -fits, number)

    kept = sorted(sorted(range(len(table.columns)), key=rank)[:_MAX_COLUMNS])
    return table.model_copy(update={"columns": [table.columns[number] for number in kept]})
