"""Text as it stands, and the limits that all readers of text keep."""

from shared.documents.extract import Block, Extract

MOST_CHARACTERS = 10_000_000
MOST_TAGS = 500_000  # of markup, a tree of which takes some 200 bytes each
MOST_BLOCKS = 50_000
MOST_HEADING = 120  # characters; a block carries those of all headings above it


def plain(text: str, *notes: str, headings: tuple[str, ...] = ()) -> Extract:
    """The text as one block."""
    return Extract(blocks=[Block(text=text, line=1, headings=list(headings))], notes=list(notes))


def heading(text: str) -> str:
    """A heading on one line, as it goes into a path."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_HEADING else f"{line[: MOST_HEADING - 1]}…"
