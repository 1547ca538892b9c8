"""A diff as the model reads it, and how to undo that in what the model quotes.

    === src/app.py (renamed from src/main.py)
    @@ def total(items):
    10      amount = 0
    11 -    for item in items
    11 +    for item in items:

A line has one number, that of the side it is on (added and context lines the new one, removed lines
the old one), a space, its mark, and the code. Numbers are not padded: that costs tokens.
"""

import re

from shared.diffs.changes import FileDiff
from shared.diffs.hidden import reveal
from shared.diffs.patches import Hunk, Line
from shared.models import Side

MAX_CHARACTERS = 1000
"""Of a line; minified code would fill a prompt by itself."""

# What splits lines elsewhere would let code pass for lines of its own numbering.
_BREAKS = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_NUMBERED = re.compile(r"[ \t]*[0-9]{1,9}(?:[ \t]?[|:])?(?:[ \t]|$)")


def render_diff(diff: FileDiff) -> str:
    """The file's name and all its hunks."""
    return "\n".join([render_heading(diff), *map(render_hunk, diff.hunks)])


def render_heading(diff: FileDiff) -> str:
    before = f" from {diff.previous_path}" if diff.previous_path else ""
    return show_code(f"=== {diff.path} ({diff.status}{before})")


def render_hunk(hunk: Hunk) -> str:
    section = show_code(f"@@ {hunk.section}".rstrip())
    return "\n".join([section, *map(render_line, hunk.lines)])


def render_line(line: Line) -> str:
    number = line.old if line.new is None else line.new
    return f"{number} {line.kind}{show_code(line.text)}"


def show_code(text: str) -> str:
    """A line of code as the model sees it, and people: also what is hidden in it."""
    if text.isascii() and text.isprintable() and len(text) <= MAX_CHARACTERS:
        return text  # Most lines are so, and each is shown several times.
    text = reveal(_BREAKS.sub(" ", text.rstrip("\r")))
    more = len(text) - MAX_CHARACTERS
    return text if more <= 0 else f"{text[:MAX_CHARACTERS]} …[{more} more characters]"


def strip_numbers(lines: list[str]) -> list[str]:
    """Lines without the heads of hunks, and without the numbers that they all begin with; else as
    they are."""
    lines = [line for line in lines if not line.startswith("@@")]
    if not all(_NUMBERED.match(line) for line in lines if line.strip()):
        return lines
    return [_NUMBERED.sub("", line, count=1) for line in lines]


def take_side(lines: list[str], side: Side) -> list[str]:
    """The lines of one side among lines that bear marks, without these; none where there are no
    marks. The first may have lost its mark, a space, to a trim."""
    written = [line for line in lines if line.strip()]
    is_marked = any(line[0] in "+-" for line in written) and all(
        line[0] in "+- " for line in written[1:]
    )
    if not is_marked:
        return []
    other = "-" if side is Side.RIGHT else "+"
    return [line[line[:1] in ("+", "-", " ") :] for line in lines if line[:1] != other]
