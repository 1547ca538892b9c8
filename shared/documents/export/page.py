"""A paper as a page for reading, with a list of its contents and footnotes; it does nothing, as any
HTML that is made here (html.py)."""

from collections.abc import Sequence
from html import escape
from itertools import pairwise

from markdown_it.token import Token

from shared.documents.export.html import tame
from shared.documents.export.markdown import parser, tokens

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
_STYLE = """\
body{max-width:44rem;margin:2rem auto;padding:0 1rem;font:1.05rem/1.6 Georgia,serif;color:#222}
h1,h2,h3{font-family:system-ui,sans-serif;line-height:1.25}
nav ol{padding-left:1.2rem}nav li{list-style:none}nav .h3{margin-left:1rem}
pre{background:#f2f2f2;padding:.8rem;overflow-x:auto}code{font-size:.9em}
table{border-collapse:collapse;margin:1rem 0}th,td{border:1px solid #aaa;padding:.3rem .6rem}
th{background:#dce6f1}blockquote{border-left:3px solid #ccc;margin-left:0;padding-left:1rem}
@media print{nav{display:none}}"""


def to_page(markdown: str, title: str) -> str:
    """CommonMark with tables and footnotes as one HTML page that fetches nothing."""
    found = tokens(markdown, notes=True)
    for token in found:
        tame(token)
    contents, made = _contents(found), parser(notes=True)
    body = made.renderer.render(found, made.options, {})
    return (
        '<!DOCTYPE html>\n<html><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{contents}<main>\n{body}</main>\n</body></html>\n"
    )


def _contents(found: Sequence[Token]) -> str:
    """Gives each heading an id, and lists those below the title."""
    lines = []
    for number, (token, inline) in enumerate(pairwise(found)):
        if token.type == "heading_open":
            name = f"h{number}"
            token.attrs["id"] = name
            text = "".join(part.content for part in inline.children or ())
            if token.tag in ("h2", "h3"):
                entry = f'<a href="#{name}">{escape(text)}</a>'
                lines.append(f'<li class="{token.tag}">{entry}</li>\n')
    return f"<nav><ol>\n{''.join(lines)}</ol></nav>\n" if lines else ""
