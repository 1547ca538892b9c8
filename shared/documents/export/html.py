"""Markdown as a piece of HTML that shows text and does nothing: HTML in it is text, of images there
is only what describes them, links lead to the web or to mail and tell nobody where they were."""

import re
from collections.abc import Sequence
from html import escape
from typing import Any

from markdown_it.token import Token

from shared.documents.export.markdown import parser, tokens

_SAFE_LINK = re.compile(r"(?:https?|mailto):", re.IGNORECASE)


def to_html(markdown: str) -> str:
    """CommonMark with tables as elements for the body of a page.

    Nothing but elements of text, lists, tables and links comes of it, without any style, script,
    class that is not of a code's language, or address that is fetched.
    """
    found = tokens(markdown)
    if len(found) == 1 and found[0].type == "code_block":
        return f"<pre>{escape(markdown)}</pre>\n"
    for token in found:
        tame(token)
    made = parser()
    return str(made.renderer.render(found, made.options, {}))


def tame(token: Token) -> None:
    """Leave nothing active in a token: no address that is fetched, no link but to web and mail."""
    style = str(token.attrs.pop("style", ""))
    if style.startswith("text-align:"):
        token.attrs["align"] = style.removeprefix("text-align:")
    for child in token.children or ():
        if child.type == "image":
            child.type, child.tag, child.content = "text", "", _describe_image(child.children or ())
        elif child.type == "link_open":
            child.attrs = _link(child.attrs)


def _describe_image(parts: Sequence[Token]) -> str:
    return "".join(part.content for part in parts) or "image"


def _link(attrs: dict[str, Any]) -> dict[str, Any]:
    address = str(attrs.get("href", ""))
    if not _SAFE_LINK.match(address):
        return {}
    return {"href": address, "rel": "noopener noreferrer nofollow", "target": "_blank"}
