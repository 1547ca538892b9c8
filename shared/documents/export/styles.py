"""What exported Word documents need beyond Word's built-in styles: code, links, and lists that each
begin at their own number."""

import re

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Pt

CODE = "Code"
INLINE_CODE = "InlineCode"
LINK = "Hyperlink"
CAPTION = "Caption"
NOTE = "FootnoteText"
NOTE_MARK = "FootnoteReference"
STEP = Pt(18)  # by which a list stands within another

_LEVELS = 9
_BULLETS = "•◦▪"
_FORMATS = ("decimal", "lowerLetter", "lowerRoman")
_MONOSPACE = '<w:rFonts w:ascii="Consolas" w:hAnsi="Consolas" w:cs="Consolas"/><w:sz w:val="18"/>'
_STYLES = (
    f"""<w:style w:type="paragraph" w:customStyle="1" w:styleId="{CODE}"><w:name w:val="Code"/>
    <w:basedOn w:val="Normal"/><w:pPr><w:shd w:val="clear" w:color="auto" w:fill="F2F2F2"/></w:pPr>
    <w:rPr>{_MONOSPACE}</w:rPr></w:style>""",
    f"""<w:style w:type="character" w:customStyle="1" w:styleId="{INLINE_CODE}">
    <w:name w:val="Inline Code"/><w:rPr>{_MONOSPACE}</w:rPr></w:style>""",
    f"""<w:style w:type="character" w:styleId="{LINK}"><w:name w:val="Hyperlink"/>
    <w:rPr><w:color w:val="0563C1"/><w:u w:val="single"/></w:rPr></w:style>""",
    f"""<w:style w:type="paragraph" w:styleId="{NOTE}"><w:name w:val="footnote text"/>
    <w:basedOn w:val="Normal"/><w:rPr><w:sz w:val="20"/></w:rPr></w:style>""",
    f"""<w:style w:type="character" w:styleId="{NOTE_MARK}"><w:name w:val="footnote reference"/>
    <w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style>""",
)


def element(xml: str) -> BaseOxmlElement:
    """The first element of `xml` gets the namespace of the prefix `w`."""
    return parse_xml(re.sub(r"^<[\w:]+", rf"\g<0> {nsdecls('w')}", xml))


def make_shading(fill: str) -> BaseOxmlElement:
    """A background, `fill` in hexadecimal RGB."""
    return element(f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>')


def add_styles(document: Document) -> None:
    """Code, inline code, links and footnotes, where the document has no such styles."""
    known = set(document.styles.element.xpath("./w:style/@w:styleId"))
    for style in map(element, _STYLES):
        if style.get(qn("w:styleId")) not in known:
            document.styles.element.append(style)


class Lists:
    """The lists of a document; levels are from 0, and nine at most. All lists with bullets have the
    id `bullets`."""

    def __init__(self, document: Document) -> None:
        self._numbering = document.part.numbering_part.element
        self._numbers = self._free("abstractNum")
        shapes = [(shape, f"%{level + 1}.") for level, shape in enumerate(_FORMATS * 3)]
        signs = [("bullet", sign) for sign in _BULLETS * 3]
        begin = self._numbering.find(qn("w:num"))
        begin.addprevious(_shape(self._numbers, shapes))
        begin.addprevious(_shape(self._numbers + 1, signs))
        self._last = self._free("num") - 1
        self.bullets = self._add(self._numbers + 1)

    def number_list(self, level: int, start: int) -> int:
        """The id of a new list that begins with `start` on its level."""
        return self._add(
            self._numbers,
            f'<w:lvlOverride w:ilvl="{min(level, _LEVELS - 1)}"><w:startOverride w:val="{start}"/>'
            "</w:lvlOverride>",
        )

    def _free(self, name: str) -> int:
        """The first id above those of the template."""
        ids = self._numbering.xpath(f"./w:{name}/@w:{name}Id")
        return max(map(int, ids), default=0) + 1

    def _add(self, shape_id: int, override: str = "") -> int:
        self._last += 1
        shape = f'<w:abstractNumId w:val="{shape_id}"/>'
        self._numbering.append(element(f'<w:num w:numId="{self._last}">{shape}{override}</w:num>'))
        return self._last


def make_list_property(list_id: int, level: int) -> BaseOxmlElement:
    """The property of a paragraph that makes it an item of a list."""
    place = f'<w:ilvl w:val="{min(level, _LEVELS - 1)}"/><w:numId w:val="{list_id}"/>'
    return element(f"<w:numPr>{place}</w:numPr>")


def _shape(shape_id: int, levels: list[tuple[str, str]]) -> BaseOxmlElement:
    made = "".join(
        f'<w:lvl w:ilvl="{level}"><w:start w:val="1"/><w:numFmt w:val="{written}"/>'
        f'<w:lvlText w:val="{text}"/><w:lvlJc w:val="left"/><w:pPr><w:ind '
        f'w:left="{STEP.twips * (level + 1)}" w:hanging="{STEP.twips}"/></w:pPr></w:lvl>'
        for level, (written, text) in enumerate(levels)
    )
    kind = '<w:multiLevelType w:val="hybridMultilevel"/>'
    return element(f'<w:abstractNum w:abstractNumId="{shape_id}">{kind}{made}</w:abstractNum>')
