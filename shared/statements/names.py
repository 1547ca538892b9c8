"""The names in a sentence: what a capital letter, a digit among letters or the form of an address
marks as one, where the word is no ordinary one; and whether given words hold it.

A name may be inflected, as its language does, and be short for words that stand together. It is
neither translated nor written in other letters: `Munich` does not stand in words about `München`.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from shared.statements.vocabulary import (
    STRICT,
    begins_sentences,
    endings,
    is_german_noun,
    language_of,
)

_ADDRESS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|\b\w{2,10}://\S+|\bwww\.\S+"
    r"|(?<![\w./@-])(?:[\w-]+\.)+[A-Za-z]{2,}(?:/\S*)?(?![\w.]*\w)"
)
_IDENTIFIER = re.compile(
    r"\b\w*[^\W\d_]_[^\W_]\w*|\b[A-Za-z_]\w*(?=\(\))|(?<![\w-])--[a-z][\w-]+"
    r"|(?<![\w/.])\.{0,2}/?(?:[\w.@+-]{1,100}/){1,20}[\w@+-][\w.@+-]{0,100}\.[A-Za-z]\w{0,7}\b"
    r"|(?<![\w/.])/[\w.@+-]{1,100}(?:/[\w.@+-]{1,100}){1,20}"
)
"""Of code, as nobody writes words: `snake_case`, `call()`, `--option`, `a/path.py`, `/etc/motd`."""

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*(?:&[^\W_]+)*")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc]{2,}")
_ROLES = frozenset(
    """
    section sections clause clauses article articles paragraph annex appendix schedule exhibit table
    figure chapter page part agreement contract party parties tenant landlord lessor lessee buyer
    seller supplier customer client provider contractor employer employee licensor licensee borrower
    lender company owner manager board document report must shall not may should no only and or all
    any i mr mrs ms dr prof pdf csv docx html json xml api url id ok
    """.split()  # noqa: SIM905  a table of words
)
"""What is written with a capital where it stands for a part of a document or a side of a contract,
and what is only stressed."""

_LEAST_STEM = 4
_LEAST_INITIALS = 3


class Name(NamedTuple):
    """A name as it stands from `start` to `end`; one `of_code` stands so and in no other form."""

    text: str
    start: int
    end: int
    of_code: bool = False


def names(sentence: str) -> list[Name]:
    """The names of a sentence, in order."""
    found = [Name(one[0], *one.span()) for one in _ADDRESS.finditer(sentence)]
    found += [Name(one[0], *one.span(), of_code=True) for one in _IDENTIFIER.finditer(sentence)]
    taken = bytearray(len(sentence))
    for one in found:
        taken[one.start : one.end] = b"\x01" * (one.end - one.start)
    found += [Name(one[0], *one.span()) for one in _KATAKANA.finditer(sentence)]
    language = language_of(sentence)
    begins = True
    for match in _WORD.finditer(sentence):
        if not taken[match.start()] and _is_name(match[0], begins, language):
            found.append(Name(match[0], *match.span()))
        begins = _ends_before(sentence, match.end())
    return sorted(found, key=lambda one: one.start)


class KnownWords:
    """The words of given texts, in which names are looked up."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._words: dict[str, set[str]] = {}
        self._runs: list[str] = []
        self._texts = texts
        for text in texts:
            said = _WORD.findall(text)
            folded = {word: fold(word) for word in {*said}}
            for word in {part for one in folded.values() for part in (one, *one.split("'"))}:
                self._words.setdefault(word[:3], set()).add(word)
            self._runs.append(f" {' '.join(map(folded.__getitem__, said))} ")
        self._plain = "\n".join(fold(text) for text in texts)

    @cached_property
    def _initials(self) -> list[tuple[str, str]]:
        return list(map(_initials, self._texts))

    def have(self, name: Name, language: str | None) -> bool:
        """Whether the name is there, as a sentence of this language may put it."""
        text, plain = name.text, fold(name.text)
        if name.of_code:
            return re.search(rf"(?<!\w){re.escape(plain)}(?!\w)", self._plain) is not None
        if _ADDRESS.fullmatch(text) or _KATAKANA.fullmatch(text):
            return plain in self._plain
        if any(_is_inflected(plain, one, language) for one in self._words.get(plain[:3], ())):
            return True
        return text.isupper() and self._has_initials(text.lower())

    def say(self, words: str) -> bool:
        """Whether these words stand there one after the other."""
        run = " ".join(fold(one[0]) for one in _WORD.finditer(words))
        if not run:
            return words.strip() == "" or words.strip() in self._plain
        return any(f" {run} " in known for known in self._runs)

    def _has_initials(self, letters: str) -> bool:
        return any(
            letters in capitals or (len(letters) >= _LEAST_INITIALS and letters in every)
            for capitals, every in self._initials
        )


def fold(text: str) -> str:
    """Without case and marks on letters; a possessive ending goes, too."""
    plain = text.casefold()
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain.replace("’", "'"))
        plain = "".join(char for char in apart if not unicodedata.combining(char))
    return plain.removesuffix("'s").removesuffix("'")


def _is_name(word: str, begins: bool, language: str | None) -> bool:
    if any(char.isdigit() for char in word):
        return any(char.isalpha() for char in word)
    if not any(char.isupper() for char in word):
        return False
    plain = word.removesuffix("'s").removesuffix("’s")
    if plain.lower() in _ROLES:
        return False
    elided = re.match(r"[A-Za-z]{1,2}['’](?=\w)", plain)
    if elided and language in ("fr", "it"):
        return _is_name(plain[elided.end() :], begins, language)
    if not plain[0].isupper() or any(char.isupper() for char in plain[1:]):
        return True
    if language == "de" and (is_german_noun(plain) or (begins and begins_sentences(plain))):
        return False
    if not begins:
        return True
    if language is not None and language not in STRICT:
        return False
    return not begins_sentences(plain)


def _ends_before(text: str, at: int) -> bool:
    """Whether a sentence may begin after what ends there: behind a colon, too, and a bracket."""
    return bool(re.match(r"[.!?…:;]*[\"'”’)]*[.!?…:;]\s|\s*[–—•]\s|\s*[(“„«\"]", text[at : at + 8]))


def _is_inflected(name: str, word: str, language: str | None) -> bool:
    if name == word:
        return True
    at = next((n for n, (a, b) in enumerate(zip(name, word, strict=False)) if a != b), None)
    at = min(len(name), len(word)) if at is None else at
    if at < _LEAST_STEM:
        return False
    known = endings(language)
    return name[at:] in known and word[at:] in known


def _initials(text: str) -> tuple[str, str]:
    """Those of words with a capital, and those of all words."""
    words = _WORD.findall(text)
    long = [word for word in words if word.lower() not in ("of", "the", "and", "for", "und", "de")]
    capitals = "".join(word[0].lower() if word[0].isupper() else " " for word in long)
    return capitals, "".join(word[0].lower() for word in long)
