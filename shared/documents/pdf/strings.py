"""Text as pdfium gives it, and as it is kept."""

import ctypes
import re
from collections.abc import Callable
from typing import Any

HYPHEN = "\x02"
"""What pdfium writes for a hyphen and the line end after it, where a word goes on behind them."""
EVERYWHERE = (-1e6, -1e6, 1e6, 1e6)
"""The bounds of a page's text: what is cropped is text all the same."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def tidy(text: str) -> str:
    """The text with `\\n` after every line, and no control or half characters."""
    lines = text.replace(HYPHEN, "-\n").replace("\r\n", "\n").replace("\r", "\n")
    whole = _CONTROL.sub("", lines).encode("utf-8", "ignore").decode()
    return whole if not whole or whole.endswith("\n") else f"{whole}\n"


def read_string(read: Callable[..., int], *subject: Any) -> str:
    """What one of pdfium's functions writes about `subject`, first asked for its size in bytes."""
    size = read(*subject, None, 0)
    buffer = (ctypes.c_ushort * (size // 2))()
    read(*subject, buffer, size)
    return bytes(buffer).decode("utf-16-le", "ignore").rstrip("\0")


def line(text: str) -> str:
    """The text in one line."""
    return " ".join(tidy(text).split())
