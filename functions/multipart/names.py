"""What the files of a form are called. There is a rule for names beyond ASCII, as they are, in
UTF-8 (RFC 7578, 4.2), and there are the clients, with habits of their own."""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from urllib.parse import unquote

from shared.errors import Invalid, Malformed

_MAX_HEADER = 2048
"""Bytes of a part's Content-Disposition: room for the longest name twice, with all of it escaped.
Reading one takes steps by the square of its length."""
_ENCODED_WORDS = re.compile(r"=\?[^?\s]+\?[bq]\?[^?]*\?=(\s+=\?[^?\s]+\?[bq]\?[^?]*\?=)*", re.I)
_ALL_ESCAPED = re.compile(r"(?:[A-Za-z0-9._~!*'()-]|%[0-9A-Fa-f]{2})+")
_BY_BROWSERS = re.compile("%(22|0D|0A)", re.IGNORECASE)
_CHARSETS = {"utf-8", "iso-8859-1", "us-ascii"}


def check_header(header: bytes) -> None:
    """Raises Malformed for a header that is longer than any name makes it."""
    if len(header) > _MAX_HEADER:
        raise Malformed(f"The header of a part may have at most {_MAX_HEADER} bytes.")


def read_filename(header: bytes, plain: bytes | None) -> str | None:
    """The name of the file of a part: by `filename*` of its Content-Disposition (RFC 8187), where
    it has one, else the `plain` one; None where there is neither. Raises Invalid."""
    extended = _find_extended(header.decode("latin-1")) if b"*" in header else None
    if extended is not None:
        return extended
    return None if plain is None else _decode_plain(plain)


def _find_extended(header: str) -> str | None:
    """None also where it cannot be read: beside it there should be a plain one."""
    message = Message()
    message["Content-Disposition"] = header
    for name, value in message.get_params(header="content-disposition") or []:
        if name == "filename" and isinstance(value, tuple):
            charset, _, text = value
            known = (charset or "utf-8").lower()
            try:
                return text.encode("latin-1").decode(known) if known in _CHARSETS else None
            except UnicodeError:
                return None
    return None


def _decode_plain(plain: bytes) -> str:
    """Raises Invalid for what is no UTF-8."""
    try:
        name = plain.decode()
        if _ENCODED_WORDS.fullmatch(name):  # .NET
            return _decode_words(name)
        if "%" in name and _ALL_ESCAPED.fullmatch(name):  # aiohttp, React Native
            return unquote(name, errors="strict")
    except UnicodeDecodeError:
        text = "A file name must be UTF-8."
        raise Invalid(text, [make_fault("is not UTF-8")]) from None
    return _BY_BROWSERS.sub(lambda escaped: chr(int(escaped[1], 16)), name)


def _decode_words(name: str) -> str:
    """RFC 2047, which was made for mail; words that cannot be read stay as they are."""
    try:
        parts = decode_header(name)
        return "".join(
            part if isinstance(part, str) else part.decode(charset or "ascii")
            for part, charset in parts
        )
    except (LookupError, HeaderParseError):
        return name


def make_fault(words: str) -> dict[str, object]:
    return {"loc": ["filename"], "msg": f"it {words}", "type": "filename"}
