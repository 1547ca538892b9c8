"""The same query over other dates."""

from datetime import date, timedelta

from sqlglot import exp

from shared.sql import parsing
from shared.sql.reading import date_of, find_bounds

_DAY = timedelta(days=1)
Days = tuple[date, date]
"""First and last."""


def move(sql: str, old: Days, new: Days) -> str | None:
    """SQL that passed the guard, for the days `new` in place of `old`; None where its dates are not
    just these, written as constants. Raises QueryRefused."""
    tree = parsing.parse(sql)
    bounds = find_bounds(tree)
    if bounds is None or not bounds.is_plain or (bounds.start, bounds.end) != old:
        return None
    places = {old[0]: new[0], old[1]: new[1], old[1] + _DAY: new[1] + _DAY}
    for node in list(tree.find_all(exp.Literal)):
        day = date_of(node)
        if day is None:
            continue
        if day not in places:
            return None
        node.replace(exp.Literal.string(str(places[day])))
    return parsing.write(tree)
