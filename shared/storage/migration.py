"""Brings what is stored to the present form, a bounded part at each run, going on where the last
run ended. Readers do not wait for it: they upgrade what they read."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from shared.clients.blobs import Container
from shared.clients.tables import Table, Verb, Write
from shared.errors import WriteConflict
from shared.models import rfc3339
from shared.models.clock import Clock
from shared.storage.keys import EVERYBODY
from shared.storage.schemas import StoredKind, is_late, present_version, upgrade

log = logging.getLogger(__name__)

_MAX_PAGES = 10
_PASSES = 2
"""An old host may write in the old form behind the first pass; the second comes when it is gone."""
_BETWEEN = timedelta(days=1)


class VersionedStore(Protocol):
    """Something that is gone through page by page; `name` says to which versions, too."""

    @property
    def name(self) -> str: ...

    async def upgrade_page(self, token: str) -> tuple[int, str]:
        """Upgrade the page that `token` names, the first for an empty one: how many rows or
        documents were late, and the token of the next page, empty after the last."""


class StoredRows:
    """The rows of a table whose keys begin as in `kinds`."""

    def __init__(self, table: Table, kinds: Mapping[str, StoredKind]) -> None:
        self._table = table
        self._kinds = kinds

    @property
    def name(self) -> str:
        kinds = sorted(set(self._kinds.values()))
        return "_".join(f"{kind}{present_version(kind)}" for kind in kinds)

    async def upgrade_page(self, token: str) -> tuple[int, str]:
        rows, following = await self._table.page(token)
        count = 0
        for row in rows:
            kind = self._kinds.get(f"{row.key.partition('_')[0]}_")
            if kind is None or not is_late(kind, row.values):
                continue
            values = upgrade(kind, row.values).items()
            changed = {name: value for name, value in values if row.values.get(name) != value}
            keys = {name: row.values[name] for name in ("PartitionKey", "RowKey")}
            count += await self._write(Write(Verb.MERGE, {**changed, **keys}, row.etag))
        return count, following

    async def _write(self, write: Write) -> int:
        try:
            await self._table.write([write])
        except WriteConflict:  # Somebody wrote it just now; the second pass looks again.
            return 0
        return 1


class StoredDocuments:
    """The JSON blobs whose names begin with `prefix`, all of one kind."""

    def __init__(self, container: Container, prefix: str, kind: StoredKind) -> None:
        self._container = container
        self._prefix = prefix
        self._kind = kind

    @property
    def name(self) -> str:
        return f"{self._kind}{present_version(self._kind)}"

    async def upgrade_page(self, token: str) -> tuple[int, str]:
        names, following = await self._container.page(self._prefix, token)
        count = 0
        for name in names:
            found = await self._container.read_tagged(name)
            if found and is_late(self._kind, found[0]):
                newer = upgrade(self._kind, found[0])
                count += bool(await self._container.replace_json(name, newer, found[1]))
        return count, following


@dataclass(frozen=True, slots=True)
class _Checkpoint:
    """How far a source is: `passes` are behind it, the next goes on at `token`, not before then."""

    token: str = ""
    passes: int = 0
    not_before: str = ""


class Migration:
    """Its checkpoints lie in `table`, one for each source and its versions: old and new hosts each
    have their own."""

    def __init__(self, table: Table, sources: Sequence[VersionedStore], clock: Clock) -> None:
        self._table = table
        self._sources = sources
        self._clock = clock

    async def run(self) -> int:
        """Go on; how many rows and documents were brought to the present form. One storage call for
        each source that is done. Raises Unavailable."""
        return sum([await self._go_on(source) for source in self._sources])

    async def _go_on(self, source: VersionedStore) -> int:
        at, count = await self._read(source), 0
        for _ in range(_MAX_PAGES):
            if at.passes == _PASSES or rfc3339(self._clock.now()) < at.not_before:
                break
            upgraded, token = await source.upgrade_page(at.token)
            count += upgraded
            at = replace(at, token=token) if token else self._after_pass(at)
            await self._write(source, at)
        if count:
            log.info("Schema %s: %d brought to it", source.name, count)
        return count

    def _after_pass(self, at: _Checkpoint) -> _Checkpoint:
        return _Checkpoint("", at.passes + 1, rfc3339(self._clock.now() + _BETWEEN))

    async def _read(self, source: VersionedStore) -> _Checkpoint:
        row = await self._table.read(EVERYBODY, f"schema_{source.name}")
        if row is None:
            return _Checkpoint()
        return _Checkpoint(**{name: row.values[name] for name in ("token", "passes", "not_before")})

    async def _write(self, source: VersionedStore, at: _Checkpoint) -> None:
        key = {"PartitionKey": EVERYBODY, "RowKey": f"schema_{source.name}"}
        facts = {"token": at.token, "passes": at.passes, "not_before": at.not_before}
        await self._table.write([Write(Verb.REPLACE, {**key, **facts})])
