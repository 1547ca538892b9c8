"""A fact about rows, in a sentence of the program, with the formulas of its numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal, DecimalException, localcontext
from enum import StrEnum

from shared.tasks.snowflake_query.insights.formulas import FormulaError, reckon
from shared.tasks.snowflake_query.models import Number, Table

_MAX_CELLS = 20
"""Listed of each number; its formula names all of them."""
_EXACT = 12
"""Decimal places of a value that has no end."""


class FactKind(StrEnum):
    VALUE = "value"
    TOTAL = "total"
    SHARE = "share"
    CHANGE = "change"
    RANK = "rank"
    OUTLIER = "outlier"


@dataclass(frozen=True, slots=True)
class Fact:
    """A sentence whose numbers are proved. `names` are the values of text columns that it is about,
    `times` those of dates; `is_extreme` tells for a rank whether it is the greatest or least."""

    kind: FactKind
    text: str
    numbers: tuple[Number, ...]
    names: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    column: str = ""
    is_greatest: bool = False


def number_of(formula: str, tables: Mapping[str, Table], percent: bool = False) -> Number | None:
    """A number as it is shown, None where the formula comes to none."""
    try:
        found = reckon(formula, tables)
        shown = show(found.value, 1 if percent else 2)
        exact = show(found.value, _EXACT).replace(",", "")
    except (FormulaError, DecimalException):
        return None
    return Number(
        shown=f"{shown} %" if percent else shown,
        value=exact,
        formula=formula,
        cells=list(found.cells[:_MAX_CELLS]),
    )


def show(value: Decimal, places: int) -> str:
    """With commas between thousands, and at most so many decimal places, or two digits of what is
    smaller. Raises DecimalException for what has too many digits."""
    with localcontext(Context(prec=60)):
        places = max(places, 1 - value.adjusted()) if value else places
        exponent = value.as_tuple().exponent
        if isinstance(exponent, int) and exponent < -places:
            value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN)
        return f"{value:,f}"


def shown_time(day: date | None, grain: str) -> str:
    if day is None:
        return "an unknown time"
    if grain == "year":
        return f"{day.year}"
    if grain == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return f"{day:%Y-%m}" if grain == "month" else str(day)


def say_change(number: Number) -> str:
    """Which way, and by how much."""
    value = Decimal(number.value)
    if not value:
        return "did not change"
    return f"{'rose' if value > 0 else 'fell'} by {number.shown.removeprefix('-')}"
