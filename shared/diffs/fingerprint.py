"""Whether two findings are the same, told from what they point at and never from their words."""

from collections.abc import Iterable
from hashlib import sha256

from shared.diffs.quotes import fold_line


def fingerprint(path: str, category: str, evidence_lines: Iterable[str]) -> str:
    """32 hexadecimal digits that stay when lines move, code is indented anew, or a title is worded
    anew. The lines are the file's own, at the anchor, as quotes of one place differ in length.
    The same code twice in a file has one fingerprint."""
    lines = [line for line in map(fold_line, evidence_lines) if line]
    text = "\0".join([path, category.lower(), *lines])
    return sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]
