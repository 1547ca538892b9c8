"""Answers that a server may confirm instead of sending them again (RFC 9110, If-None-Match)."""

from collections import OrderedDict
from dataclasses import dataclass

_MAX_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer's body and the ETag that it came with."""

    etag: str
    body: bytes


class EtagCache:
    """Keeps bodies by key, at most `max_bytes` of them; the longest unused goes first."""

    def __init__(self, max_bytes: int = _MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._size = 0
        self._kept: OrderedDict[str, Kept] = OrderedDict()

    def get(self, key: str) -> Kept | None:
        """What was kept last under `key`."""
        kept = self._kept.get(key)
        if kept is not None:
            self._kept.move_to_end(key)
        return kept

    def keep(self, key: str, etag: str | None, body: bytes) -> None:
        """An answer without ETag, or larger than a quarter of the room, is not kept."""
        old = self._kept.pop(key, None)
        self._size -= len(old.body) if old else 0
        if not etag or len(body) > self._max_bytes // 4:
            return
        self._kept[key] = Kept(etag, body)
        self._size += len(body)
        while self._size > self._max_bytes:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest.body)
