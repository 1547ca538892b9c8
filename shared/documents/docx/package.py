"""The zip archive that a Word document is (ECMA-376 part 2), opened by somebody who trusts nothing:
not the sizes it declares, not its XML."""

import io
import posixpath
import struct
import zipfile
import zlib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass

from lxml import etree

from shared.documents.docx.xml import Element
from shared.documents.file_types import HOW_TO_UNLOCK, OLE
from shared.errors import DocumentFault, Unreadable

_OLD_WORD = "WordDocument".encode("utf-16-le")
_ENTRY = b"PK\x01\x02"
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_MAIN_KIND = "officeDocument"
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class DocxLimits:
    """Sizes are in bytes, unpacked, of the parts that are read. `ratio` is that of unpacked to
    packed, for parts over a megabyte. `markup` counts the elements and, twice, the attributes of
    all XML that is read: the parser needs about 120 bytes for each. `characters` are those of the
    extracted text."""

    part: int = 25 * _MEGABYTE
    total: int = 200 * _MEGABYTE
    ratio: int = 100
    entries: int = 10_000
    markup: int = 2_000_000
    characters: int = 10_000_000


class Package:
    """The parts of a Word document, by their names in small letters (OPC 6.2.2.3). Everything
    raises Unreadable."""

    def __init__(self, data: bytes, limits: DocxLimits) -> None:
        if data.startswith(OLE):
            raise _no_archive(data)
        if data.count(_ENTRY) > limits.entries:
            raise too_large(f"it has more than {limits.entries} parts")
        try:
            self._archive = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
            raise _broken("it is no zip archive, or is cut off") from None
        self._entries = {_part_name(entry.filename): entry for entry in self._archive.infolist()}
        self._limits = limits
        self._markup = self._unpacked = 0
        self._main = self._find_main()
        self._targets = self._relationships(self._main)

    def main(self) -> Element:
        """The root of the document itself."""
        root = self.root(self._main)
        if root is None:
            raise _broken(f"it has no {self._main}")
        return root

    def roots(self, kind: str) -> list[Element]:
        """The roots of all parts of a kind that belong to the document: `footnotes`, `header` …,
        the last word of the relationship's type."""
        names = [name for of_kind, name in self._targets.values() if of_kind == kind]
        usual = posixpath.join(posixpath.dirname(self._main), f"{kind}.xml")
        parts = map(self.root, dict.fromkeys([*names, usual]))
        return [root for root in parts if root is not None]

    def target(self, relationship: str) -> Element | None:
        """The root of the part that a relationship of the document leads to."""
        _, name = self._targets.get(relationship, ("", ""))
        return self.root(name)

    def read_linked(self, relationship: str) -> tuple[str, bytes] | None:
        """The name and the content of a part that is no XML of this document."""
        _, name = self._targets.get(relationship, ("", ""))
        entry = self._entries.get(name)
        return None if entry is None else (name, self._read(entry))

    def root(self, name: str) -> Element | None:
        """The root of a part, None when there is no such part."""
        entry = self._entries.get(_part_name(name))
        return None if entry is None else self._parse_part(self._read(entry))

    def _check_size(self, entry: zipfile.ZipInfo) -> None:
        """What the archive declares of a part that is read; `_read` holds it to that."""
        limits = self._limits
        self._unpacked += entry.file_size
        if self._unpacked > limits.total:
            raise too_large(f"unpacked it has more than {limits.total // _MEGABYTE} MB")
        most = limits.ratio * max(entry.compress_size, 1)
        if entry.file_size > _MEGABYTE and entry.file_size > most:
            raise too_large("a part of it unpacks to a hundred times its size")

    def _read(self, entry: zipfile.ZipInfo) -> bytes:
        self._check_size(entry)
        if entry.flag_bits & 0x1:
            raise _refuse_encrypted()
        if entry.compress_type not in _PACKINGS:
            raise _broken("it is packed in a way that Word does not use")
        limit = self._limits.part
        try:
            with self._archive.open(entry) as part:
                content = part.read(limit + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, struct.error):
            raise _broken("a part of it cannot be unpacked") from None
        if len(content) > limit:
            raise too_large(f"one of its texts has more than {limit // _MEGABYTE} MB")
        return content

    def _parse_part(self, content: bytes) -> Element:
        """OPC wants UTF-8 or UTF-16. Each has one `<` per tag, whatever the XML says of itself, so
        that its memory is known before it is parsed. Entities need a DOCTYPE, which OPC forbids.
        The parser itself refuses elements more than 256 deep."""
        wide = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        if any("<!DOCTYPE".encode(name) in content for name in ("utf-8", "utf-16-le", "utf-16-be")):
            raise _broken("it defines XML entities, which no Word document does")
        self._markup += content.count(b"<") + 2 * content.count(b"=")
        if self._markup > self._limits.markup:
            raise too_large(f"it has more than {self._limits.markup} elements")
        parser = etree.XMLParser(
            encoding="utf-16" if wide else "utf-8",
            resolve_entities=False,
            no_network=True,
            remove_comments=True,
            remove_pis=True,
            collect_ids=False,
        )
        try:
            return etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError):
            raise _broken("its XML is damaged, or nested too deeply") from None

    def _find_main(self) -> str:
        """The part that is the document, as the package says."""
        of_kind = (name for kind, name in self._relationships("").values() if kind == _MAIN_KIND)
        return next((name for name in of_kind if name in self._entries), "word/document.xml")

    def _relationships(self, part: str) -> dict[str, tuple[str, str]]:
        """The kind and the name of the other part, for each relationship of a part, or of the
        package itself."""
        folder, name = posixpath.split(part)
        root = self.root(posixpath.join(folder, "_rels", f"{name}.rels"))
        found = {}
        for link in root if root is not None else ():
            if link.get("TargetMode") != "External":
                kind = link.get("Type", "").rpartition("/")[2]
                path = posixpath.join("/", folder, link.get("Target", ""))
                found[link.get("Id", "")] = (kind, _part_name(posixpath.normpath(path)))
        return found


def _part_name(path: str) -> str:
    return path.replace("\\", "/").lstrip("/").lower()


def _no_archive(data: bytes) -> Unreadable:
    if _OLD_WORD in data:
        return Unreadable(
            DocumentFault.BROKEN, "This is a document of an old Word; please save it as .docx."
        )
    return _refuse_encrypted()


def _refuse_encrypted() -> Unreadable:
    return Unreadable(DocumentFault.ENCRYPTED, f"The Word document {HOW_TO_UNLOCK}")


def _broken(why: str) -> Unreadable:
    return Unreadable(
        DocumentFault.BROKEN,
        f"The Word document is damaged: {why}. Please open it in Word, save it anew and send that.",
    )


def too_large(why: str) -> Unreadable:
    """The error for a document over one of the limits."""
    return Unreadable(
        DocumentFault.TOO_LARGE,
        f"The Word document is too large: {why}. Please send it in smaller files.",
    )
