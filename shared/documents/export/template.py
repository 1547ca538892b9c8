"""The styles of somebody's Word document, taken over into documents that are written here: what
headings, text, captions and tables look like, and the page. No text, picture or header of it."""

from docx.document import Document
from docx.oxml import parse_xml
from docx.oxml.ns import qn
from lxml import etree

from shared.documents.docx.package import DocxLimits, Package
from shared.documents.docx.xml import Element
from shared.errors import DocumentFault, Unreadable
from shared.models import Model

_LIMITS = DocxLimits(part=4 * 1024 * 1024, markup=200_000)
_USED = {
    "normal": "Normal",
    "title": "Title",
    **{f"heading {level}": f"Heading{level}" for level in range(1, 7)},
    "caption": "Caption",
    "quote": "Quote",
    "list paragraph": "ListParagraph",
    "no spacing": "NoSpacing",
    "table grid": "TableGrid",
    "footnote text": "FootnoteText",
    "footnote reference": "FootnoteReference",
    "hyperlink": "Hyperlink",
    "default paragraph font": "DefaultParagraphFont",
    "normal table": "TableNormal",
    **{f"toc {level}": f"TOC{level}" for level in range(1, 4)},
}
"""Built-in styles by their names, which are English in every language of Word, and the ids that the
export knows them by."""
_LEADING = ("w:basedOn", "w:next", "w:link")
_RELATIONSHIPS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


class Template(Model):
    """XML of WordprocessingML: the styles that are used, and the properties of the page."""

    styles: str
    page: str | None


def template_of(data: bytes) -> Template:
    """The template that a .docx file is. Raises Unreadable."""
    package = Package(data, _LIMITS)
    root = package.root("word/styles.xml")
    if root is None:
        raise Unreadable(
            DocumentFault.BROKEN,
            "The template has no styles; please open it in Word, save it anew and send that.",
        )
    _rename(root)
    _keep_used(root)
    return Template(styles=_xml(root), page=_page(package.main()))


def apply(template: Template, document: Document) -> None:
    """Give a new document these styles; it keeps its own where the template has none."""
    own = document.styles.element
    theirs = parse_xml(template.styles)
    known = {style.get(qn("w:styleId")) for style in theirs.findall(qn("w:style"))}
    for style in own.findall(qn("w:style")):
        if style.get(qn("w:styleId")) not in known:
            theirs.append(style)
    for child in list(own):
        own.remove(child)
    for child in list(theirs):
        own.append(child)
    if template.page:
        section = document.sections[0]._sectPr
        for mine in parse_xml(template.page):
            for old in section.findall(mine.tag):
                section.replace(old, mine)


def _rename(root: Element) -> None:
    """Each used style gets the id that the export knows it by."""
    ids: dict[str, str] = {}
    for style in root.findall(qn("w:style")):
        name = style.find(qn("w:name"))
        wanted = _USED.get(name.get(qn("w:val"), "").lower()) if name is not None else None
        if wanted and wanted not in ids.values():
            ids[style.get(qn("w:styleId"), "")] = wanted
    for style in root.findall(qn("w:style")):
        known = style.get(qn("w:styleId"), "")
        style.set(qn("w:styleId"), _rename_style(known, ids))
        for tag in _LEADING:
            for link in style.findall(qn(tag)):
                link.set(qn("w:val"), _rename_style(link.get(qn("w:val"), ""), ids))


def _rename_style(known: str, ids: dict[str, str]) -> str:
    if known in ids:
        return ids[known]
    return f"{known}Other" if known in ids.values() else known


def _keep_used(root: Element) -> None:
    """Only the styles in use, with those that they are based on."""
    styles = {style.get(qn("w:styleId"), ""): style for style in root.findall(qn("w:style"))}
    kept: set[str] = set()
    todo = [name for name in _USED.values() if name in styles]
    while todo:
        name = todo.pop()
        if name in kept or name not in styles:
            continue
        kept.add(name)
        todo += [link.get(qn("w:val"), "") for link in styles[name].findall(qn("w:basedOn"))]
    for child in list(root):
        if child.tag == qn("w:style"):
            if child.get(qn("w:styleId"), "") not in kept:
                root.remove(child)
                continue
            for tag in ("w:next", "w:link"):
                for link in child.findall(qn(tag)):
                    if link.get(qn("w:val"), "") not in kept:
                        child.remove(link)
        elif child.tag != qn("w:docDefaults"):
            root.remove(child)


def _page(main: Element) -> str | None:
    """The size and the margins of the last section's pages."""
    section = main.find(f"./{qn('w:body')}/{qn('w:sectPr')}")
    if section is None:
        return None
    for child in list(section):
        if child.tag not in (qn("w:pgSz"), qn("w:pgMar")):
            section.remove(child)
    return _xml(section)


def _xml(root: Element) -> str:
    """Without what points into other parts of the document: its numbering, its relationships."""
    etree.strip_elements(root, qn("w:numPr"), with_tail=False)
    etree.strip_attributes(root, f"{_RELATIONSHIPS}*")
    etree.cleanup_namespaces(root)
    return etree.tostring(root, encoding="unicode")
