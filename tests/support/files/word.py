"""Word documents written part by part, for what python-docx cannot write."""

import io
import zipfile
from typing import Any

_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/"
_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml."
_NAMESPACES = {
    "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    "r": f"{_OFFICE}relationships",
    "m": f"{_OFFICE}math",
    "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
    "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
    "pic": "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "c": "http://schemas.openxmlformats.org/drawingml/2006/chart",
    "dgm": "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
    "w14": "http://schemas.microsoft.com/office/word/2010/wordml",
    "v": "urn:schemas-microsoft-com:vml",
    "o": "urn:schemas-microsoft-com:office:office",
}
STRICT = {
    _NAMESPACES["w"]: "http://purl.oclc.org/ooxml/wordprocessingml/main",
    _OFFICE: "http://purl.oclc.org/ooxml/officeDocument/",
}
_ROOTS = {"numbering": "numbering", "header": "hdr", "footer": "ftr"}
_DECLARED = " ".join(f'xmlns:{prefix}="{name}"' for prefix, name in _NAMESPACES.items())


def root(name: str, content: str) -> str:
    """A whole part; `name` is that of its element, with the prefix."""
    return f"<?xml version='1.0' encoding='UTF-8'?><{name} {_DECLARED}>{content}</{name}>"


def docx(body: str, core: str = "", others: Any = None, **parts: Any) -> bytes:
    """A document with the XML `body`. `parts` are the contents of styles, numbering, footnotes,
    endnotes, comments, header, footer (or a list of them); `others` are whole parts below `word`,
    by their names, with `rel_` and the name before the dot as their relationships' ids."""
    written = {"word/document.xml": root("w:document", f"<w:body>{body}</w:body>")}
    links = ""
    for kind, contents in parts.items():
        for at, content in enumerate([contents] if isinstance(contents, str) else contents):
            written[f"word/{kind}{at}.xml"] = root(f"w:{_ROOTS.get(kind, kind)}", content)
            links += _link(f"{kind}_{at}", kind, f"{kind}{at}.xml")
    for name, content in (others or {}).items():
        written[f"word/{name}"] = content
        links += _link(f"rel_{name.partition('.')[0]}", "other", name)
    written["word/_rels/document.xml.rels"] = _links(links)
    if core:
        written["docProps/core.xml"] = (
            '<c:coreProperties xmlns:c="core" xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"{core}</c:coreProperties>"
        )
    return package(written)


def package(parts: dict[str, str]) -> bytes:
    """The archive of these parts, with what else makes it a package."""
    types = "".join(
        f'<Override PartName="/{name}" ContentType="{_WORD}{kind}+xml"/>'
        for name, kind in {"word/document.xml": "document.main"}.items()
    )
    begin = _link("main", "officeDocument", "word/document.xml")
    return zipped(
        {
            "[Content_Types].xml": (
                '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                '<Default Extension="rels" '
                'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
                f'<Default Extension="xml" ContentType="application/xml"/>{types}</Types>'
            ),
            "_rels/.rels": _links(begin),
            **parts,
        }
    )


def zipped(entries: dict[str, str] | dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


def _link(name: str, kind: str, target: str) -> str:
    return f'<Relationship Id="{name}" Type="{_OFFICE}relationships/{kind}" Target="{target}"/>'


def relationships(**links: str) -> str:
    """A part that names others by their kinds."""
    return _links("".join(_link(f"{kind}_id", kind, target) for kind, target in links.items()))


def _links(links: str) -> str:
    space = "http://schemas.openxmlformats.org/package/2006/relationships"
    return f'<Relationships xmlns="{space}">{links}</Relationships>'


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def p(*content: str, properties: str = "") -> str:
    """A paragraph of runs; what is no XML becomes one."""
    runs = "".join(part if part.startswith("<") else run(part) for part in content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{runs}</w:p>"


def styled(style: str, text: str) -> str:
    return p(text, properties=f'<w:pStyle w:val="{style}"/>')


def listed(text: str, level: int = 0, list_id: int = 1) -> str:
    place = f'<w:ilvl w:val="{level}"/><w:numId w:val="{list_id}"/>'
    return p(text, properties=f"<w:numPr>{place}</w:numPr>")


def table(*rows: list[str]) -> str:
    """Cells that are no XML become a paragraph."""
    return f"<w:tbl>{''.join(map(row, rows))}</w:tbl>"


def row(cells: list[str], properties: str = "") -> str:
    made = "".join(f"<w:tc>{cell if cell.startswith('<') else p(cell)}</w:tc>" for cell in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{made}</w:tr>"


def inserted(*content: str, by: str = "Ann", tag: str = "ins") -> str:
    runs = "".join(part if part.startswith("<") else run(part) for part in content)
    return f'<w:{tag} w:id="1" w:author="{by}" w:date="2026-01-02T03:04:05Z">{runs}</w:{tag}>'


def deleted(text: str, by: str = "Ann", tag: str = "del") -> str:
    return inserted(run(text).replace("w:t", "w:delText"), by=by, tag=tag)


def ending(tag: str, by: str = "Ann") -> str:
    """The properties of a paragraph whose mark was inserted (`ins`), deleted (`del`) …"""
    return f'<w:rPr><w:{tag} w:id="1" w:author="{by}"/></w:rPr>'


def image(description: str = "") -> str:
    """A run with a picture."""
    said = f'descr="{description}"' if description else ""
    return (
        f'<w:r><w:drawing><wp:inline><wp:docPr id="1" name="Picture 1" {said}/><a:graphic>'
        '<a:graphicData><pic:pic><pic:blipFill><a:blip r:embed="x"/></pic:blipFill></pic:pic>'
        "</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
    )


def text_box(*paragraphs: str) -> str:
    """A run with a text box, as Word writes it: once for newer programs and once for older ones."""
    content = f"<w:txbxContent>{''.join(paragraphs)}</w:txbxContent>"
    return (
        '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:anchor>'
        f"<wps:wsp><wps:txbx>{content}</wps:txbx></wps:wsp></wp:anchor></w:drawing></mc:Choice>"
        f"<mc:Fallback><w:pict><v:shape><v:textbox>{content}</v:textbox></v:shape></w:pict>"
        "</mc:Fallback></mc:AlternateContent></w:r>"
    )


def note(kind: str, note_id: int, content: str, attributes: str = "") -> str:
    return f'<w:{kind} w:id="{note_id}" {attributes}>{content}</w:{kind}>'


def reference(kind: str, note_id: int) -> str:
    """A run that refers to a footnote, an endnote or a comment."""
    return f'<w:r><w:{kind}Reference w:id="{note_id}"/></w:r>'


def replaced(data: bytes, texts: dict[str, str], encoding: str = "utf-8") -> bytes:
    """The document with other texts in all of its parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    for old, new in texts.items():
        parts = {name: content.replace(old, new) for name, content in parts.items()}
    return zipped({name: content.encode(encoding) for name, content in parts.items()})


def entries(data: bytes) -> list[zipfile.ZipInfo]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.infolist()
