"""The names by which people sign in and are known: how they are written, and when two are one."""

import re
import unicodedata

# Without a shape, though Unicode counts them among letters, marks and symbols.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def normalize_name(text: str) -> str:
    """How a name is kept: each character in one form alone (Unicode Normalization Form KC)."""
    return unicodedata.normalize("NFKC", text)


def fold_name(text: str) -> str:
    """The same for all spellings of a name: composed or not, in any case, wide, narrow or joined.

    A compatibility caseless match, in composed form: The Unicode Standard, section 3.13, D146.
    https://www.unicode.org/versions/latest/core-spec/chapter-3/#G34145
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", folded.casefold())


def is_visible(text: str) -> bool:
    """Whether each character can be seen: none controls, reorders or takes no room."""
    return text.isprintable() and not _BLANK.search(text)


CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""For a class of characters: controls, and what turns the direction of text around. Marks of
direction (U+200E, U+200F, U+061C) and joiners belong to how some languages are written."""


def drop_controls(text: str) -> str:
    """`text` as one line that shows what it says."""
    return re.sub(f"[{CONTROLS}]", "", text).strip()
