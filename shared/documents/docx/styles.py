"""What the styles of a Word document say of its paragraphs and runs: the level of a heading, the
list they are in, and whether they are hidden (ECMA-376 part 1, 17.7)."""

import re
from dataclasses import dataclass

from shared.documents.docx.xml import Element, attribute, child, number, switch, value

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_MAX_ANCESTORS = 30
_BODY = 9


@dataclass(frozen=True, slots=True)
class Style:
    """`level` is that of a heading, from 0, or 9 for body text; `list_id` is `w:numId`, where 0 is
    no list; `list_level` is from 0; `script` is `w:vertAlign`."""

    level: int | None = None
    list_id: str | None = None
    list_level: int | None = None
    hidden: bool | None = None
    struck: bool | None = None
    script: str | None = None

    def over(self, base: "Style") -> "Style":
        """What is not set is inherited."""
        return Style(
            base.level if self.level is None else self.level,
            base.list_id if self.list_id is None else self.list_id,
            base.list_level if self.list_level is None else self.list_level,
            base.hidden if self.hidden is None else self.hidden,
            base.struck if self.struck is None else self.struck,
            base.script if self.script is None else self.script,
        )

    @property
    def is_heading(self) -> bool:
        return self.level in range(_BODY)


PLAIN = Style()


class Styles:
    """`roots` are the styles parts: one, or none."""

    def __init__(self, roots: list[Element]) -> None:
        self._own: dict[str | None, tuple[Style, str | None]] = {}
        for style in (style for root in roots for style in root):
            said = _said(style), value(style, "basedOn")
            self._own.setdefault(attribute(style, "styleId"), said)
        self._known: dict[str | None, Style] = {}

    def of_paragraph(self, properties: Element | None) -> Style:
        """The style of a paragraph with the properties `w:pPr`."""
        if properties is None:
            return PLAIN
        return _in_paragraph(properties).over(self._style(value(properties, "pStyle")))

    def of_run(self, properties: Element | None) -> Style:
        """The style of a run with the properties `w:rPr`."""
        if properties is None:
            return PLAIN
        return _in_run(properties).over(self._style(value(properties, "rStyle")))

    def _style(self, style_id: str | None) -> Style:
        """With what it is based on, as far as that goes: some go in a circle."""
        if style_id in self._known:
            return self._known[style_id]
        style, name = PLAIN, style_id
        for _ in range(_MAX_ANCESTORS):
            if name not in self._own:
                break
            own, name = self._own[name]
            style = style.over(own)
        return self._known.setdefault(style_id, style)


def _said(style: Element) -> Style:
    properties = _in_paragraph(child(style, "pPr"))
    named = _HEADING.fullmatch((value(style, "name") or "").strip())
    level = int(named[1]) - 1 if named else None
    return properties.over(Style(level)).over(_in_run(child(style, "rPr")))


def _in_run(properties: Element | None) -> Style:
    struck = switch(properties, "strike"), switch(properties, "dstrike")
    return Style(
        hidden=switch(properties, "vanish"),
        struck=None if struck == (None, None) else any(struck),
        script=value(properties, "vertAlign"),
    )


def _in_paragraph(properties: Element | None) -> Style:
    listed = child(properties, "numPr")
    level, list_level = value(properties, "outlineLvl"), value(listed, "ilvl")
    return Style(
        None if level is None else number(level, _BODY),
        value(listed, "numId"),
        None if list_level is None else number(list_level),
    )
