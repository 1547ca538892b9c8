"""Reading HTML: what a browser would show, as headings, paragraphs, lists and tables. Nothing is
fetched and nothing runs."""

import re
from typing import Any

from lxml import etree

from shared.documents.extracts import Block, Extract
from shared.documents.plain import MOST_BLOCKS, MOST_TAGS, heading, plain

_UNSEEN = {"script", "style", "noscript", "template", "title"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"),
    *("dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
    *("header", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre"),
    *("section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    *_HEADINGS,
}
_HIDING = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
_BLANKS = re.compile(r"[ \t\n\f]+")
_TAG = re.compile(r"""<[a-zA-Z](?:[^\s=/>]\s*+=\s*+(?:"[^"]*+"|'[^']*+')|[^>])*+""")
_QUOTED = re.compile(r"""(?<=[^\s=/>])\s*+=\s*+(?:"[^"]*+"|'[^']*+')""")
_GAP = re.compile(r"[\s/]+")
_MOST_ATTRIBUTES = 500  # libxml2 compares each with all others of its element


def read_html(text: str) -> Extract:
    """A block for each heading, paragraph, list item and table; rows are `a | b`. What the page
    hides is left out, with a note."""
    if text.count("<") > MOST_TAGS or any(map(_is_crowded, _TAG.finditer(text))):
        return _source(text)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(text.encode(), parser)
    except etree.XMLSyntaxError:
        return Extract(blocks=[])
    # Below libxml2's greatest depth it drops what there is, and says so only here.
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        return _source(text)
    page = _Page()
    page.read(root)
    return page.extract if len(page.extract.blocks) <= MOST_BLOCKS else _source(text)


def _is_crowded(tag: re.Match[str]) -> bool:
    if len(tag[0]) < 2 * _MOST_ATTRIBUTES:
        return False
    return len(_GAP.findall(_QUOTED.sub(" ", tag[0]))) > _MOST_ATTRIBUTES


def _source(text: str) -> Extract:
    return plain(text, "This HTML is too deep or too large to follow; its source was read as text.")


class _Page:
    """The blocks of a page, gathered from its elements in their order."""

    def __init__(self) -> None:
        self.extract = Extract(blocks=[])
        self._words: list[str] = []
        self._path: list[tuple[int, str]] = []
        self._paragraphs = 0
        self._table: etree._Element | None = None  # of data; within it, nothing ends a block
        self._cells = 0
        self._preformatted = 0

    def read(self, root: etree._Element) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        seen = True
        for event, element in walk:
            if event == "start":
                seen = self._is_seen(element)
                if seen:
                    self._start(element)
                else:
                    walk.skip_subtree()
                continue
            if seen:
                self._end(element)
            seen = True
            self._say(element.tail)
        self._finish()

    def _is_seen(self, element: etree._Element) -> bool:
        if element.tag == "title" and not self.extract.title:
            self.extract.title = heading("".join(element.itertext())) or None
        if element.tag in _UNSEEN:
            return False
        if "hidden" in element.attrib or _HIDING.search(element.get("style", "")):
            note = "Text that the page hides was left out."
            if note not in self.extract.notes and "".join(element.itertext()).strip():
                self.extract.notes.append(note)
            return False
        return True

    def _start(self, element: etree._Element) -> None:
        tag = element.tag
        if tag in _PARAGRAPHS:
            self._part(tag)
        if tag == "table" and self._table is None and _holds_data(element):
            self._table = element
        elif tag == "pre":
            self._preformatted += 1
        elif tag == "li":
            self._words.append("- ")
        elif tag == "br":
            self._words.append("\n")
        elif tag == "img" and element.get("alt"):
            self._words.append(f" {element.get('alt')} ")
        self._say(element.text)

    def _end(self, element: etree._Element) -> None:
        tag = element.tag
        if element is self._table:
            self._table = None
        if tag in _HEADINGS and self._table is None:
            self._head(_HEADINGS[tag])
        elif tag in _PARAGRAPHS:
            self._part(tag if tag != "tr" else "")
        if tag == "pre":
            self._preformatted -= 1

    def _part(self, tag: Any) -> None:
        """What the beginning or end of an element parts: cells, rows, or paragraphs."""
        if self._table is None:
            self._finish()
        elif tag == "tr":
            self._words.append("\n")
            self._cells = 0

    def _say(self, text: str | None) -> None:
        if text:
            self._words.append(text if self._preformatted else _BLANKS.sub(" ", text))

    def _head(self, level: int) -> None:
        name = heading("".join(self._words))
        if name:
            self._path = [entry for entry in self._path if entry[0] < level] + [(level, name)]
            self._finish(is_heading=True)

    def _finish(self, is_heading: bool = False) -> None:
        """End the block of the words so far."""
        text, self._words = "".join(self._words), []
