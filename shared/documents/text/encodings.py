"""In which encoding a text is: as its byte order mark says, UTF-8, as it declares, or what
charset-normalizer makes of it."""

import codecs
import re
from collections.abc import Iterable
from typing import NamedTuple

from shared.errors import DocumentFault, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# The encodings that browsers know (whatwg.org, Encoding), as far as texts still come in them; of
# those that fit about as well as each other, the first is taken.
_LATIN = ["cp1252", "cp1254", "cp1257", "iso8859_2", "cp1250"]
_OTHER = [
    *("cp1251", "koi8_r", "gb18030", "euc_jp", "cp949", "big5", "cp932", "iso2022_jp"),
    *("cp1253", "cp1255", "cp1256", "cp874", "iso8859_5", "cp866"),
]
_GROWN = {
    **dict.fromkeys(("ascii", "iso8859-1"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gb18030"),
    "iso8859-9": "cp1254",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}
_DECLARABLE = {codecs.lookup(name).name for name in (*_LATIN, *_OTHER, "iso8859_15", "mac_roman")}
_SAMPLE = 32 * 1024
_HIGH = re.compile(rb"[\x80-\xff]")
_LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_MAX_CHAOS = 0.1  # of 0.2, charset-normalizer's limit: a short list is more easily taken in
_MAX_LOST = 0.01  # of the characters
_LIKE, _LIKE_CHAOS = 0.15, 0.01


class Decoded(NamedTuple):
    """`note` is a sentence about what had to be assumed."""

    text: str
    note: str | None


def read_mark(head: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning tells."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def decode_text(data: bytes, declared: str | None = None) -> Decoded:
    """The text of a file; `declared` is the encoding that HTML or XML names in itself.

    Raises Unreadable when no encoding fits.
    """
    mark = read_mark(data[:4])
    for encoding in (mark or "utf-8", _find_codec(declared)):
        if encoding and (text := _decode_as(data, encoding)) is not None:
            is_usual = encoding in ("utf-8", "utf-8-sig")
            return Decoded(text, None if is_usual else _note(encoding, 0))
    encoding = mark or guess_encoding(sample_lines([data]))
    text = data.decode(encoding, "replace") if encoding else ""
    lost = text.count("\ufffd")
    if not encoding or lost > _MAX_LOST * len(text):
        advice = "No encoding fits the text of this file; please save it as UTF-8."
        raise Unreadable(DocumentFault.BROKEN, advice)
    return Decoded(text, _note(encoding, lost))


def sample_lines(pieces: Iterable[bytes]) -> bytes:
    """The first lines that are not ASCII, which tell the encoding; some kilobytes of them."""
    lines: list[bytes] = []
    size = 0
    for piece in pieces:
        if piece.isascii() and b"\x1b" not in piece:
            continue
        for line in piece.splitlines():
            if not line.isascii() or b"\x1b" in line:
                lines.append(line[:_SAMPLE])
                size += len(line)
            if size > _SAMPLE:
                return b"\n".join(lines)
    return b"\n".join(lines)


def guess_encoding(sample: bytes) -> str | None:
    """The encoding of a text without byte order mark, by its lines that are not ASCII.

    In texts of western languages, letters beyond ASCII are few and stand alone; in others they make
    the words.
    """
    if _is_nearly_utf8(sample):
        return "utf-8"
    high, lone = len(_HIGH.findall(sample)), len(_LONE.findall(sample))
    if 3 * high > len(sample) or 2 * lone < high:
        return _likeliest(sample, _OTHER) or _likeliest(sample, _LATIN)
    usual = "cp1252" if _decode_as(sample, "cp1252") is not None else "cp850"
    return _likeliest(sample, _LATIN, least_coherence=0.01) or usual


def _likeliest(sample: bytes, encodings: list[str], least_coherence: float = 0) -> str | None:
    from charset_normalizer import from_bytes

    matches = from_bytes(sample, cp_isolation=encodings, preemptive_behaviour=False)
    best = matches.best()
    if best is None or best.chaos > _MAX_CHAOS or best.coherence < least_coherence:
        return None
    fitting = {
        encoding
        for match in matches
        if match.chaos < best.chaos + _LIKE_CHAOS and match.coherence > best.coherence - _LIKE
        for encoding in match.could_be_from_charset
    }
    return next((encoding for encoding in encodings if encoding in fitting), best.encoding)


def _is_nearly_utf8(sample: bytes) -> bool:
    """A text with a few bad bytes in it, as when files were put together."""
    text = sample.decode("utf-8", "replace")
    wide = sum(not char.isascii() for char in text)
    return wide > 0 and text.count("\ufffd") <= wide / 10


def _decode_as(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _find_codec(declared: str | None) -> str | None:
    """The codec of a declared name, if it is one for texts; browsers take the names of old, small
    sets for the larger ones that grew from them."""
    try:
        name = codecs.lookup(declared or "").name
    except (LookupError, ValueError):
        return None
    name = _GROWN.get(name, name)
    return name if name in _DECLARABLE else None


def _note(encoding: str, lost: int) -> str:
    note = f"The text was read as {encoding.removesuffix('-sig')}"
    return f"{note}; {lost} of its characters could not be read." if lost else f"{note}."
