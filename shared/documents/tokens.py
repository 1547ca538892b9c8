"""How many tokens a text has, told without a vocabulary: the real ones are downloaded at first use,
which must not be needed, and the limits kept with the count have room for an estimate.

The pieces are about those into which OpenAI's `cl100k_base` cuts a text before it looks at its
vocabulary (tiktoken's `pat_str`): words, digits in threes, punctuation, blanks that belong to no
word. Long words are several tokens. The numbers were fitted to what cl100k_base makes of prose,
source text and tables, and of the Universal Declaration of Human Rights in 14 languages; newer
vocabularies (o200k_base) need fewer tokens for other scripts, not more.
"""

import math
import re

_PIECE = re.compile(
    r"(?<=[a-z])[a-z]{1,3}|[A-Z][a-z]{1,5}|[a-z]{1,7}|[A-Z]{1,3}"
    r"|[0-9]{1,3}|\s{2,16}|\n|\s(?=[0-9])"
    r"|[!-/:-@\[-`{-~]{1,2}|[\x00-\x08\x0e-\x1b\x7f]"
)
_SLICE = 100_000  # characters: all pieces of a long text would take many times its memory
_WIDE = re.compile(r"[^\x00-\x7f\s]+")
# Tokens a character.
_RATES = (
    (re.compile("[\u0080-\u024f\u1e00-\u1eff]"), 2.0),  # Latin with marks, which cut a word
    (re.compile("[\u0400-\u052f]"), 0.6),  # Cyrillic
    (re.compile("[\uac00-\ud7af]"), 1.4),  # Hangul
    (re.compile("[\U00010000-\U0010ffff]"), 2.5),  # emoji, rare ideographs
)
_OTHER = 1.15  # Han, kana, Greek, Arabic, Thai, signs


def estimate(text: str) -> int:
    """Tokens of `text`: from 10 % below to 35 % above what cl100k_base makes of ordinary text."""
    wide = "" if text.isascii() else "".join(_WIDE.findall(text))
    counts = [(len(script.findall(wide)), rate) for script, rate in _RATES]
    others = len(wide) - sum(count for count, _ in counts)
    tokens = sum(count * rate for count, rate in counts) + others * _OTHER
    pieces = (_PIECE.findall(text, at, at + _SLICE) for at in range(0, len(text), _SLICE))
    return sum(map(len, pieces)) + math.ceil(tokens)
