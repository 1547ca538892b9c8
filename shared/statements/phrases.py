"""Amounts that are said without digits: fractions, multiples, decades, Roman numerals, and numbers
in words of other languages than English. They have no value here; each is its own words, so that it
is backed by nothing but the same words."""

import re

from shared.statements.units import MONTH, UNIT

_ORDINAL = (
    r"(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth"
    r"|[a-z]+teenth|twentieth|thirtieth|(?:twenty|thirty)-[a-z]+(?:st|nd|rd|th))"
)
_PART = r"(?:thirds?|quarters?|fourths?|fifths?|sixths?|sevenths?|eighths?|ninths?|tenths?)"
_MANY = r"(?:dozen|hundred|thousand|million|billion)s?"
_SHARE = r"(?: of\b| the\b| (?:were|was|are|is|had|have|has|more|less|fewer|as|came|come)\b)"
_PERIOD = r"(?:second|minute|hour|day|night|week|month|quarter|year|decade)"
_MULTIPLE = r"(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty|hundred|thousand)"

_ENGLISH = (
    r"(?<!first )(?<!second )(?<!other )(?<!latter )(?<!in )\b(?:(?:one|a)[ -])?half\b(?!-)",
    rf"\b(?:two|three|four|five|six|seven|eight|nine)[ -]{_PART}\b",
    rf"\b(?:one|a)[ -]{_PART}(?={_SHARE})",
    r"[¼½¾⅐-⅞]",
    rf"\b(?:several|many|some|a few|a couple(?: of)?) {_MANY}\b",
    rf"\b{_MULTIPLE}[- ]?fold\b",
    rf"\bfactors? of (?:about |nearly |around )?{_MULTIPLE}\b",
    r"\b(?:doubl|tripl|halv|quadrupl|trebl)(?:es|ed|ing)\b",
    r"\btwice (?:as|the|daily|weekly|monthly|yearly)\b|\bdozens of\b",
    rf"\b(?:once|twice|thrice) (?:a|per|each|every) {_PERIOD}\b",
    r"\b(?:hundreds|thousands|millions|billions) of\b",
    r"\b(?:twen|thir|for|fif|six|seven|eigh|nine)ties\b",
    rf"\b{_ORDINAL}[- ]centur(?:y|ies)\b",
    rf"\b{_ORDINAL} of {MONTH}",
    rf"\b{_ORDINAL}[- ](?:(?!rest|best|test|west|east|nest)[a-z]+est|most)\b",
    r"(?<![\w.])\d+(?:\.\d+)?e[+-]?\d+\b",
)
_ROMAN = (
    rf"\b(?=[IVXLCDM])(?:[IVXLCDM]{{2,}})[ -](?:{UNIT}|century\b)",
    r"\b(?=[A-Z]{4})M{1,3}(?=[CDXLVI]{2})(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b",
)
_GERMAN = (
    r"\b(?!einzig)(?:ein|zwei|drei|vier|fünf|sech|sechs|sieb|sieben|acht|neun|zehn|elf|zwölf|und"
    r"|zwan|zig|ßig|ssig|hundert|tausend){2,}(?:stel)?\b",
    r"\b(?:hundert|tausend|(?:hundert|tausend)e)\b",
    r"\b(?:ein|zwei|drei|vier|fünf) (?:drittel|viertel|fünftel|zehntel)\b|\bdie hälfte\b",
    r"\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|elf|zwölf)"
    rf"[ -](?:{UNIT}|(?:mrd|mio|millionen|milliarden)\b)",
)
_OTHER = (
    r"\b(?!(?:in|als|von|der|die|das|den|dem|en|le|de|del|un|el|em)\b)[^\W\d_]+ "
    r"(?:prozent|pour cent|por cien(?:to)?|per cento|por cento|procent|процент\w*)\b",
    r"\b(?:vingt|trente|quarante|cinquante|soixante|septante|nonante)(?:[- ](?:et[- ])?\w+)?\b"
    r"|\bquatre-vingt\w*(?:-\w+)?\b|\bla moitié\b|\b(?:un|deux|trois) (?:tiers|quarts?)\b",
    r"\b(?:deux|trois|quatre|cinq|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize)"
    r" (?:cents?|mille|millions?|milliards?|ans?|années?|mois|semaines?|jours?|heures?|euros?)\b",
    r"\b(?:veinti?\w+|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa)(?: y \w+)?\b"
    r"|\bla mitad\b|\b\w+cient[oa]s\b",
    r"\b(?:dos|tres|cuatro|cinco|siete|ocho|nueve|diez|doce|trece|catorce|quince)"
    r" (?:mil|millones|años|meses|semanas|días|horas|euros|tercios|cuartos)\b",
    r"\b(?:venti\w+|trenta\w*|quaranta\w*|cinquanta\w*|sessanta\w*|settanta\w*|ottanta\w*"
    r"|novanta\w*|duecento|trecento)\b|\bla metà\b",
    r"\b(?:vinte|trinta|quarenta|sessenta|setenta|oitenta)(?: e \w+)?\b|\bmetade\b",
    r"\b\w*(?:twintig|dertig|veertig|vijftig|zestig|zeventig|tachtig|negentig)\b",
    r"[百千万]分之[零〇一二三四五六七八九十百千两]+",
    r"(?<![一二三四五六七八九十百千万亿两])(?!十分|一[个人年天])[一二三四五六七八九十百千万亿两]+(?:成|倍|元|美元|欧元|人|年|月|日|艘|家"
    r"|名|天|小时|个)",
)
_ANY = "|".join([*_ENGLISH, *_GERMAN, *_OTHER, *(f"(?-i:{one})" for one in _ROMAN)])
# Within a word nothing begins but signs: to look at each of all these there takes most of the time.
_BEGIN = r"(?:(?<!\w)|(?=[¼½¾⅐-⅞零〇一二三四五六七八九十百千万亿两]))"
PHRASE = re.compile(f"{_BEGIN}(?:{_ANY})", re.I)
"""Finds such amounts; Roman numerals are capitals."""
