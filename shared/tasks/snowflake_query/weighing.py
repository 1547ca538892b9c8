"""What came of the queries of a draft, weighed against each other: whether a join repeated rows,
which readings differ in result, and what people should be warned of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shared.tasks.snowflake_query.models import Draft, Evidence, Run, Table
from shared.tasks.snowflake_query.running import Part
from shared.tasks.snowflake_query.tables import day_of

_FRESH = timedelta(days=3)
"""How far the newest row may lie before the end of what was asked."""

Runs = Mapping[tuple[Part, int], Run]


@dataclass(frozen=True, slots=True)
class Weighed:
    """`fault` is what makes the numbers wrong; `others` are the readings whose results differ."""

    draft: Draft
    runs: Runs
    fault: str
    reconciliation: str
    warnings: tuple[str, ...]
    others: tuple[Draft, ...]

    def evidence(self, chosen: Draft | None) -> Evidence:
        """What the result is made of: of another reading, where people `chosen` it."""
        suggestions = [*self.draft.suggestions, *(one.question for one in self.others)]
        if chosen is None:
            note = [_ambiguous(self.others)] if self.others else []
            return Evidence(
                draft=self.draft,
                query=self.runs[Part.QUERY, 0],
                previous=self.runs.get((Part.PREVIOUS, 0)),
                reconciliation=self.reconciliation,
                suggestions=list(dict.fromkeys(suggestions)),
                warnings=[*self.draft.warnings, *self.warnings, *note],
            )
        index = self.draft.readings.index(chosen)
        return Evidence(
            draft=chosen,
            query=self.runs[Part.READING, index],
            suggestions=[
                one for one in [self.draft.question, *suggestions] if one != chosen.question
            ],
            warnings=list(chosen.warnings),
        )


def weigh(draft: Draft, runs: Runs, today: date) -> Weighed:
    """Of a draft whose own query ran."""
    fault, reconciliation = _reconcile(draft, runs.get((Part.RECONCILIATION, 0)))
    warnings = [fault] if fault else []
    warnings += _period_warnings(draft, runs.get((Part.FRESHNESS, 0)), today)
    others = tuple(
        reading
        for index, reading in enumerate(draft.readings)
        if _differs(runs[Part.QUERY, 0].table, runs[Part.READING, index].table)
    )
    return Weighed(draft, runs, fault, reconciliation, tuple(warnings), others)


def _reconcile(draft: Draft, run: Run | None) -> tuple[str, str]:
    """The fault, empty where there is none, and what the check came to."""
    if not draft.reconciled_table:
        return "", "not needed: no join can repeat rows that are added up."
    if run is None or run.table is None or not run.table.rows:
        return "", (
            f"not done: whether a join repeats rows of {draft.reconciled_table} cannot be told, as "
            f"{'its key is not known' if run is None else 'the check did not run'}."
        )
    rows, keys = run.table.rows[0][:2]
    if rows == keys or rows is None:
        return "", f"done: each of {keys} rows of {draft.reconciled_table} is counted once."
    fault = (
        f"A join repeats rows of {draft.reconciled_table}: {keys} of them were counted {rows} "
        "times, so that sums, counts and averages of its columns are wrong."
    )
    return fault, f"failed: {keys} rows of {draft.reconciled_table} are counted {rows} times."


def _period_warnings(draft: Draft, freshness: Run | None, today: date) -> list[str]:
    period = draft.interpretation.period if draft.interpretation else None
    found = []
    if period and period.end >= today:
        found.append(
            f"The period {period.start} to {period.end} is not over on {today}: its data is "
            "incomplete."
        )
    rows = freshness.table.rows if freshness and freshness.table else []
    newest = day_of(str(rows[0][0])[:10]) if rows and rows[0] else None
    wanted = min(period.end, today) if period else today
    if newest and newest < wanted - _FRESH:
        found.append(
            f"The data may be stale: the newest {draft.dated_column} is {newest}, where {wanted} "
            "was asked for."
        )
    return found


def _differs(one: Table | None, other: Table | None) -> bool:
    """Whether two results differ in more than the names and order of what they show."""
    if one is None or other is None:
        return False
    return sorted(map(repr, one.rows)) != sorted(map(repr, other.rows))


def _ambiguous(others: tuple[Draft, ...]) -> str:
    listed = "; ".join(f"“{one.question}”" for one in others)
    return f"The question can be read otherwise, with other results: {listed}."
