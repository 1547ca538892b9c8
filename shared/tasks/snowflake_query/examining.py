"""A draft under examination: the guard, what the SQL says, whether that is what was asked, and the
queries that are to run beside it."""

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from shared.sql import templates
from shared.sql.policy import GuardedQuery, Policy
from shared.tasks.snowflake_query.calendar import previous_of
from shared.tasks.snowflake_query.catalogue import Catalogue
from shared.tasks.snowflake_query.models import Draft, Interpretation, Period
from shared.tasks.snowflake_query.warehouse import Place

if TYPE_CHECKING:
    from shared.sql.reading import QueryReading

_COMPARES = re.compile(
    r"\b(?:compar\w+|versus|vs|than|against|previous|prior|before|growth|grow\w*|chang\w*|yoy|qoq|mom"
    r"|year[- ]over[- ]year|quarter[- ]over[- ]quarter|month[- ]over[- ]month|vergl\w+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examiner:
    """Examines drafts of one question. `period` is what the program takes the question to mean."""

    place: Place
    catalogue: Catalogue
    max_rows: int
    period: Period | None
    today: date
    question: str

    def examine(self, draft: Draft, sql: str, is_strict: bool) -> Draft:
        """The draft with everything known of its SQL. Raises QueryRefused. Slow: not on the loop.

        With `is_strict` another period than the question's is an error, else a warning.
        """
        from shared.sql.guard import guard
        from shared.sql.reading import read

        policy = self.place.policy(self.catalogue.columns_by_table(), self.max_rows)
        query = guard(sql, policy)
        said = read(query.sql)
        fault = self._period_fault(said)
        if fault and is_strict:
            return draft.model_copy(update={"error": fault})
        known = {
            "sql": query.sql,
            "tables": [str(one) for one in query.tables],
            "columns": [str(one) for one in query.columns],
            "interpretation": self._interpretation(said),
            "additive": list(said.additive),
            "limit": said.limit,
            "warnings": [fault] if fault else [],
        }
        beside = self._beside(query, policy) | self._freshness(said)
        return draft.model_copy(update=known | beside)

    def _period_fault(self, said: "QueryReading") -> str:
        """Empty where the SQL reads the days that the question names."""
        period, bounds = self.period, said.bounds
        if period is None:
            return ""
        told = f"“{period.words}” was taken to be {period.start} to {period.end}"
        if said.uses_clock:
            return f"{told}: write these days as constants, and do not ask the server for the time."
        if bounds is None or bounds.start is None:
            return f"{told}, but the SQL is not limited to these days."
        ends = {period.end, *((self.today, None) if period.end >= self.today else ())}
        if bounds.start == period.start and bounds.end in ends:
            return ""
        wider = bounds.start <= period.start and (bounds.end is None or bounds.end >= period.end)
        if wider and _COMPARES.search(self.question):
            return ""
        return f"{told}, but the SQL reads {bounds.start} to {bounds.end or 'an open end'}."

    def _interpretation(self, said: "QueryReading") -> Interpretation:
        period = self._read_period(said)
        parts = [", ".join(said.metrics) or "Rows as they are"]
        if said.grain:
            parts.append(f"for each {', '.join(said.grain)}")
        if said.filters:
            parts.append(f"where {' and '.join(said.filters)}")
        if period:
            words = f" (“{period.words}”)" if period.words else ""
            parts.append(f"from {period.start} to {period.end}{words}")
        return Interpretation(
            text="; ".join(parts) + ".",
            period=period,
            metrics=list(said.metrics),
            filters=list(said.filters),
            grain=list(said.grain),
        )

    def _read_period(self, said: "QueryReading") -> Period | None:
        """What the SQL really reads, in the question's words where these are its days."""
        bounds, period = said.bounds, self.period
        if bounds is None or bounds.start is None:
            return None
        end = bounds.end or self.today
        if period and (bounds.start, end) in (
            (period.start, period.end),
            (period.start, self.today),
        ):
            return period
        return Period(words="", start=bounds.start, end=max(end, bounds.start), grain="day")

    def _beside(self, query: GuardedQuery, policy: Policy) -> dict[str, object]:
        """The reconciliation, and the same query for the period before."""
        from shared.sql.fan_out import find_fan_out
        from shared.sql.guard import guard
        from shared.sql.shifting import move

        made: dict[str, object] = {}
        keys = {one.full_name: one.key for one in self.catalogue.tables if one.key}
        found = find_fan_out(query.sql, keys)
        if found:
            made["reconciled_table"] = str(found.table)
            made["reconciliation"] = guard(found.sql, policy).sql if found.sql else ""
        before = previous_of(self.period) if self.period else None
        if self.period and before:
            days = (self.period.start, self.period.end)
            sql = move(query.sql, days, (before.start, before.end))
            if sql:
                made |= {"previous": guard(sql, policy).sql, "previous_period": before}
        return made

    def _freshness(self, said: "QueryReading") -> dict[str, object]:
        column = said.bounds.column if said.bounds else None
        if column is None:
            return {}
        sql = templates.latest_value(column.table, column.name)
        return {"freshness": sql, "dated_column": f"{column.table.name}.{column.name}"}
