"""Characters that Word writes as a place in a font that has no Unicode (`w:sym`): the letters and
the signs of Symbol, and the boxes, ticks and arrows of Wingdings."""

import re
import unicodedata

_LETTERS = "ABCDEFGHIKLMNOPQRSTUWXYZ"
_GREEK = (
    "ALPHA BETA CHI DELTA EPSILON PHI GAMMA ETA IOTA KAPPA LAMDA MU NU OMICRON PI THETA RHO SIGMA "
    "TAU UPSILON OMEGA XI PSI ZETA"
)
_SIGNS = {
    "symbol": {
        0xA3: "≤", 0xA5: "∞", 0xAC: "←", 0xAE: "→", 0xB0: "°", 0xB1: "±", 0xB3: "≥", 0xB4: "×",
        0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBB: "≈", 0xCE: "∈", 0xD1: "∇", 0xD6: "√",
        0xE5: "∑", 0xF2: "∫",
    },
    "wingdings": {
        0x6C: "●", 0x6F: "☐", 0xA7: "▪", 0xA8: "☐", 0xD8: "➢", 0xDF: "←", 0xE0: "→", 0xE8: "➔",
        0xFB: "✗", 0xFC: "✓", 0xFD: "☒", 0xFE: "☑",
    },
}  # fmt: skip
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,4}")


def symbol(font: str | None, code: str | None) -> str:
    """The character of a font's code point, in hexadecimal; what is not known here stays as it is,
    in Unicode's private area."""
    if not code or not _HEXADECIMAL.fullmatch(code):
        return ""
    point = int(code, 16)
    in_font = point - 0xF000 if point >= 0xF000 else point
    name = (font or "").lower()
    if name == "symbol" and (letter := chr(in_font)).upper() in _LETTERS:
        greek = _GREEK.split()[_LETTERS.index(letter.upper())]
        size = "CAPITAL" if letter.isupper() else "SMALL"
        return unicodedata.lookup(f"GREEK {size} LETTER {greek}")
    sign = _SIGNS.get(name, {}).get(in_font)
    return sign or ("" if 0xD800 <= point < 0xE000 else chr(point))
