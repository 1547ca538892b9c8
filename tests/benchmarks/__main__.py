"""`make bench`: runs every benchmark and prints a table."""

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
    reviews,
    storage,
    telemetry,
    uploads,
)

WIDTHS = (42, 56, 24)


def main() -> None:
    """Measure and print, each row as soon as it is known."""
    rows = [("benchmark", "measured", "target")]
    for module in (
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


def _print(row: tuple[str, str, str]) -> None:
    line = "".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=True))
    print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
