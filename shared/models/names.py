"""The names by which people sign in and are known: how they are written, and when two are one."""

import re
import unicodedata

# Without a shape, though Unicode counts them among letters, marks and symbols.
_BLANK = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u2d7f\u3164\ufe00-\ufe0f\uffa0\ufffc"
    "\U0001107f\U00013441\U00013442\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)
# Letters that have their dot already, so that nobody sees it twice.
_DOT = re.compile("(?<=[ij\u0456\u0458])\u0307")
_DOTLESS = str.maketrans("\u0131\u0237", "ij")
_ENCODED = re.compile(r"(?<![^@.])xn--([a-z0-9-]+)", re.IGNORECASE)


def normalize_name(text: str) -> str:
    """How a name is kept: each character in one form alone (Unicode Normalization Form KC), and of
    a domain the letters that it stands for."""
    dotted = unicodedata.normalize("NFKC", text).replace("\u3002", ".")
    return unicodedata.normalize("NFKC", _ENCODED.sub(_decode_label, dotted))


def _decode_label(label: re.Match[str]) -> str:
    """Of a domain (RFC 3492); as it is where it is none."""
    try:
        return label[1].encode().decode("punycode")
    except (UnicodeError, OverflowError, ValueError):
        return label[0]


def fold_name(text: str) -> str:
    """The same for all spellings of a name: composed or not, in any case, wide, narrow or joined.

    A compatibility caseless match, in composed form: The Unicode Standard, section 3.13, D146.
    https://www.unicode.org/versions/latest/core-spec/chapter-3/#G34145
    Beyond it, i and j are one with and without their dot, since they are in Turkish capitals.
    """
    decomposed = unicodedata.normalize("NFD", normalize_name(text)).casefold()
    folded = unicodedata.normalize("NFKD", decomposed).casefold().translate(_DOTLESS)
    return unicodedata.normalize("NFKC", _DOT.sub("", folded))


def is_visible(text: str) -> bool:
    """Whether each character can be seen: none controls, reorders or takes no room."""
    return text.isprintable() and not _BLANK.search(text)


CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069"
"""For a class of characters: controls, and what turns the direction of text around. Marks of
direction (U+200E, U+200F, U+061C) and joiners belong to how some languages are written."""


def drop_controls(text: str) -> str:
    """`text` as one line that shows what it says."""
    return re.sub(f"[{CONTROLS}]", "", text).strip()
