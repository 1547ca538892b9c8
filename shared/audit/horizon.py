"""Where a chain of audit events begins after older ones have been removed: how many those were, and
the hash of the last of them, which the first that is left must name."""

from dataclasses import dataclass

from shared.clients.tables import Table, Verb, Write


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A chain from which nothing was removed begins at none, with an empty hash."""

    events: int = 0
    hash: str = ""


async def horizon_of(table: Table, partition: str, chain: str) -> Checkpoint:
    """One point read."""
    row = await table.read(partition, f"horizon_{chain}")
    return Checkpoint(row.values["events"], row.values["hash"]) if row else Checkpoint()


def horizon_write(partition: str, chain: str, horizon: Checkpoint) -> Write:
    """The write that goes with the removal of events."""
    row = {"PartitionKey": partition, "RowKey": f"horizon_{chain}"}
    return Write(Verb.REPLACE, row | {"events": horizon.events, "hash": horizon.hash})
