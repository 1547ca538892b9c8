"""Numbers in words of other languages than English, and ordinal numbers in words: as far as
contracts and reports write them out, so that `drei Monate` backs `three months`."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cache

from shared.statements.units import UNIT

_ORDINALS = [
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_SMALL = {
    "de": "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn "
    "sechzehn siebzehn achtzehn neunzehn",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien "
    "zestien zeventien achttien negentien",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize "
    "dix-sept dix-huit dix-neuf",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
    "dieciséis diecisiete dieciocho diecinueve",
    "it": "due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici "
    "quindici sedici diciassette diciotto diciannove",
    "pt": "dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis "
    "dezessete dezoito dezenove",
}
_TENS = {
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
}
_LARGE = {
    "de": "hundert tausend",
    "nl": "honderd duizend",
    "fr": "cent mille",
    "es": "cien mil",
    "it": "cento mille",
    "pt": "cem mil",
}
_JOINED = {"fr": "-", "es": " y ", "pt": " e "}
_ORDINAL_WORDS = {
    "fr": "troisième quatrième cinquième sixième septième huitième neuvième dixième",
    "es": "tercer cuarto quinto sexto séptimo octavo noveno décimo",
    "it": "terzo quarto quinto sesto settimo ottavo nono decimo",
    "pt": "terceiro quarto quinto sexto sétimo oitavo nono décimo",
    "nl": "derde vierde vijfde zesde zevende achtste negende tiende",
}
_GERMAN_ORDINAL_ENDS = ("te", "ten", "ter", "tes", "tem")
_FIRST = {"dritt": 3, "siebt": 7, "acht": 8}

Reading = tuple[str, int, int, Decimal, str | None]
"""The words, from where to where they stand, the number, and the unit behind them."""


def find_foreign_numbers(text: str, language: str | None) -> Iterator[Reading]:
    """Numbers in words of a text in this language."""
    if language not in _SMALL:
        return
    words, ordinals, pattern = _numbers_of(language)
    for match in pattern.finditer(text):
        word = " ".join(match["words"].lower().split())
        if word in ordinals:  # it counts no units
            yield match["words"], *match.span("words"), Decimal(ordinals[word]), None
        else:
            yield match[0], *match.span(), Decimal(words[word]), match["unit"]


def find_ordinals(text: str) -> Iterator[Reading]:
    """English ordinal numbers in words from the third on: the first two count nothing, mostly."""
    for match in _ENGLISH.finditer(text):
        number = _ENGLISH_WORDS[match["words"].lower()]
        yield match[0], *match.span(), Decimal(number), None


@cache
def _numbers_of(language: str) -> tuple[dict[str, int], dict[str, int], re.Pattern[str]]:
    words = {word: n for n, word in enumerate(_SMALL[language].split(), start=2)}
    units = dict(list(words.items())[:8])
    for ten, word in enumerate(_TENS[language].split(), start=2):
        words[word] = 10 * ten
        words |= {one: 10 * ten + n for one, n in _join(language, word, units)}
    hundred, thousand = _LARGE[language].split()
    words |= {hundred: 100, thousand: 1000}
    if language == "de":
        words |= {"ein" + hundred: 100, "ein" + thousand: 1000}
    for word, n in units.items():
        words |= {f"{word}{hundred}": 100 * n, f"{word} {hundred}": 100 * n}
        words |= {f"{word}{thousand}": 1000 * n, f"{word} {thousand}": 1000 * n}
    ordinals = dict(_list_ordinals(language, words))
    return words, ordinals, _pattern([*words, *ordinals])


def _join(language: str, ten: str, units: dict[str, int]) -> Iterator[tuple[str, int]]:
    """The numbers above a multiple of ten."""
    ones = {"de": "ein", "nl": "een", "fr": "et-un", "es": "uno", "it": "uno", "pt": "um"}
    for one, n in {ones[language]: 1, **units}.items():
        if language in ("de", "nl"):
            link = "und" if language == "de" else "ën" if one.endswith("e") else "en"
            yield f"{one}{link}{ten}", n
        elif language == "it":
            yield (ten[:-1] if one[0] in "uo" else ten) + one, n
        elif language == "es" and ten == "veinte":
            yield f"veinti{one}", n
        else:
            yield f"{ten.removesuffix('s')}{_JOINED[language]}{one}", n


def _list_ordinals(language: str, words: dict[str, int]) -> Iterable[tuple[str, int]]:
    if language == "de":
        stems = {f"{word}t" if n < 20 else f"{word}st": n for word, n in words.items() if n < 100}
        stems = {stem: n for stem, n in stems.items() if n not in (3, 7, 8)} | _FIRST
        ends = [end.removeprefix("t") for end in _GERMAN_ORDINAL_ENDS]
        return [(f"{stem}{end}", n) for stem, n in stems.items() for end in ends]
    return [(word, n) for n, word in enumerate(_ORDINAL_WORDS[language].split(), start=3)]


def _pattern(words: Iterable[str]) -> re.Pattern[str]:
    ordered = "|".join(re.escape(one) for one in sorted(words, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])(?P<words>{ordered})(?![\w-])(?:[ -](?P<unit>{UNIT}))?", re.I)


def _english_ordinals() -> dict[str, int]:
    found = {word: n for n, word in enumerate(_ORDINALS, start=3)}
    small = ("first", "second", *_ORDINALS[:7])
    for ten, name in enumerate(("twenty", "thirty", "forty", "fifty"), start=2):
        found |= {f"{name}-{one}": 10 * ten + n for n, one in enumerate(small, start=1)}
    return found | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}


_ENGLISH_WORDS = _english_ordinals()
_ENGLISH = re.compile(
    rf"(?<![\w-])(?P<words>{'|'.join(sorted(_ENGLISH_WORDS, key=len, reverse=True))})(?![\w-])",
    re.I,
)
