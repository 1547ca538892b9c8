"""`make bench`: runs every benchmark and prints a table."""

from tests.benchmarks import durable

WIDTHS = (30, 42, 24)


def main() -> None:
    """Measure and print."""
    for row in [("benchmark", "measured", "target"), *durable.measure()]:
        print("".join(cell.ljust(width) for cell, width in zip(row, WIDTHS, strict=True)))


if __name__ == "__main__":
    main()
