"""Signed digests of the audit trail, in a container to which blobs are only ever added.

A digest has the last event of each chain that changed since the one before: its number and its
hash, the chain's *head*. It is numbered, signed, and names the signature of the one before, so that
none can be changed, left out or put in; several hosts may make digests at once, as a number is
given out once. To find all heads of a chain without reading all digests, each 64 are merged into a
block, each 64 blocks into one of the next level, which is divided by the hashes of chains:

`digests/{number}` with numbers that fall, so that the newest is listed first ·
`merged/{level}/{index}{-part of the chains}`

What is merged can always be made again of what it was made of, so a crash may leave it out.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import sha256
from itertools import chain as joined
from itertools import pairwise, product
from typing import Any, TypeVar

from pydantic import ValidationError

from shared.audit.keys import AuditKeys, SignedKind, is_signed
from shared.clients.blobs import Container
from shared.clients.side_by_side import gather_within
from shared.errors import BrokenDigests, WriteConflict
from shared.models import Instant, Model
from shared.storage.conflicts import retry_on_conflict
from shared.text.strict_json import canonical

FAN_IN = 64
_AT_ONCE = 16
_HEX = "0123456789abcdef"
_LAST = 16**10 - 1
_NAME = re.compile(r"digests/([0-9a-f]{10})\.json")

Head = tuple[int, str]
"""Number and hash of an event that was the last of its chain."""
Heads = dict[str, list[Head]]
P = TypeVar("P", "Digest", "DigestBlock")


class SealingState(Model):
    """How far the sealing of what was written without a key has come: the table and the page that
    are next, whether there was any, when a pass ended, and whether none will follow."""

    table: int = 0
    token: str = ""
    has_found: bool = False
    sealed_at: Instant | None = None
    is_closed: bool = False


class _Part(Model):
    """Heads of chains, and up to where a chain was sealed that began without a key."""

    heads: Heads = {}
    seals: Heads = {}
    signature: str = ""


class Digest(_Part):
    """`looked_until` is up to when events were looked for that nobody lived to put into one."""

    number: int = 0
    previous: str = ""
    made_at: Instant
    looked_until: Instant
    sealing: SealingState = SealingState()


class DigestBlock(_Part):
    """What digests say of a part of all chains; `last` is the signature of the last of them."""

    level: int
    index: int
    part: str
    previous: str
    last: str


def has_sealed(newest: Digest | None) -> bool:
    """Whether all that was written without a key is known to the digests up to this one."""
    return newest is not None and newest.sealing.is_closed


class KnownHeads(Model):
    """What the digests say of a chain, in the order of time."""

    heads: list[Head] = []
    seals: list[Head] = []


class Digests:
    """Methods raise BrokenDigests for one that is missing or not signed by a known key."""

    def __init__(self, container: Container, keys: AuditKeys, fan_in: int = FAN_IN) -> None:
        self._container = container
        self._keys = keys
        self._fan_in = fan_in

    async def newest(self) -> Digest | None:
        """The last digest: two storage calls."""
        names, _ = await self._container.page("digests/", "")
        if not names:
            return None
        found = _NAME.fullmatch(names[0])
        return await self._read_digest(_LAST - int(found[1], 16) if found else 0)

    async def append(self, make: Callable[[Digest | None], Awaitable[Digest]]) -> Digest:
        """Store what `make` makes of the newest digest, as the next: three storage calls, and for
        every 64th those that merge them."""

        async def attempt() -> Digest:
            newest = await self.newest()
            number, previous = (newest.number + 1, newest.signature) if newest else (1, "")
            made = await make(newest)
            made = made.model_copy(update={"number": number, "previous": previous})
            digest = made.model_copy(update={"signature": self._sign(made)})
            if not await self._create(_digest_name(number), digest):
                raise WriteConflict
            return digest

        digest = await retry_on_conflict(attempt)
        level = 1
        while digest.number % self._fan_in**level == 0:
            await self._merge(level, digest.number // self._fan_in**level - 1)
            level += 1
        return digest

    async def find_heads(self, chain: str, newest: Digest) -> KnownHeads:
        """What all digests up to `newest` say of a chain: at most 63 storage calls for each level,
        which there is one more of for 64 times as many digests."""
        read = partial(self._read_block, part=sha256(chain.encode()).hexdigest())
        blocks = _cover(newest.number, self._fan_in)
        parts = [*joined(*await gather_within(_AT_ONCE, read, blocks))]
        _check_links(parts)
        return KnownHeads(
            heads=[head for part in parts for head in part.heads.get(chain, ())],
            seals=[head for part in parts for head in part.seals.get(chain, ())],
        )

    async def _read_block(self, place: tuple[int, int], part: str) -> list[Digest | DigestBlock]:
        """A block, or of one that was not made what it would be made of."""
        level, index = place
        if level == 0:
            return [await self._read_digest(index + 1)]
        part = part[: _width(level)]
        content = await self._container.read_json(_block_name(level, index, part))
        if content is not None:
            return [self._check(DigestBlock, content, level=level, index=index, part=part)]
        parts = [await self._read_block(child, part) for child in _children(place, self._fan_in)]
        return [*joined(*parts)]

    async def _merge(self, level: int, index: int) -> None:
        """A storage call for each of the 64 that are merged, or 16 of them for each block of their
        level's part, and one for each block that is made."""
        for below in _each_part(_width(level - 1)):
            read = partial(self._read_block, part=below)
            children = _children((level, index), self._fan_in)
            sources = [*joined(*await gather_within(_AT_ONCE, read, children))]
            _check_links(sources)
            for more in _each_part(_width(level) - _width(level - 1)):
                block = _merge_parts(sources, level, index, below + more)
                block = block.model_copy(update={"signature": self._sign(block)})
                await self._create(_block_name(level, index, below + more), block)

    async def _read_digest(self, number: int) -> Digest:
        content = await self._container.read_json(_digest_name(number))
        return self._check(Digest, content, number=number)

    def _check(self, kind: type[P], content: Any, **place: Any) -> P:
        name = " ".join(str(value) for value in place.values())
        try:
            found = kind.model_validate(content)
        except ValidationError:
            raise BrokenDigests(f"The digest {name} is missing or cannot be read.") from None
        signed = _content(kind, content)
        is_ours = is_signed(found.signature) and self._keys.check(
            SignedKind.DIGEST, signed, found.signature
        )
        if not is_ours or any(getattr(found, key) != value for key, value in place.items()):
            raise BrokenDigests(f"The digest {name} is not signed with a key that is known here.")
        return found

    def _sign(self, made: _Part) -> str:
        return self._keys.sign(
            SignedKind.DIGEST, _content(type(made), made.model_dump(mode="json"))
        )

    async def _create(self, name: str, made: _Part) -> bool:
        return bool(await self._container.create_json(name, made.model_dump(mode="json")))


def _content(kind: type[_Part], values: Mapping[str, Any]) -> bytes:
    """What is signed: all that is stored, known here or not, but for the signature."""
    signed = {name: value for name, value in values.items() if name != "signature"}
    return canonical([kind.__name__, signed])


def _merge_parts(
    sources: list[Digest | DigestBlock], level: int, index: int, part: str
) -> DigestBlock:
    """What `sources` say of the chains whose hashes begin with `part`."""
    return DigestBlock(
        level=level,
        index=index,
        part=part,
        previous=sources[0].previous,
        last=_end_of(sources[-1]),
        heads=_join((source.heads for source in sources), part),
        seals=_join((source.seals for source in sources), part),
    )


def _join(all_heads: Iterable[Mapping[str, list[Head]]], part: str) -> Heads:
    joint: Heads = {}
    for heads in all_heads:
        for chain, found in heads.items():
            if sha256(chain.encode()).hexdigest().startswith(part):
                joint.setdefault(chain, []).extend(found)
    return joint


def _check_links(parts: list[Digest | DigestBlock]) -> None:
    """Each names the signature of the one before."""
    for before, after in pairwise(parts):
        if after.previous != _end_of(before):
            raise BrokenDigests("A digest does not follow from the one before.")


def _end_of(part: Digest | DigestBlock) -> str:
    """The signature that what follows names."""
    return part.last if isinstance(part, DigestBlock) else part.signature


def _cover(count: int, fan_in: int) -> list[tuple[int, int]]:
    """The fewest blocks that hold the first `count` digests, as levels and indexes."""
    level = 0
    while fan_in ** (level + 1) <= count:
        level += 1
    blocks, start = [], 0
    for each in range(level, -1, -1):
        size = fan_in**each
        while start + size <= count:
            blocks.append((each, start // size))
            start += size
    return blocks


def _children(place: tuple[int, int], fan_in: int) -> list[tuple[int, int]]:
    level, index = place
    return [(level - 1, index * fan_in + number) for number in range(fan_in)]


def _width(level: int) -> int:
    """How many digits of its hash say in which block of a level a chain is."""
    return max(level - 1, 0)


def _each_part(width: int) -> Iterator[str]:
    return ("".join(digits) for digits in product(_HEX, repeat=width))


def _digest_name(number: int) -> str:
    return f"digests/{_LAST - number:010x}.json"


def _block_name(level: int, index: int, part: str) -> str:
    return f"merged/{level}/{index:08x}{f'-{part}' if part else ''}.json"
