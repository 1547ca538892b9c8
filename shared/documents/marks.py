"""What a format says, in signs: text that is struck out, raised or lowered."""

import re

STRUCK = "~~"
_ORDINAL = re.compile(r"(?i)st|nd|rd|th|er|re|e|è|ème|o|a|os|as|[™®©]|tm|sm")
_ALONE = re.compile(r"\[.*\]|\(.*\)", re.DOTALL)


def mark_struck(text: str) -> str:
    """`~~five~~`, with white space outside."""
    words = text.strip()
    return text.replace(words, f"{STRUCK}{words}{STRUCK}", 1) if words else text


def mark_raised(text: str) -> str:
    """`^6`, `^(12)` as in formulas; but `1st` and `[7]` stay."""
    return text if _ORDINAL.fullmatch(text.strip()) else _mark_script("^", text)


def mark_lowered(text: str) -> str:
    """`_2`, `_(max)`."""
    return _mark_script("_", text)


def _mark_script(sign: str, text: str) -> str:
    words = text.strip()
    if not words or _ALONE.fullmatch(words) or not any(map(str.isalnum, words)):
        return text
    return text.replace(words, f"{sign}{words}" if len(words) == 1 else f"{sign}({words})", 1)
