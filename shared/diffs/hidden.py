"""Characters that nobody sees, or that show code in another order than it runs: bidirectional
controls (CVE-2021-42574), Unicode tags, what has no width where no script needs it, and line ends
that are shown as none (a comment that ends in its middle).

Each has ordinary uses, which are let be: joiners in Persian, Indic scripts and emoji, marks and
closed embeddings beside Hebrew and Arabic, breaks in scripts without spaces, tags of flags.
"""

import re
import unicodedata
from collections import Counter

_EMBEDDINGS = "\u202a\u202b\u2066\u2067\u2068"
_CLOSINGS = "\u202c\u2069"
_OVERRIDES = "\u202d\u202e"
_MARKS = "\u200e\u200f\u061c"
_JOINERS = "\u200c\u200d"
_BREAKS = "\u200b\u2060\ufeff"
_FILLERS = "\u115f\u1160\u17b4\u17b5\u180b-\u180e\u2061-\u2065\u206a-\u206f\u3164\uffa0"
_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_TAGS = "\U000e0000-\U000e007f"
_SUSPECT = re.compile(
    f"[{_EMBEDDINGS}{_CLOSINGS}{_OVERRIDES}{_MARKS}{_JOINERS}{_BREAKS}{_FILLERS}\u00ad{_TAGS}]"
    f"|[{_SELECTORS}]+|[\u2028\u2029]|\r(?!\r*$)"
)
_FLAG = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
_MAX_NAMED = 5

# Right-to-left letters; letters that joiners shape; scripts that break lines without spaces.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefe\U00010800-\U00010fff]")
_JOINED = re.compile("[\u0600-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u17ff\u1800-\u18af]")
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")


def find_hidden(line: str, number: int | None = None) -> list[tuple[int, int]]:
    """Where hidden characters stand in a line of text: from, and up to (exclusive). A byte order
    mark is none at the begin of line 1."""
    if line.isascii() and "\r" not in line.rstrip("\r"):
        return []
    ordinary = {at for flag in _FLAG.finditer(line) for at in range(*flag.span())}
    found: list[tuple[int, int]] = []
    for match in _SUSPECT.finditer(line):
        start, end = match.span()
        if start in ordinary or _is_ordinary(line, start, end, number):
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found


def reveal(line: str) -> str:
    """The line with a name in place of each run of hidden characters: `[U+202E]`."""
    text, at = [], 0
    for start, end in find_hidden(line, 1):
        more = f" and {end - start - 1} more" if end - start > 1 else ""
        text += [line[at:start], f"[{_code(line[start])}{more}]"]
        at = end
    return "".join([*text, line[at:]])


def name_hidden(lines: list[str]) -> str:
    """Which hidden characters the lines hold, the most frequent first: `U+202E RIGHT-TO-LEFT
    OVERRIDE (2)`."""
    counts = Counter(
        _name(character)
        for line in lines
        for span in find_hidden(line)
        for character in line[slice(*span)]
    )
    named = [f"{name} ({count})" for name, count in counts.most_common(_MAX_NAMED)]
    more = len(counts) - _MAX_NAMED
    return ", ".join(named) + (f" and {more} others" if more > 0 else "")


def _name(character: str) -> str:
    if re.match(f"[{_TAGS}]", character):
        return "U+E0000 to U+E007F, Unicode tags"
    if character == "\r":
        return "U+000D CARRIAGE RETURN"
    return f"{_code(character)} {unicodedata.name(character, '')}".strip()


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _is_ordinary(line: str, start: int, end: int, number: int | None) -> bool:
    character = line[start]
    before, after = line[start - 1 : start], line[end : end + 1]
    if end - start > 1:  # Selectors, of which a letter takes one.
        return False
    if character in _MARKS:
        return _RIGHT_TO_LEFT.search(line) is not None
    if character in _EMBEDDINGS + _CLOSINGS:
        return _RIGHT_TO_LEFT.search(line) is not None and _is_balanced(line)
    if character in _JOINERS:
        return bool(_JOINED.match(before)) or (_is_emoji(before) and _is_emoji(after))
    if character == "\ufeff" and start == 0 and number == 1:
        return True
    if character in _BREAKS:
        return bool(_UNSPACED.match(before) or _UNSPACED.match(after))
    if character == "\u00ad":
        return before.isalpha() and after.isalpha()
    if re.match(f"[{_SELECTORS}]", character):
        return (
            bool(before) and not before.isspace() and (character <= "\ufe0f" or before > "\u2e7f")
        )
    return bool(re.match("[\u180b-\u180e]", character)) and bool(_JOINED.match(before))


def _is_balanced(line: str) -> bool:
    depth = 0
    for character in line:
        if character in _OVERRIDES:
            return False
        depth += (character in _EMBEDDINGS) - (character in _CLOSINGS)
        if depth < 0:
            return False
    return depth == 0


def _is_emoji(character: str) -> bool:
    """A picture, or what comes after one within it."""
    return bool(character) and (
        unicodedata.category(character) in ("So", "Sk") or character in "\ufe0f\u2640\u2642"
    )
