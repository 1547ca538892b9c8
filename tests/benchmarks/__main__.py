"""`make bench`: runs every benchmark and prints a table; with names of modules,
`python -m tests.benchmarks hosts guard`, only those."""

import sys
from collections.abc import Sequence

from tests.benchmarks import (
    cold_start,
    costs,
    critical_paths,
    documents,
    durable,
    guard,
    hosts,
    papers,
    parsers,
    product,
    questions,
    readers,
    realtime,
    requests,
    reviews,
    storage,
    telemetry,
    tickets,
    uploads,
)
from tests.benchmarks.verdicts import Row, summarize

WIDTHS = (42, 56, 24, 5)
ALL = (
    tickets,
    requests,
    critical_paths,
    durable,
    hosts,
    costs,
    product,
    cold_start,
    storage,
    telemetry,
    uploads,
    readers,
    parsers,
    realtime,
    reviews,
    documents,
    papers,
    questions,
    guard,
)


def main(names: Sequence[str]) -> None:
    """Measure and print, each row as soon as it is known, and at the end what is short."""
    _print(("benchmark", "measured", "target", "verdict"))
    rows: list[Row] = []
    for module in ALL:
        if names and module.__name__.rpartition(".")[2] not in names:
            continue
        for row in module.measure():
            rows.append(row)
            _print(row)
    _print(summarize(rows))


def _print(row: Row) -> None:
    line = "".join(f"{cell:{width}} " for cell, width in zip(row, WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
