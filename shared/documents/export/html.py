"""Markdown as a piece of HTML that shows text and does nothing: HTML in it is text, of images there
is only what describes them, links lead to the web or to mail and tell nobody where they were."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

_MAX_NESTING = 100
_SAFE_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def to_html(markdown: str) -> str:
    """CommonMark with tables as elements for the body of a page.

    Nothing but elements of text, lists, tables and links comes of it, without any style, script,
    class that is not of a code's language, or address that is fetched.
    """
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": _MAX_NESTING}).enable("table")
    tokens = parser.parse(markdown)
    if any(token.level >= _MAX_NESTING - 1 for token in tokens):
        return f"<pre>{escape(markdown)}</pre>\n"  # The parser drops what is nested too deeply.
    for token in tokens:
        _tame(token)
    return str(parser.renderer.render(tokens, parser.options, {}))


def _tame(token: Token) -> None:
    style = str(token.attrs.pop("style", ""))
    if style.startswith("text-align:"):
        token.attrs["align"] = style.removeprefix("text-align:")
    for child in token.children or ():
        if child.type == "image":
            child.type, child.tag, child.content = "text", "", _described(child.children or ())
        elif child.type == "link_open":
            child.attrs = _link(child.attrs)


def _described(parts: Sequence[Token]) -> str:
    return "".join(part.content for part in parts) or "image"


def _link(attrs: dict[str, Any]) -> dict[str, Any]:
    address = str(attrs.get("href", ""))
    if not _SAFE_LINK.match(address):
        return {}
    return {"href": address, "rel": "noopener noreferrer nofollow", "target": "_blank"}
