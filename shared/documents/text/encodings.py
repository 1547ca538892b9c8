"""In which encoding a text is: as its byte order mark says, UTF-8, as it declares, or what chardet
makes of it."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from shared.errors import DocumentFault, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Names of old, small sets stand for the larger ones that grew from them, as in browsers
# (whatwg.org, Encoding).
_GROWN = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    **dict.fromkeys(("tis-620", "iso8859-11"), "cp874"),
    "iso8859-8": "cp1255",
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_OTHERWISE_CALLED = {"windows-31j": "cp932", "windows-874": "cp874", "iso-8859-8-i": "cp1255"}
_NOT_OF_FILES = {"utf-7", "unicode-escape", "raw-unicode-escape", "idna", "punycode", "undefined"}
_DECLARATION = {
    "text/html": re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.I),
    "application/xml": re.compile(rb"<\?xml[^>]{0,200}encoding\s*=\s*[\"']([\w.:-]{2,40})"),
}
_DECLARED_WITHIN = 1024  # bytes, as HTML asks for
_EBCDIC_XML = "<?xml".encode("cp037")
_SHIFT = b"\x1b$"  # begins other letters in the 7-bit encodings of ISO 2022
_SAMPLE = 64 * 1024
# A few letters that fit nothing well are most often western, as is what has no letters but signs
# (quotes, dashes, currencies) that stand before or after a word.
_FEW, _LITTLE = 5, 0.05
_SIGN = re.compile(
    rb"\x92(?=[a-z]{1,2}\b)"
    rb"|(?<![A-Za-z\x80-\xff])[\x80\x82\x84-\x87\x8b\x91-\x97\x99\x9b\xa0-\xbf\xd7\xf7]"
    rb"|[\x80\x85\x89\x91-\x97\x99\x9b\xa0-\xbf\xd7\xf7](?![A-Za-z\x80-\xff])"
)
_OF_TWO_BYTES = {"gb18030", "big5", "big5hkscs", "cp932", "cp949", "euc_jp", "johab"}
_MANY, _NOTHING = 100, 0.035  # many bytes that mean nothing in any language are no text
_MAX_LOST = 0.01  # of the characters
_MAX_CONTROL = 0.01
CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1b")  # ESC colours logs
_DROPPED = dict.fromkeys(CONTROLS)

Pieces = Callable[[], Iterable[bytes]]
"""The bytes of a file from its beginning, piece by piece, as often as it is called."""


class Decoded(NamedTuple):
    """`notes` are sentences about what had to be assumed or left out; `encoding` is Python's name
    for it."""

    text: str
    encoding: str
    notes: list[str]


def read_declaration(kind: str, head: bytes) -> str | None:
    """The encoding that HTML or XML names in its first bytes."""
    pattern = _DECLARATION.get(kind)
    head = head[:_DECLARED_WITHIN]
    if head.startswith(_EBCDIC_XML):
        head = head.decode("cp037").encode("latin-1", "replace")
    found = pattern and pattern.search(head)
    return found[1].decode("ascii", "ignore") if found else None


def find_encoding(pieces: Pieces, declared: str | None = None) -> str | None:
    """The first encoding in which the pieces are text: without control characters but for a few,
    and, where it was neither declared nor UTF-8, with less than a hundredth of bad characters."""
    sample = _sample(pieces())
    head = next(iter(pieces()), b"")
    for encoding, may_lose in _candidates(sample, read_mark(head[:4]), _find_codec(declared)):
        if _is_text(pieces(), encoding, may_lose):
            return encoding
    return None


def decode_text(data: bytes, declared: str | None = None) -> Decoded:
    """The text of a file without control characters; `declared` is the encoding that HTML or XML
    names in itself. Raises Unreadable when no encoding fits."""
    encoding = find_encoding(lambda: [data], declared)
    if encoding is None:
        advice = "No encoding fits the text of this file; please save it as UTF-8."
        raise Unreadable(DocumentFault.BROKEN, advice)
    text = data.decode(encoding, "replace")
    notes = list(_note_encoding(encoding.removesuffix("-sig"), text.count("\ufffd")))
    if controls := _count_controls(text):
        text = text.translate(_DROPPED)
        notes.append(f"Control characters were left out: {controls}.")
    return Decoded(text, encoding, notes)


def read_mark(head: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning tells."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def _sample(pieces: Iterable[bytes]) -> bytes:
    """Some kilobytes from the first line on that is not ASCII, which tell the encoding."""
    found = b""
    for piece in pieces:
        if found:
            return (found + piece)[:_SAMPLE]
        if not piece.isascii() or _SHIFT in piece or b"\0" in piece:
            at = next(match.start() for match in re.finditer(rb"[\x80-\xff\0\x1b]", piece))
            start = 0 if b"\0" in piece else piece.rfind(b"\n", 0, at) + 1
            found = piece[start : start + _SAMPLE]
    return found


def _candidates(
    sample: bytes, mark: str | None, declared: str | None
) -> Iterator[tuple[str, bool]]:
    """Encodings that it may be in, the likeliest first, and whether some of it may be lost."""
    if mark:
        yield mark, True
        return
    if declared and (sample.isascii() or _is_ebcdic(declared)):
        yield declared, False
    if _SHIFT in sample and sample.isascii() and (guessed := _guess(sample)):
        yield guessed, False
    yield "utf-8", False
    if declared:
        yield declared, False
    if _is_nearly_utf8(sample):
        yield "utf-8", True
    if guessed := _guess(sample):
        yield guessed, True


def _is_ebcdic(encoding: str) -> bool:
    return "<".encode(encoding, "ignore") == _EBCDIC_XML[:1]


def _is_text(pieces: Iterable[bytes], encoding: str, may_lose: bool) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("replace" if may_lose else "strict")
    characters = lost = controls = 0
    try:
        for text in (*map(decoder.decode, pieces), decoder.decode(b"", final=True)):
            characters += len(text)
            lost += text.count("\ufffd") if may_lose else 0
            controls += _count_controls(text)
    except UnicodeError:
        return False
    return lost <= _MAX_LOST * characters and controls <= 1 + _MAX_CONTROL * characters


def _count_controls(text: str) -> int:
    data = text.encode("utf-8", "surrogatepass")
    return len(data) - len(data.translate(None, CONTROLS))


def _guess(sample: bytes) -> str | None:
    """The encoding of a text that is not UTF-8; None when it is no text."""
    if sample.count(b"\0") <= 1 + _MAX_CONTROL * len(sample):
        sample = sample.translate(None, CONTROLS)
    signless = _SIGN.sub(b"", sample)
    if signless.isascii() and not sample.isascii():
        return "cp1252"
    name, confidence = _detect(sample)
    if _count_high(sample) > _MANY and confidence < _NOTHING:
        return None
    if name in _OF_TWO_BYTES or _count_high(signless) > _FEW:
        return name
    return "cp1252" if _detect(signless)[1] < _LITTLE else name


def _count_high(data: bytes) -> int:
    return len(data) - len(data.translate(None, bytes(range(128, 256))))


def _detect(sample: bytes) -> tuple[str | None, float]:
    """What chardet makes of it, and its confidence, from 0 to 1."""
    import chardet
    from chardet.enums import EncodingEra

    era = EncodingEra.ALL & ~EncodingEra.MAINFRAME
    found = chardet.detect(sample, encoding_era=era, compat_names=False, prefer_superset=False)
    name = found["encoding"]
    return name and _grow(codecs.lookup(name).name), found["confidence"]


def _is_nearly_utf8(sample: bytes) -> bool:
    """A text with a few bad bytes in it, as when files were put together."""
    text = sample.decode("utf-8", "replace")
    wide = len(text) - len(text.encode("ascii", "ignore"))
    return wide > 0 and text.count("\ufffd") <= wide / 10


def _find_codec(declared: str | None) -> str | None:
    """The codec of a declared name, if it is one for texts."""
    name = (declared or "").lower().removeprefix("x-")
    try:
        name = codecs.lookup(_OTHERWISE_CALLED.get(name, name)).name
        "a".encode(name)
    except (LookupError, ValueError):  # such as "zlib"
        return None
    return None if name.replace("_", "-") in _NOT_OF_FILES else _grow(name)


def _grow(name: str) -> str:
    return _GROWN.get(name, name)


def _note_encoding(encoding: str, lost: int) -> Iterator[str]:
    note = f"The text was read as {encoding}"
    if lost:
        yield f"{note}; {lost} of its characters could not be read."
    elif encoding != "utf-8":
        yield f"{note}."
