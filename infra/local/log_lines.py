"""Log lines that nobody forges: whatever stands in them, a line is a line and shows what it is."""

import logging


def escape_unprintable(text: str) -> str:
    """The text with line ends, escapes of terminals, marks that reorder, and all else that does not
    print as itself, written as Python writes them."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class OneLine(logging.Formatter):
    """One line for each record; the lines of an exception are set in below it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        record.message = escape_unprintable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: object) -> str:  # noqa: N802  logging's name
        """As it is known, but no line of it can be taken for one of the log."""
        lines = super().formatException(ei).split("\n")  # type: ignore[arg-type]
        return "\n".join(f"  | {escape_unprintable(line)}" for line in lines)
