"""Text as it stands, and the limits that all readers of text keep."""

from shared.documents.extract import Block, Extract

MAX_CHARACTERS = 10_000_000
MAX_TAGS = 500_000  # of markup, a tree of which takes some 200 bytes each
MAX_BLOCKS = 50_000
MAX_HEADING = 120  # characters; a block carries those of all headings above it


def plain(text: str, *notes: str, headings: tuple[str, ...] = ()) -> Extract:
    """The text as one block."""
    return Extract(blocks=[Block(text=text, line=1, headings=list(headings))], notes=list(notes))


def make_heading(text: str) -> str:
    """A heading on one line, as it goes into a path."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_HEADING else f"{line[: MAX_HEADING - 1]}…"
