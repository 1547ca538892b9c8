"""A simple analyst over the sales tables: it knows some measures, groups and periods by name,
writes SQL for them, and suggests questions when it finds no measure."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

_SALES = "SALES.PUBLIC"
_FROM = f"""FROM {_SALES}.ORDER_ITEMS AS i
JOIN {_SALES}.ORDERS AS o ON o.ORDER_ID = i.ORDER_ID
JOIN {_SALES}.CUSTOMERS AS c ON c.CUSTOMER_ID = o.CUSTOMER_ID
JOIN {_SALES}.REGIONS AS r ON r.REGION_ID = c.REGION_ID
JOIN {_SALES}.PRODUCTS AS p ON p.PRODUCT_ID = i.PRODUCT_ID"""
_MEASURES = (
    (r"number of orders|how many orders|order count", "COUNT(DISTINCT o.ORDER_ID)", "ORDERS"),
    (r"quantity|pieces|units", "SUM(i.QUANTITY)", "QUANTITY"),
    (r"sales|revenue|turnover|sold", "SUM(i.AMOUNT)", "SALES"),
)
_GROUPS = (
    (r"region", "r.REGION_NAME", "REGION_NAME"),
    (r"categor", "p.CATEGORY", "CATEGORY"),
    (r"product", "p.PRODUCT_NAME", "PRODUCT_NAME"),
    (r"segment", "c.SEGMENT", "SEGMENT"),
    (r"channel", "o.CHANNEL", "CHANNEL"),
    (r"customer", "c.CUSTOMER_NAME", "CUSTOMER_NAME"),
)
_TIMES = (
    (r"quarterly|(by|per|each) quarter", "QUARTER"),
    (r"yearly|(by|per|each) year", "YEAR"),
    (r"trend|monthly|(by|per|each) month|over time", "MONTH"),
)
_SUGGESTIONS = [
    "What were the sales by region in the last quarter?",
    "How many orders were there each month this year?",
    "Which quantity of each category was sold last year?",
]


@dataclass(frozen=True)
class Period:
    """From `start` to the day before `end`."""

    name: str
    start: date
    end: date


def answer(question: str, today: date) -> list[dict[str, Any]]:
    """The blocks of an answer, as Cortex Analyst gives them."""
    asked = question.lower()
    measure = _found(_MEASURES, asked)
    if measure is None:
        text = "I know sales, quantities and orders. Which of them do you mean?"
        return [_text(text), {"type": "suggestions", "suggestions": _SUGGESTIONS}]
    period = _period(asked, today)
    by = [group for group in _GROUPS if re.search(group[0], asked)]
    statement = _statement(measure, by, _found(_TIMES, asked), period)
    said = f"{measure[2].capitalize()} of completed orders"
    if by:
        said += f" by {', '.join(name for *_, name in by)}"
    if period:
        said += f", {period.name}: {period.start} to {period.end - timedelta(days=1)}"
    return [
        _text(f"This is our interpretation of your question: {said}."),
        {"type": "sql", "statement": statement, "confidence": {"verified_query_used": None}},
    ]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _found(known: Any, asked: str) -> Any:
    return next((entry for entry in known if re.search(entry[0], asked)), None)


def _statement(measure: Any, by: list[Any], grain: Any, period: Period | None) -> str:
    groups = [(expression, name) for _, expression, name in by]
    if grain:
        groups.insert(0, (f"DATE_TRUNC('{grain[1]}', o.ORDER_DATE)", f"{grain[1]}_START"))
    listed = [f"{expression} AS {name}" for expression, name in groups]
    where = "o.STATUS = 'completed'"
    if period:
        where += f" AND o.ORDER_DATE >= '{period.start}' AND o.ORDER_DATE < '{period.end}'"
    select = ", ".join([*listed, f"{measure[1]} AS {measure[2]}"])
    places = ", ".join(str(number) for number in range(1, len(groups) + 1))
    tail = f"\nGROUP BY {places}\nORDER BY {places}" if groups else ""
    return f"SELECT {select}\n{_FROM}\nWHERE {where}{tail}"


def _period(asked: str, today: date) -> Period | None:
    """Calendar periods; the present ones end today."""
    past = re.search(r"(last|previous|this|current) (quarter|month|year)", asked)
    if past:
        start = _start(today, past[2])
        if past[1] in ("this", "current"):
            return Period(past[0], start, today + timedelta(days=1))
        return Period(past[0], _start(start - timedelta(days=1), past[2]), start)
    year = re.search(r"\b(20\d\d)\b", asked)
    if year:
        return Period(year[1], date(int(year[1]), 1, 1), date(int(year[1]) + 1, 1, 1))
    return None


def _start(day: date, unit: str) -> date:
    month = {"year": 1, "quarter": (day.month - 1) // 3 * 3 + 1, "month": day.month}[unit]
    return date(day.year, month, 1)
