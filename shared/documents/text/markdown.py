"""Reading Markdown: its text as it stands, cut where headings begin."""

import re
from collections.abc import Iterator

from shared.documents.extract import Block, Extract
from shared.documents.text.plain import MAX_BLOCKS, make_heading, plain

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")
_ATX = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
_SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
# What can stand above a line of dashes without becoming a heading by it.
_NO_PARAGRAPH = re.compile(r" {4}|\t| {0,3}(?:[-*+>|<]|\d{1,9}[.)][ \t])")

_NONE, _OTHER = -1, -2  # instead of the line a paragraph began with


def read_markdown(text: str) -> Extract:
    """A block for each heading and what stands below it (CommonMark 4.2, 4.3); what stands in
    fences is no heading."""
    lines = text.split("\n")
    blocks: list[Block] = []
    path: list[tuple[int, str]] = []
    start, title = 0, None
    for at, level, name in _headings(lines):
        if at > start:
            blocks.append(_block(lines, start, at, path))
        path = [entry for entry in path if entry[0] < level] + [(level, make_heading(name))]
        title = title or (path[0][1] if level == 1 else None)
        start = at
        if len(blocks) > MAX_BLOCKS:
            return plain(text, "There are too many headings to follow.")
    blocks.append(_block(lines, start, len(lines), path))
    return Extract(blocks=[block for block in blocks if block.text], title=title)


def _block(lines: list[str], start: int, end: int, path: list[tuple[int, str]]) -> Block:
    last = "" if end == len(lines) else "\n"
    text = "\n".join(lines[start:end]) + last
    return Block(text=text, headings=[name for _, name in path], line=start + 1)


def _headings(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """The line (from 0), level and text of each heading."""
    fence, paragraph = "", _NONE
    for at in range(_front_matter(lines), len(lines)):
        line = lines[at]
        if fence:
            closes = re.fullmatch(rf" {{0,3}}{fence[0]}{{{len(fence)},}}[ \t]*", line)
            fence = "" if closes else fence
        elif opened := _FENCE.match(line):
            fence, paragraph = opened[1], _NONE
        elif atx := _ATX.match(line):
            yield at, len(atx[1]), _name(line[atx.end() :])
            paragraph = _NONE
        elif paragraph >= 0 and (under := _SETEXT.match(line)):
            yield paragraph, 1 if under[1][0] == "=" else 2, "\n".join(lines[paragraph:at])
            paragraph = _NONE
        elif not line.strip() or _SETEXT.match(line):
            paragraph = _NONE
        elif paragraph == _NONE:
            paragraph = _OTHER if _NO_PARAGRAPH.match(line) else at


def _name(rest: str) -> str:
    """What stands behind the first signs of a heading, without those that may close it."""
    name = rest.strip()
    bare = name.rstrip("#")
    return bare.rstrip() if bare[-1:] in (" ", "\t", "") else name


def _front_matter(lines: list[str]) -> int:
    """How many lines of YAML stand above the text."""
    if lines[0].rstrip() != "---":
        return 0
    ends = (at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    return next(ends, -1) + 1
