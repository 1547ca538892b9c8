"""The footnotes, endnotes and comments of a Word document, each given out once: where it is
referred to, or at the end when it is referred to nowhere."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.documents.docx.package import Package
from shared.documents.docx.xml import Element, attribute

_KINDS = ("footnote", "endnote", "comment")


@dataclass(frozen=True, slots=True)
class Note:
    """`name` is its place: `footnote 3`, `comment 2 by Ann`; numbers are from 1, as they are given
    out."""

    name: str
    element: Element


class Notes:
    def __init__(self, package: Package) -> None:
        self._waiting: dict[tuple[str, str], list[Element]] = {}
        self._given = dict.fromkeys(_KINDS, 0)
        for kind in _KINDS:
            for element in (note for root in package.roots(f"{kind}s") for note in root):
                if not _is_line(element):
                    key = kind, attribute(element, "id") or ""
                    self._waiting.setdefault(key, []).append(element)

    def take(self, kind: str, note_id: str) -> Iterator[Note]:
        """The note that is referred to, none when it was taken before."""
        for element in self._waiting.pop((kind, note_id), []):
            yield self._read_named(kind, element)

    def rest(self) -> Iterator[Note]:
        """Those that nothing refers to."""
        while self._waiting:
            yield from self.take(*next(iter(self._waiting)))

    def _read_named(self, kind: str, element: Element) -> Note:
        self._given[kind] += 1
        author = (attribute(element, "author") or "").strip()
        name = f"{kind} {self._given[kind]}"
        return Note(f"{name} by {author}" if author else name, element)


def _is_line(element: Element) -> bool:
    """Whether it is the line that parts notes from the text."""
    special = attribute(element, "type") not in (None, "normal")
    return special and not any(text.strip() for text in element.itertext())
