"""The numbers that Word shows before the paragraphs of lists and never writes down: `4.2`, `b)`,
`•` (ECMA-376 part 1, 17.9)."""

import re
from dataclasses import dataclass, field

from shared.documents.docx.xml import Element, attribute, child, local, number, switch, value

BULLET = "•"
_LEVELS = 9
_MAX_LABEL = 50
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Level:
    start: int = 1
    written: str = "decimal"
    pattern: str = ""
    is_legal: bool = False


@dataclass(slots=True)
class _List:
    """Lists of one abstract definition count together; `restarts` are levels that a list begins
    anew when it is first used."""

    levels: dict[int, _Level]
    counts: dict[int, int]
    restarts: dict[int, int] = field(default_factory=dict)


class Numbering:
    """`roots` are the numbering parts: one, or none. It counts as it is asked, so it must be asked
    for every paragraph of a list, in their order."""

    def __init__(self, roots: list[Element]) -> None:
        elements = [element for root in roots for element in root]
        shapes: dict[str | None, _List] = {}
        for element in elements:
            if local(element) == "abstractNum":
                shape = _List(_levels(element), {})
                shapes[attribute(element, "abstractNumId")] = shape
        self._lists: dict[str | None, _List] = {}
        for element in elements:
            based_on = value(element, "abstractNumId")
            if local(element) == "num" and based_on in shapes:
                self._lists[attribute(element, "numId")] = _overridden(shapes[based_on], element)

    def label(self, list_id: str, level: int) -> str:
        """The next label of a list; empty where there is none."""
        found = self._lists.get(list_id)
        if found is None or level not in range(_LEVELS) or level not in found.levels:
            return ""
        counts = found.counts
        if level in found.restarts:
            counts[level] = found.restarts.pop(level) - 1
        for at in range(_LEVELS):
            if at > level:
                counts.pop(at, None)
            elif at in found.levels:
                counts.setdefault(at, found.levels[at].start - (at == level))
        counts[level] += 1
        return _write_number(found, level)


def _levels(parent: Element) -> dict[int, _Level]:
    levels = (inner for inner in parent if local(inner) == "lvl")
    return {number(attribute(level, "ilvl")): _level(level) for level in levels}


def _level(element: Element) -> _Level:
    return _Level(
        number(value(element, "start"), 1),
        value(element, "numFmt") or "decimal",
        (value(element, "lvlText") or "")[:_MAX_LABEL],
        switch(element, "isLgl") or False,
    )


def _overridden(shape: _List, element: Element) -> _List:
    made = _List(dict(shape.levels), shape.counts)
    for override in element:
        if local(override) == "lvlOverride":
            level = number(attribute(override, "ilvl"))
            anew, start = child(override, "lvl"), value(override, "startOverride")
            if anew is not None:
                made.levels[level] = _level(anew)
            if start is not None:
                made.restarts[level] = number(start, 1)
    return made


def _write_number(found: _List, level: int) -> str:
    shape = found.levels[level]
    if shape.written == "bullet":
        return BULLET
    if shape.written == "none":
        return ""

    def counted(match: re.Match[str]) -> str:
        at = int(match[1]) - 1
        written = found.levels[at].written if at in found.levels else "decimal"
        return _numeral(found.counts.get(at, 0), "decimal" if shape.is_legal else written)

    return re.sub("%([1-9])", counted, shape.pattern).strip()


def _numeral(count: int, written: str) -> str:
    """Numbers that a format cannot write are written in digits, as are formats not known here."""
    if written.endswith("Letter") and 0 < count <= 26 * 9:
        letters = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
        return letters.upper() if written.startswith("upper") else letters
    if written.endswith("Roman") and 0 < count < 4000:
        return _roman(count).upper() if written.startswith("upper") else _roman(count)
    return f"{count:02d}" if written == "decimalZero" else str(count)


def _roman(count: int) -> str:
    letters = ""
    for worth, sign in _ROMAN:
        letters += sign * (count // worth)
        count %= worth
    return letters
