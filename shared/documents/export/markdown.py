"""How Markdown is parsed for export: no HTML, and nothing nested so deeply that it tires."""

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

MAX_NESTING = 100


def parser(*, notes: bool = False) -> MarkdownIt:
    """CommonMark with tables and, if wanted, footnotes (`[^1]`)."""
    options = {"html": False, "maxNesting": MAX_NESTING}
    made = MarkdownIt("commonmark", options).enable("table")
    return made.use(footnote_plugin, inline=False) if notes else made


def tokens(markdown: str, *, notes: bool = False) -> list[Token]:
    """The parser drops what is nested too deeply for it; such a text is shown as it is written."""
    found = parser(notes=notes).parse(markdown)
    if any(token.level >= MAX_NESTING - 1 for token in found):
        return [Token("code_block", "code", 0, content=markdown)]
    return found
