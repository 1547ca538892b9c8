"""The rows of the table: each says whether it holds what it is held to."""

from collections.abc import Sequence
from enum import StrEnum

Row = tuple[str, str, str, str]
"""What, measured, target, verdict."""


class Verdict(StrEnum):
    PASS = "pass"
    SHORT = "short"


def judge_most(what: str, value: float, limit: float, unit: str, more: str = "") -> Row:
    """Of a value that may be at most `limit`."""
    return judge(what, _tell(value, unit, more), f"<= {limit:g} {unit}", value <= limit)


def judge_least(what: str, value: float, limit: float, unit: str, more: str = "") -> Row:
    """Of a value that must be at least `limit`."""
    return judge(what, _tell(value, unit, more), f">= {limit:g} {unit}", value >= limit)


def judge(what: str, measured: str, target: str, holds: bool) -> Row:
    """Of what is not one number."""
    return what, measured, target, Verdict.PASS if holds else Verdict.SHORT


def tell(what: str, measured: str) -> Row:
    """Of what is held to nothing."""
    return what, measured, "", ""


def summarize(rows: Sequence[Row]) -> Row:
    """How many hold what they are held to, and which do not."""
    judged = [row for row in rows if row[3]]
    short = [row[0].strip(" …") for row in judged if row[3] == Verdict.SHORT]
    told = f"{len(judged) - len(short)} of {len(judged)} hold"
    return judge("all of them", told, "; ".join(short), not short)


def _tell(value: float, unit: str, more: str) -> str:
    told = f"{value:.3g}" if value < 1_000 else f"{value:.0f}"
    return f"{told} {unit}{more}"
