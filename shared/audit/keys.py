"""The keys that sign the audit trail. They come from the settings and never lie in storage, so that
whoever owns the storage account cannot sign.

A signature names its key, `{key id}.{HMAC-SHA-256}`, so that keys can be changed. Without a key it
is a plain SHA-256: it shows mistakes, and proves nothing.
"""

import hmac
from collections.abc import Sequence
from enum import Enum
from hashlib import sha256


class SignedKind(Enum):
    """What is signed; a signature for one thing counts for no other."""

    EVENT = b"event"
    HORIZON = b"horizon"
    DIGEST = b"digest"


class AuditKeys:
    """The key that signs, "" for none, and those whose signatures still count."""

    def __init__(self, current: str = "", previous: Sequence[str] = ()) -> None:
        self._keys = {_id(key): key.encode() for key in (*previous, current) if key}
        self._current = _id(current) if current else ""

    @property
    def is_set(self) -> bool:
        return bool(self._current)

    def sign(self, purpose: SignedKind, content: bytes) -> str:
        return self._sign(self._current, purpose, content)

    def check(self, purpose: SignedKind, content: bytes, signature: str) -> bool:
        """Whether `signature` is that of `content` by a known key, or without a key."""
        key_id = signature.rpartition(".")[0]
        if key_id and key_id not in self._keys:
            return False
        expected = self._sign(key_id, purpose, content)
        return hmac.compare_digest(expected.encode(), signature.encode(errors="replace"))

    def _sign(self, key_id: str, purpose: SignedKind, content: bytes) -> str:
        if not key_id:
            return sha256(content).hexdigest()
        mac = hmac.new(self._keys[key_id], purpose.value + b"\0" + content, sha256)
        return f"{key_id}.{mac.hexdigest()}"


UNKEYED = AuditKeys()


def is_signed(signature: str) -> bool:
    """Whether it was made with a key."""
    return "." in signature


def _id(key: str) -> str:
    return hmac.new(key.encode(), b"id", sha256).hexdigest()[:8]
