"""One form for texts that differ only in how they are set: NFKC, case, white space, quote marks,
dashes, bullets, table pipes, invisible characters, hyphens at line ends, Markdown's emphasis.

No letter, digit or sign that carries meaning is lost: `10²` is not `102`, `-5` not `5`, `Maße` not
`Masse`, `2 * 3` not `2 3`. Each offset in the form leads back to the original.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from enum import Enum
from functools import lru_cache

from shared.documents.boundaries import HAN

# In the drafts, one sign for each class of characters; controls, as no text has them.
_LETTERS, _MARK, _UNSEEN, _SOFT, _OTHERS = "\x00", "\x01", "\x02", "\x03", "\x04"
_SIGNS = {
    **dict.fromkeys("\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", "\n"),
    **dict.fromkeys(
        [*"\"'\u00b4\u02bc\u00ab\u00bb\u2039\u203a", *map(chr, range(0x2018, 0x2020))], "'"
    ),
    **dict.fromkeys("-\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
    **dict.fromkeys("\u2014\u2015\u2e3a\ufe58", "—"),
    **dict.fromkeys("|\u2022\u2023\u2043\u25aa\u25ab\u25e6\u25cf\u25cb\u25a0\u25a1", "|"),
    **dict.fromkeys("\u00ad\ufffe\x02", _SOFT),  # PDF readers write the last two at line ends
    **dict.fromkeys("`\u034f", _UNSEEN),
    **dict.fromkeys("ßẞ", "ß"),
}
# Dashes, bullets and Markdown's marks that stand alone; a dash before a number may be a minus.
_ALONE = r"(?<![^ \n|—\x02])(?::?-+:?(?![^ \n|])|[*\#]+(?=[ \n|]+[^-+\d \n|]|[ \n|]*\Z))"
_UNEVEN = re.compile(
    rf"""
      # Marks are folded together with the letter before them: NFKC may make one of both.
      (?P<marks>\x01(?:\x02*\x01)*)
      # A character that becomes several, as a ligature does.
    | (?P<several>[\x00\x04])
      # A hyphen may be the word's or the line's, so it is left out and remembered.
    | (?P<hyphen>
        [-\x03](?<=[\w\x00\x01][-\x03])
        (?:[ ]*\n[ \n]*|(?<=[^\W\d_]-)[ ]+(?=[^\W\d_])|)(?=[\w\x00])
      )
      # Ideographs have no spaces between them but where a line was broken.
    | (?P<unspaced>[ \n](?<=[{HAN}][ \n])[ \n]*|[ \n]+(?=[{HAN}]))
      # What only parts words is one space: bullets, pipes and dashes with the white space around.
    | (?P<gap>
        (?:[ \n|](?=[ \n|—\x02*\#:-])|—|-(?<=\w-)-+|\x02+(?=[ \n|—])|{_ALONE})
        (?:[ \n|—\x02]|{_ALONE})*
      )
      # What is not seen, and the backslash by which Markdown keeps a sign.
    | (?P<unseen>[\x02\x03]+|\\(?=[!-/:-@\[-^{{-~]))
      # Markdown's emphasis, if its neighbours say so; see _emphasises.
    | (?P<emphasis>[*_]+)
      # An ellipsis in dots, with spaces between them or without.
    | (?P<dots>\.(?:[ ]?\.){{2,}})
    """,
    re.VERBOSE,
)
_DASH = re.compile(r"[ \n\x02]*(?:-+|—)[ \n\x02]*")


class Hyphen(Enum):
    """What follows a hyphen that was left out. At a line end, and where it may have been one, the
    hyphen may be the word's or only the line's."""

    LETTER = 0
    LINE_END = 1
    SPACE = 2


class NormalForm:
    """`text` is the folded text; `hyphens` are the hyphens left out, each at the offset of the
    letter after it."""

    def __init__(self, original: str) -> None:
        self.hyphens: dict[int, Hyphen] = {}
        # Where even stretches, which go letter by letter, and uneven ones begin, by turns.
        self._folded, self._original = [0], [0]
        signs = {ord(char): _sign(char) for char in set(original)}
        self.text = self._fold(original, original.translate(signs))
        self._hyphens = list(self.hyphens)

    def _fold(self, original: str, draft: str) -> str:
        pieces: list[str] = []
        at = length = 0
        for match in _UNEVEN.finditer(draft):
            start, end = match.span()
            if match.lastgroup == "marks" and draft[max(at, start - 1) : start].strip():
                start -= 1  # with the letter on which they stand
            length += start - at
            if match.lastgroup in ("marks", "several"):
                piece = _fold_letters(original[start:end])
            else:
                piece = _instead(match, draft)
            if match.lastgroup == "hyphen" and draft[start] == "-":
                self.hyphens[length] = _hyphen(match, draft)
            pieces += draft[at:start], piece
            self._folded += length, length + len(piece)
            self._original += start, end
            length += len(piece)
            at = end
        pieces.append(draft[at:])
        return "".join(pieces).replace("\n", " ").replace("|", " ")

    def hyphens_within(self, start: int, end: int) -> dict[int, Hyphen]:
        """The hyphens left out between two offsets of the form, told from the first."""
        low, high = bisect_left(self._hyphens, start), bisect_right(self._hyphens, end)
        return {at - start: self.hyphens[at] for at in self._hyphens[low:high]}

    def original(self, start: int, end: int) -> tuple[int, int] | None:
        """The part of the original that a part of the form stands for; None when it begins or ends
        within what is one character there."""
        first = bisect_right(self._folded, start) - 1
        last = bisect_right(self._folded, end - 1) - 1
        begins, ends = start - self._folded[first], end - self._folded[last]
        if first % 2 and begins:
            return None
        if last % 2 and end != self._folded[last + 1]:
            return None
        until = self._original[last + 1] if last % 2 else self._original[last] + ends
        return self._original[first] + begins, until

    def fold_offset(self, offset: int) -> int:
        """Where in the form an offset of the original lies, about."""
        index = bisect_right(self._original, offset) - 1
        at = self._folded[index] + offset - self._original[index]
        return min([at, *self._folded[index + 1 : index + 2]])


def _instead(match: re.Match[str], draft: str) -> str:
    """What stands for an uneven stretch that is no letter."""
    stretch, after = match[0], draft[match.end() : match.end() + 1]
    if match.lastgroup == "gap":
        return " - " if after.isdecimal() and _DASH.fullmatch(stretch) else " "
    if match.lastgroup == "emphasis":
        before = draft[match.start() - 1 : match.start()]
        return "" if _emphasises(stretch, before, after) else stretch
    return "..." if match.lastgroup == "dots" else ""


def _emphasises(stars: str, before: str, after: str) -> bool:
    """Whether asterisks or underscores set a word off: `**word**`, but not `2*3`, `a_b`, `___`."""
    words = before.isalnum(), after.isalnum()
    if "*" not in stars:
        return words[0] != words[1]
    return not all(words) and bool((before + after).strip(" \n|"))


def _hyphen(match: re.Match[str], draft: str) -> Hyphen:
    """Between digits it is certain, even at a line end."""
    digits = draft[match.start() - 1].isdecimal() or draft[match.end()].isdecimal()
    if digits or match[0] == "-":
        return Hyphen.LETTER
    return Hyphen.LINE_END if "\n" in match[0] else Hyphen.SPACE


@lru_cache(maxsize=65536)
def _sign(char: str) -> str:
    """One character for each of the original: the letter in its folded form, or a sign."""
    if char in _SIGNS:
        return _SIGNS[char]
    if char.isspace():
        return " "
    if _is_unseen(char):
        return _UNSEEN
    folded = _fold_letters(char)
    # The vowels and finals of decomposed Korean are letters by category.
    if unicodedata.category(folded[:1] or char)[0] == "M" or "\u1160" <= char <= "\u11ff":
        return _MARK
    if len(folded) == 1:
        return folded
    return _LETTERS if folded[:1].isalnum() and folded[-1:].isalnum() else _OTHERS


def _fold_letters(letters: str) -> str:
    """NFKC without case, but for numerals that NFKC would join with their neighbours."""
    form = unicodedata.normalize("NFKC", letters)
    if not letters[0].isdecimal() and any(char.isdecimal() for char in form):
        form = unicodedata.normalize("NFC", letters)
    form = unicodedata.normalize("NFC", form.casefold())
    return "".join(char for char in form if char != " " and not _is_unseen(char))


def _is_unseen(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf") or "\ufe00" <= char <= "\ufe0f"
