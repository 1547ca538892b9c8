"""Where a chain of audit events begins after older ones have been removed: how many those were, and
the hash of the last of them, which the first that is left must name.

Whoever removes events signs that, so that nobody else can make a chain begin later.
"""

from dataclasses import dataclass

from shared.audit.keys import AuditKeys, SignedKind, is_signed
from shared.clients.tables import Row, Table, Verb, Write
from shared.text.strict_json import canonical


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A chain from which nothing was removed begins at none, with an empty hash."""

    events: int = 0
    hash: str = ""
    signature: str = ""

    @classmethod
    def of(cls, row: Row) -> "Checkpoint":
        """Of a row that nobody can read it is none."""
        events, *texts = (row.values.get(name, "") for name in ("events", "hash", "signature"))
        if not isinstance(events, int) or not all(isinstance(text, str) for text in texts):
            return cls()
        return cls(events, *texts)


def horizon_key(chain: str) -> str:
    return f"horizon_{chain}"


class Horizons:
    """Which horizons count. Those without a signature were set before there was a key: they count
    while retention is on, and until they have been signed."""

    def __init__(self, keys: AuditKeys, retention_days: int) -> None:
        self._keys = keys
        self._retains = retention_days > 0

    async def find(
        self, table: Table, partition: str, chain: str, *, is_sealed: bool
    ) -> Checkpoint:
        """What the table says, where it counts: one point read."""
        row = await table.read(partition, horizon_key(chain))
        found = Checkpoint.of(row) if row else Checkpoint()
        return self.accept(found, partition, chain, is_sealed=is_sealed)

    def accept(
        self, found: Checkpoint, partition: str, chain: str, *, is_sealed: bool
    ) -> Checkpoint:
        """`found` where it counts; else that of a chain from which nothing was removed."""
        if is_signed(found.signature):
            content = _content(partition, chain, found)
            counts = self._keys.check(SignedKind.HORIZON, content, found.signature)
        else:
            counts = self._retains and not is_sealed
        return found if counts else Checkpoint()

    def write(self, partition: str, chain: str, horizon: Checkpoint) -> Write:
        """The write that goes with the removal of events."""
        row = {"PartitionKey": partition, "RowKey": horizon_key(chain)}
        values = {"events": horizon.events, "hash": horizon.hash}
        return Write(Verb.REPLACE, row | values | self._signature(partition, chain, horizon))

    def _signature(self, partition: str, chain: str, horizon: Checkpoint) -> dict[str, str]:
        if not self._keys.is_set:
            return {}
        content = _content(partition, chain, horizon)
        return {"signature": self._keys.sign(SignedKind.HORIZON, content)}


def _content(partition: str, chain: str, horizon: Checkpoint) -> bytes:
    return canonical([partition, chain, horizon.events, horizon.hash])
