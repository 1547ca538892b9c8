"""`make bench`: runs every benchmark and prints a table."""

from collections.abc import Iterable

from tests.benchmarks import (
    cold_start,
    costs,
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

WIDTHS = (42, 56, 24, 5)


def main() -> None:
    """Measure and print, each row as soon as it is known."""
    rows: Iterable[tuple[str, ...]] = [("benchmark", "measured", "target", "verdict")]
    for module in (
        tickets,
        requests,
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
    ):
        for row in rows:
            _print(row)
        rows = module.measure()
    for row in rows:
        _print(row)


def _print(row: tuple[str, ...]) -> None:
    """A row that judges itself has a fourth cell: pass or short."""
    line = "".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=False))
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
