"""Files as answers: whole, or a part of one (RFC 9110, section 14)."""

import re
from urllib.parse import quote

import azure.functions as func

from shared.errors import NoSuchRange

MAX_ANSWER = 32 * 1024 * 1024
"""Bytes; what is longer comes from storage itself. The platform answers more than 100 MB with an
empty 500, and its process ends."""

SANDBOX = "default-src 'none'; sandbox"
"""The Content-Security-Policy of what is for saving."""
_RANGE = re.compile(r"bytes=(?:([0-9]{1,40})-([0-9]{0,40})|-([0-9]{1,40}))", re.IGNORECASE)


def find_part(req: func.HttpRequest, size: int, etag: str) -> range | None:
    """The places of the bytes that a request asks for, None for all of them: also for several
    ranges, units that are not bytes, an `If-Range` that names another version, and HEAD.

    Raises NoSuchRange.
    """
    found = _RANGE.fullmatch(str(req.headers.get("Range", "")).strip())
    if not found or req.method == "HEAD" or req.headers.get("If-Range", etag) != etag:
        return None
    first, last, tail = found.groups()
    if tail is not None:
        part = range(max(size - int(tail), 0), size)
    elif last and int(last) < int(first):
        return None  # This is no range.
    else:
        part = range(int(first), min(int(last) + 1, size) if last else size)
    if not part:
        raise NoSuchRange(f"The file has {size} bytes; there is no such part of it.", size)
    return part


def answer_file(
    content: bytes, filename: str, content_type: str, etag: str, part: range | None, size: int
) -> func.HttpResponse:
    """For saving: nothing is shown or run in place."""
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(filename),
        "Content-Security-Policy": SANDBOX,
        "ETag": etag,
    }
    if part is None:
        return func.HttpResponse(content, headers=headers, mimetype=content_type)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return func.HttpResponse(content, status_code=206, headers=headers, mimetype=content_type)


def disposition(filename: str) -> str:
    """RFC 6266: the name in ASCII for old readers, and whole for all others."""
    plain = "".join(c if " " <= c <= "~" and c not in '"\\%' else "_" for c in filename)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"
