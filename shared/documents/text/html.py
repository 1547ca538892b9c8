"""Reading HTML: what a browser would show, as headings, paragraphs, lists and tables. Nothing is
fetched and nothing runs."""

import re
from collections.abc import Iterator
from typing import Any

from lxml import etree

from shared.documents.extract import Block, Extract
from shared.documents.marks import mark_lowered, mark_raised, mark_struck
from shared.documents.text.plain import MAX_BLOCKS, MAX_TAGS, make_heading, plain

_UNSEEN = ("script", "style", "noscript", "template", "title")
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_PARAGRAPHS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details"),
    *("dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form"),
    *("header", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "option", "p", "pre"),
    *("section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul"),
    *_HEADINGS,
}
_HIDING = re.compile(r"(?i)display\s*:\s*none|visibility\s*:\s*hidden")
_STRUCK = ("del", "s", "strike")
_STRIKING = re.compile(r"(?i)text-decoration(?:-line)?\s*:[^;]*line-through")
_BREAK = "\u2028"
_BLANKS = re.compile(r"[ \t\n\f]+")
_REST_OF_TAG = r"""(?:[^\s=/>]\s*+=\s*+(?:"[^"]*+"|'[^']*+')|[^>])*+"""
_TAG = re.compile(f"<[a-zA-Z]{_REST_OF_TAG}")
# Where no markup is read up to an end: comments, and elements of text alone. Whole tags, as either
# may stand in a value.
_UNREAD_TAGS = ("script", "style", "textarea", "title")
_UNREAD_ENDS = {name: re.compile(rf"(?i)</{name}(?=[\s/>])") for name in _UNREAD_TAGS}
_UNREAD_ENDS[""] = re.compile("-->")
_NO_MARKUP = re.compile(
    rf"(?i)<!--|<({'|'.join(_UNREAD_TAGS)})(?=[\s/>]){_REST_OF_TAG}>|<[a-z]{_REST_OF_TAG}"
)
_SHOWN_TEXT = ("textarea", "title")
_QUOTED = re.compile(r"""(?<=[^\s=/>])\s*+=\s*+(?:"[^"]*+"|'[^']*+')""")
_GAP = re.compile(r"[\s/]+")
_MAX_ATTRIBUTES = 500  # libxml2 compares each with all others of its element


def read_html(text: str) -> Extract:
    """A block for each heading, paragraph, list item and table; rows are `a | b`. What the page
    hides is left out, with a note."""
    markup = "".join(_without_unseen(text))
    if markup.count("<") > MAX_TAGS or any(map(_is_crowded, _TAG.finditer(markup))):
        return _source(text)
    parser = etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    root = etree.fromstring(markup.encode(), parser) if markup.strip() else None
    if root is None:
        return Extract(blocks=[])
    # Below libxml2's greatest depth it drops what there is, and says so only here.
    if any(entry.type_name == "ERR_RESOURCE_LIMIT" for entry in parser.error_log):
        return _source(text)
    page = _Page()
    page.extract.title = next((make_heading(_text(name)) for name in root.iter("title")), None)
    if _hide(root):
        page.extract.notes.append("Text that the page hides was left out.")
    _speak(root)
    page.read(root)
    return page.extract if len(page.extract.blocks) <= MAX_BLOCKS else _source(text)


def _without_unseen(text: str) -> Iterator[str]:
    """The page, in pieces, without comments, scripts and styles: they may look like anything."""
    at = kept = 0
    while found := _NO_MARKUP.search(text, at):
        at = found.end()
        name = (found[1] or "").lower()
        if not name and found[0] != "<!--":
            continue
        end = _UNREAD_ENDS[name].search(text, at - 2)
        if end is None:
            break
        if name not in _SHOWN_TEXT:
            yield text[kept : at if name else found.start()]
            kept = end.start() if name else end.end()
        at = end.end()
    yield text[kept:]


def _is_crowded(tag: re.Match[str]) -> bool:
    if len(tag[0]) < 2 * _MAX_ATTRIBUTES:
        return False
    return len(_GAP.findall(_QUOTED.sub(" ", tag[0]))) > _MAX_ATTRIBUTES


def _source(text: str) -> Extract:
    return plain(text, "This HTML is too deep or too large to follow; its source was read as text.")


def _hide(root: etree._Element) -> bool:
    """Empty what a browser does not show; whether there were words that it is told to hide."""
    hidden = []
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        if _is_hidden(element):
            hidden.append(element)
            walk.skip_subtree()
    says_something = any(_text(element).strip() for element in hidden)
    for element in (*hidden, *root.iter(*_UNSEEN)):
        del element[:]
        element.text = None
    return says_something


def _is_hidden(element: etree._Element) -> bool:
    return "hidden" in element.attrib or bool(_HIDING.search(element.get("style") or ""))


def _speak(root: etree._Element) -> None:
    """Put in words what is no text: pictures, line breaks, what is raised or struck out."""
    for element in root.iter("img", "br"):
        words = _BREAK if element.tag == "br" else f" {element.get('alt') or ''} "
        element.tail = words + (element.tail or "")
    for element in list(root.iter("sup", "sub")):
        mark = mark_raised if element.tag == "sup" else mark_lowered
        words = mark(_text(element))
        del element[:]
        element.text = words
    _strike(root)


def _strike(root: etree._Element) -> None:
    """Each piece of text that is struck out."""
    walk = etree.iterwalk(root, events=("start",))
    for _, element in walk:
        if element.tag in _STRUCK or _STRIKING.search(element.get("style") or ""):
            for inner in element.iter():
                inner.text = inner.text and mark_struck(inner.text)
                if inner is not element:
                    inner.tail = inner.tail and mark_struck(inner.tail)
            walk.skip_subtree()


class _Page:
    """The blocks of a page, gathered from its elements in their order."""

    def __init__(self) -> None:
        self.extract = Extract(blocks=[])
        self._words: list[str] = []
        self._path: list[tuple[int, str]] = []
        self._paragraphs = 0
        self._preformatted = 0

    def read(self, root: etree._Element) -> None:
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            if event == "end":
                self._end(element.tag)
                self._say(element.tail)
                continue
            self._start(element.tag)
            if element.tag == "table" and (rows := _rows(element)):
                walk.skip_subtree()
                self._add("\n".join(rows))
            else:
                self._say(element.text)
        self._finish()

    def _start(self, tag: Any) -> None:
        if tag in _PARAGRAPHS:
            self._finish()
        if tag == "pre":
            self._preformatted += 1
        elif tag == "li":
            self._words.append("- ")

    def _end(self, tag: Any) -> None:
        if tag in _HEADINGS:
            self._head(_HEADINGS[tag])
        elif tag in _PARAGRAPHS:
            self._finish()
        if tag == "pre":
            self._preformatted -= 1

    def _say(self, text: str | None) -> None:
        if text:
            self._words.append(text if self._preformatted else _BLANKS.sub(" ", text))

    def _head(self, level: int) -> None:
        text = make_heading("".join(self._words))
        if text:
            self._path = [entry for entry in self._path if entry[0] < level]
            self._path.append((level, text))
            self._finish(is_heading=True)

    def _finish(self, is_heading: bool = False) -> None:
        """The words so far are a block."""
        text = "".join(self._words).replace(_BREAK, "\n")
        self._words = []
        if not self._preformatted:
            text = re.sub(" +", " ", text).replace(" \n", "\n").replace("\n ", "\n").strip()
        if text.strip() not in ("", "-"):
            self._add(text.strip("\n"), is_heading)

    def _add(self, text: str, is_heading: bool = False) -> None:
        self._paragraphs += not is_heading
        self.extract.blocks.append(
            Block(
                text=text + "\n\n",
                headings=[name for _, name in self._path],
                paragraph=None if is_heading else self._paragraphs,
            )
        )


def _rows(table: etree._Element) -> list[str]:
    """The rows of a table of data; none for one that only arranges a page."""
    if next(table.iterdescendants("table", *_HEADINGS), None) is not None:
        return []
    cells = [[*row.iterchildren("td", "th")] for row in table.iter("tr")]
    texts = [_text(caption) for caption in table.iter("caption")]
    texts += [" | ".join(_text(cell) for cell in row) for row in cells]
    said = "".join(texts).replace("|", "").split()
    everything = _text(table).replace("|", "")
    if len("".join(said)) < len("".join(everything.split())):
        return []
    return [" ".join(text.split()) for text in texts if text.strip(" |\n")]


def _text(element: etree._Element) -> str:
    return "".join(map(str, element.itertext())).replace(_BREAK, " ")
