"""Small JSON kept in a column of a row: compressed, as a text that a column holds."""

import base64
import zlib
from typing import Any

from shared.text import strict_json

_MAX_CHARACTERS = 30_000  # A column holds 32 Ki.


def pack(value: Any) -> str:
    """`value` as a text for a column, empty when it does not fit into one."""
    text = base64.b85encode(zlib.compress(strict_json.dumps(value), 6)).decode()
    return text if len(text) <= _MAX_CHARACTERS else ""


def unpack(text: str) -> Any:
    """What `pack` was given; None for the empty text."""
    return strict_json.loads(zlib.decompress(base64.b85decode(text))) if text else None
