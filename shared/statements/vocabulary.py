"""Which words are ordinary ones, so that a capital letter does not make a name of them, and in
which language a sentence is.

Ordinary is what the lists beside this module have, what is derived of it regularly, and what ends
as only common nouns do. Given names and firms are not in the lists.
"""

import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_WORD = re.compile(r"[^\W\d_]+")
_ENDINGS = (
    *(("s", ""), ("es", ""), ("ies", "y"), ("ed", ""), ("ed", "e"), ("ied", "y"), ("ing", "")),
    *(("ing", "e"), ("ly", ""), ("er", ""), ("er", "e"), ("ness", ""), ("ment", "")),
)
_NEGATIONS = ("un", "non", "re", "pre", "in", "dis", "over", "sub")
_COMMON_NOUN = re.compile(
    r"\w{2,}(?:[ts]ion|ment|ness|[aei]ty|[ae]nce|ances|encing|ship|ability|ism|ology"
    r"|té|ción|sión|zione|sione|ção|são|dad|tà|ità|dade|amento|imento|miento|teit|atie)s?"
)
_GERMAN_NOUN = re.compile(
    r"\w{2,}(?:ung|heit|keit|schaft|tion|sion|tät|nis|ment|ismus|enz|anz|ling|erei|nehmer|geber)"
    r"(?:en|e|s|es|se|sen|n)?"
)
_LEAST_HEAD = 5
"""Letters of a noun that may be the last part of a compound; a shorter one may end a name."""

STRICT = frozenset(("en", "de", "fr", "es", "it", "nl", "pt"))
"""Languages of which enough words are known to tell a name at the beginning of a sentence."""


def language_of(text: str) -> str | None:
    """The language of a sentence by its function words, None where they do not tell."""
    counts: Counter[str] = Counter()
    for word in _WORD.findall(text.lower()):
        counts.update(_function_words().get(word, ()))
    best = counts.most_common(2)
    if not best or (len(best) > 1 and best[0][1] == best[1][1]):
        return None
    return best[0][0]


def begins_sentences(word: str) -> bool:
    """Whether a word may well begin a sentence without being a name."""
    plain = word.lower()
    known = plain in _function_words() or plain in list_instructions() or is_english(plain)
    return known or bool(_COMMON_NOUN.fullmatch(plain))


def is_english(word: str) -> bool:
    """Whether a word in small letters is one of common English, or derived of one."""
    known = _english()
    for start in ("", *_NEGATIONS):
        rest = word.removeprefix(start) if word.startswith(start) else ""
        if rest in known or any(_stem(rest, end, more) in known for end, more in _ENDINGS):
            return True
    return False


def is_german_noun(word: str) -> bool:
    """Whether a word is a common German noun, a compound that ends with one, or ends as one."""
    plain = word.lower()
    if _GERMAN_NOUN.fullmatch(plain):
        return True
    known = _german()
    for end in ("", "e", "n", "s", "en", "er", "es", "ern", "nen", "innen"):
        stem = plain.removesuffix(end) if plain.endswith(end) else ""
        for one in (stem, _without_umlauts(stem)):
            heads = (one[at:] for at in range(3, len(one) - _LEAST_HEAD + 1))
            if one in known or any(head in known for head in heads):
                return True
    return False


def endings(language: str | None) -> frozenset[str]:
    """What a name may end with besides itself in a language; nothing is among it."""
    kinds = _endings()
    if language in kinds:
        return kinds[language]
    return kinds["few" if language in STRICT or language is None else "many"]


@cache
def list_code_terms() -> frozenset[str]:
    """What code is spoken of with, whatever it does: `SQL`, `None`, `ValueError`."""
    lines = (line.partition(": ") for line in _read("programming"))
    return frozenset(word for _, _, words in lines for word in words.split())


@cache
def list_instructions() -> frozenset[str]:
    """With what a sentence begins that tells what to do."""
    lines = (line.partition(": ") for line in _read("instructions"))
    return frozenset(word for _, _, words in lines for word in words.split())


def _stem(word: str, ending: str, instead: str) -> str:
    if not word.endswith(ending) or len(word) < len(ending) + 2:
        return ""
    stem = word[: -len(ending)]
    if not instead and len(stem) > 3 and stem[-1] == stem[-2] and ending in ("ed", "ing", "er"):
        return stem if stem in _english() else stem[:-1]
    return stem + instead


def _without_umlauts(word: str) -> str:
    return word.translate(str.maketrans("äöü", "aou"))


def _read(name: str) -> Iterable[str]:
    """The lines of a list, without remarks."""
    text = (Path(__file__).parent / "words" / f"{name}.txt").read_text(encoding="utf-8")
    return (line for line in text.splitlines() if not line.startswith("#"))


@cache
def _english() -> frozenset[str]:
    return frozenset(word for line in _read("english") for word in line.split())


@cache
def _german() -> frozenset[str]:
    return frozenset(word for line in _read("german") for word in line.split())


@cache
def _endings() -> dict[str, frozenset[str]]:
    lines = (line.partition(": ") for line in _read("endings"))
    return {kind: frozenset(["", *words.split()]) for kind, _, words in lines}


@cache
def _function_words() -> dict[str, list[str]]:
    """Languages by word."""
    found: dict[str, list[str]] = {}
    for line in _read("languages"):
        language, _, words = line.partition(": ")
        for word in dict.fromkeys(words.split()):
            found.setdefault(word, []).append(language)
    return found
