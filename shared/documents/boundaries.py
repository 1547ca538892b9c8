"""Where a quote may begin and end: not within a word or a number, nor between a word and what
turns it round, where the script puts no space between them."""

import re
import unicodedata

HAN = (
    "\u2e80-\u303f\u3041-\u30ff\u3105-\u312f\u31a0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Ideographs and kana, for a regular expression's class."""
_UNSPACED = re.compile(f"[{HAN}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_HAN_NUMERALS = frozenset("〇零一二三四五六七八九十百千万萬亿億两兩点点點")
_NOT_BEFORE = ("不", "未", "非", "無", "无", "没", "沒", "勿", "毋", "别", "別", "ไม่")
_NOT_AFTER = ("ない", "なか", "なく", "なけ", "ませ", "まず", "ず", "ぬ")
_IN_NUMBERS = frozenset(".,:'/\u2044^")
_UNITS = frozenset("%‰°")
_REST_OF_WORD = re.compile(r"(?:[tsdm]|re|ve|ll)\b")


def is_unspaced(char: str) -> bool:
    """Whether a character is of a script that puts no space between words."""
    return _UNSPACED.match(char) is not None


def is_bound(text: str, at: int) -> bool:
    """Whether words, numbers and signs end before the offset `at` of a folded text."""
    before, after = text[at - 1 : at], text[at : at + 1]
    if not before or not after:
        return True
    if _in_word(before) and _in_word(after):
        return _is_between_unspaced(text, at)
    if before.isdecimal() or after.isdecimal() or unicodedata.category(after) == "Sc":
        return not _is_in_number(text[max(0, at - 2) : at], text[at : at + 2])
    if "'" in (before, after):
        return not _is_at_apostrophe(text, at)
    return True


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"


def _is_between_unspaced(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    if not (is_unspaced(before) or is_unspaced(after)):
        return False
    if unicodedata.category(after)[0] == "M" or {before, after} <= _HAN_NUMERALS:
        return False
    return not text.endswith(_NOT_BEFORE, 0, at) and not text.startswith(_NOT_AFTER, at)


def _is_in_number(before: str, after: str) -> bool:
    """For the two characters on each side: `5|.3`, `5.|3`, `|.5`, `-|5`, `$|5`, `≤|5`, `5|%`."""
    last, first = before[-1], after[0]
    if first in _IN_NUMBERS:
        return last.isdecimal() and after[1:].isdecimal()
    if last in _IN_NUMBERS:
        return first.isdecimal() and (before[0].isdecimal() or before.strip() == ".")
    if last.isdecimal():
        return first in _UNITS or unicodedata.category(first) == "Sc"
    return last == "-" or unicodedata.category(last) in ("Sc", "Sm")


def _is_at_apostrophe(text: str, at: int) -> bool:
    """`can|'t` and `can'|t`; but `l'|accord` is two words."""
    if text[at] == "'":
        return text[at - 1].isalpha() and text[at + 1 : at + 2].isalpha()
    return text[at - 2 : at - 1].isalpha() and _REST_OF_WORD.match(text, at) is not None
