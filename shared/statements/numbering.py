"""Which digits say no quantity: those of names (`UTF-8`, `Python 3.12`), of references (`Table 2`,
`Article 28`) and of sayings."""

import re

from shared.statements.units import MONTHS

_REFERENCE = re.compile(
    r"\b(?:sections?|chapters?|tables?|figures?|figs?\.|steps?|appendix|listings?|parts?|equations?"
    r"|eqs?\.|phases?|levels?|versions?|v|articles?|clauses?|paragraphs?|pages?|pp?\.|nos?\.|notes?"
    r"|items?|options?|examples?|layers?|tiers?|types?|stages?|ports?|rfc|iso|iec|http|lines?|week"
    r"|schedule|annex|exhibit|codes?|status|error|rule|principle|number|§{1,2}|#)[ \u00a0]?"
    r"(?:\d+(?:\.\d+)*(?:, | and | to |[-–]))*$",
    re.I,
)
_CAPITALS = re.compile(r"[A-Z]{2,}|\w+[A-Z]")
_COMMON = {"in", "of", "the", "a", "an", "and", "or", "by", "on", "at", "to", "from", "with"}
_COMMON |= {"for", "about", "over", "under", "only", "some", "nearly", "almost", "around", "than"}
_COMMON |= {"between", "since", "until", "before", "after", "all", "these", "those", "its", "their"}
_COMMON |= set(MONTHS)
_VERBS = {"is", "has", "was", "does", "supports", "offers", "adds", "provides", "uses", "runs"}
_VERBS |= {"allows", "includes", "requires", "introduces", "brings", "defines", "describes", "as"}
_VERBS |= {"this", "its", "makes", "gives", "returns", "means", "works", "needs", "takes", "shows"}
_PREFIXES = {"top", "sub", "pre", "post", "mid", "under", "over", "non", "all", "per", "early"}
_PREFIXES |= {"late", "of", "a", "to"}
_IDIOMS = re.compile(r"24/7|\b9/11\b")


def is_saying(text: str, start: int, end: int) -> bool:
    return bool(_IDIOMS.search(text, max(0, start - 3), end + 3))


def is_attached(text: str, start: int) -> bool | None:
    """Whether digits belong to the word that they hang on, as in `UTF-8` but not in `top-10`; None
    for those that stand alone."""
    before = _before(text, start)
    attached = re.search(r"([A-Za-z][\w]*)[-_/.]?$", before)
    if attached is None or before.endswith((" ", "\u00a0")):
        return None
    return attached[1].lower() not in _PREFIXES


def is_numbering(text: str, start: int, end: int) -> bool:
    """Whether digits that stand alone are those of a reference or a name."""
    before = _before(text, start)
    if _REFERENCE.search(before):
        return not re.match(r" (?:people|persons|patients|of (?:all|them|the)\b)", text[end:])
    return _is_name(before, text[start:end], text[end:])


def _before(text: str, start: int) -> str:
    """The end of the line so far."""
    return text[max(text.rfind("\n", 0, start) + 1, start - 60) : start]


def _is_name(before: str, digits: str, after: str) -> bool:
    """`Python 3.12`, `Windows 11`, `HTTP 404`; but not `In Berlin 37 companies`."""
    match = re.search(r"(\S+)[ \u00a0]$", before)
    if match is None or not re.fullmatch(r"\d{1,3}(?:\.\d+)*", digits):
        return False
    word = match[1].lstrip("(\"'“*_[")
    begins = not before[: match.start()].strip() or before[: match.start()].rstrip()[-1] in ".!?:"
    named = bool(re.match(r"[A-Z]", word)) and word.lower() not in _COMMON
    if not (_CAPITALS.match(word) or (named and (not begins or "." in digits))):
        return False
    noun = re.match(r" ([a-z]+)", after)
    return not (noun and noun[1] not in _VERBS and (noun[1].endswith("s") or noun[1] == "people"))
