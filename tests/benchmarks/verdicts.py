"""Rows that say whether they hold what they are held to."""

from collections.abc import Callable

Row = tuple[str, str, str, str]
"""What, measured, target, verdict."""


def judge_most(what: str, value: float, limit: float, unit: str, more: str = "") -> Row:
    """Of a value that may be at most `limit`."""
    return _judge(what, value, f"<= {limit:g} {unit}", unit, more, lambda: value <= limit)


def judge_least(what: str, value: float, limit: float, unit: str, more: str = "") -> Row:
    """Of a value that must be at least `limit`."""
    return _judge(what, value, f">= {limit:g} {unit}", unit, more, lambda: value >= limit)


def _judge(
    what: str, value: float, target: str, unit: str, more: str, holds: Callable[[], bool]
) -> Row:
    told = f"{value:.3g}" if value < 1_000 else f"{value:.0f}"
    return what, f"{told} {unit}{more}", target, "pass" if holds() else "short"
