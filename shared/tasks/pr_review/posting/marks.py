"""Marks that nobody sees in comments on GitHub, and that only this app can make."""

import base64
import hmac
import re
import zlib
from collections.abc import Callable, Iterator

Sign = Callable[[str], str]

_MAX_UNPACKED = 2_000_000


def seal(kind: str, text: str, sign: Sign) -> str:
    """A mark of this kind (`summary`, `finding` …) that holds the text."""
    data = base64.b64encode(zlib.compress(text.encode(), 9)).decode()
    return f"<!-- amida-{kind}-1:{data}:{sign(f'{kind}:{data}')} -->"


def find_sealed(kind: str, body: str, sign: Sign) -> Iterator[str]:
    """The texts of the marks of this kind that are ours, whatever others pretend to be."""
    for data, signature in re.findall(
        rf"<!-- amida-{kind}-1:([\w+/=]+):([0-9a-f]{{64}}) -->", body
    ):
        if hmac.compare_digest(sign(f"{kind}:{data}"), signature):
            unpacking = zlib.decompressobj()
            yield unpacking.decompress(base64.b64decode(data), _MAX_UNPACKED).decode()
