"""Writing a paper as a Word document: its title, a list of contents, headings, tables with their
captions, code and footnotes, in the styles of a template where one is given. As with any export it
shows text and does nothing (docx.py)."""

import io

import docx
from docx.document import Document
from markdown_it.tree import SyntaxTreeNode

from shared.documents.export.blocks import Blocks, clean
from shared.documents.export.docx import describe, set_dates
from shared.documents.export.fields import add_contents
from shared.documents.export.markdown import tokens
from shared.documents.export.template import Template, apply


def to_paper_docx(markdown: str, template: Template | None = None) -> bytes:
    """CommonMark with tables and footnotes as a .docx file: its first heading, of the first level,
    is the title, and those of the second become Word's first. `Table 1: …` before a table is its
    caption."""
    document = docx.Document()
    if template is not None:
        apply(template, document)
    nodes = SyntaxTreeNode(tokens(markdown, notes=True)).children
    is_titled = bool(nodes) and nodes[0].type == "heading" and nodes[0].tag == "h1"
    title = join_heading(nodes[0]) if is_titled else "Paper"
    describe(document, title)
    if is_titled:
        document.add_paragraph()._p.style = "Title"
        document.paragraphs[-1].add_run(clean(title))
    body = nodes[1:] if is_titled else nodes
    _contents(document, body)
    Blocks(document, raised=1).write(body)
    written = io.BytesIO()
    document.save(written)
    return set_dates(written)


def join_heading(node: SyntaxTreeNode) -> str:
    """What a heading says, without its markup."""
    return "".join(inner.content for inner in node.walk() if inner.type in ("text", "code_inline"))


def _contents(document: Document, nodes: list[SyntaxTreeNode]) -> None:
    found = [
        (int(node.tag.removeprefix("h")) - 1, clean(join_heading(node)))
        for node in nodes
        if node.type == "heading"
    ]
    if found:
        add_contents(document, found)
