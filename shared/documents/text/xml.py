"""Reading XML: what stands in its elements, each with the path to it. Nothing is fetched, and
nothing is followed that a document could grow by."""

import re
from collections.abc import Iterator
from typing import Any, cast

from lxml import etree

from shared.documents.extract import Block, Extract
from shared.documents.text.plain import MAX_BLOCKS, MAX_TAGS, make_heading, plain
from shared.errors import DocumentFault, Unreadable

_MAX_DEPTH = 12  # of a path that is told
_LITERAL = r"""(?:"[^"]*"|'[^']*')"""
# The declaration of an entity, and what can hold the same letters. One of a picture or another file
# that is no XML (NDATA) stands for no text.
_DECLARING = re.compile(
    rf"""(?x)<!--|<!\[CDATA\[|<\?
    |<!ENTITY\s+[^\s%"'<>]+\s+(?:SYSTEM|PUBLIC\s+{_LITERAL})\s+{_LITERAL}\s+NDATA\s+[^\s"'<>]+\s*>
    |(?P<entity><!ENTITY)|<![A-Z]+(?:{_LITERAL}|[^"'<>\[])*+"""
)
_ENDS = {"<!--": "-->", "<![CDATA[": "]]>", "<?": "?>"}
# Its `attrib` looks for each attribute from the first on.
_OWN, _ALL = etree.XPath("@*"), etree.XPath("descendant-or-self::*/@*")


def read_xml(text: str) -> Extract:
    """A block for each element that has attributes or text of its own: `name: value; … | text`. An
    element with text between its children is one block with all of them.

    Raises Unreadable for a document that declares entities, but for those that stand for no text.
    """
    if "<!ENTITY" in text and _declares_text(text):
        advice = "This XML declares entities, which are refused; please save it without them."
        raise Unreadable(DocumentFault.BROKEN, advice)
    if text.count("<") > MAX_TAGS:
        return plain(text, "This XML has too many elements to follow; it was read as plain text.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text.strip().encode(), parser)
    except etree.XMLSyntaxError as error:
        where = f"line {error.lineno}"
        return plain(text, f"This file is not proper XML ({where}); it was read as plain text.")
    skipped = text[: len(text) - len(text.lstrip())].count("\n")
    blocks: list[Block] = []
    for block in _blocks(root, skipped):
        blocks.append(block)
        if len(blocks) > MAX_BLOCKS:
            return plain(
                text, "This XML has too many elements to follow; it was read as plain text."
            )
    return Extract(blocks=blocks)


def _declares_text(text: str) -> bool:
    """Whether an entity may stand for text."""
    at = 0
    while found := _DECLARING.search(text, at):
        at = found.end()
        if end := _ENDS.get(found[0]):
            at = text.find(end, at) + len(end)
        if found["entity"] or at < found.end():
            return True
    return False


def _blocks(root: etree._Element, skipped: int) -> Iterator[Block]:
    path: list[str] = []
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "end":
            path.pop()
            continue
        path.append(make_heading(etree.QName(element).localname))
        if _is_mixed(element):
            walk.skip_subtree()
            text, attributes = "".join(map(str, element.itertext())), _attributes(element, _ALL)
        else:
            text, attributes = element.text or "", _attributes(element, _OWN)
        if not attributes and not text.strip():
            continue
        line = (element.sourceline or 1) + skipped
        if not attributes:
            line += text[: len(text) - len(text.lstrip())].count("\n")
        yield Block(
            text=" | ".join(filter(None, (attributes, text.strip()))) + "\n",
            headings=path[:_MAX_DEPTH],
            line=line,
        )


def _is_mixed(element: etree._Element) -> bool:
    """Whether text stands between the children of an element."""
    texts = (element.text, *(child.tail for child in element))
    return len(element) > 0 and any(text and not text.isspace() for text in texts)


def _attributes(element: etree._Element, where: etree.XPath) -> str:
    return "; ".join(
        f"{etree.QName(value.attrname).localname}: {value}" for value in cast("Any", where(element))
    )
