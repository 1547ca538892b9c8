"""Numbers as English writes them out: `twenty-five`, `two hundred thousand`."""

import re
from decimal import Decimal

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
VALUES = {word: Decimal(value) for value, word in enumerate(_SMALL.split())}
VALUES |= {word: Decimal(10 * value) for value, word in enumerate(_TENS.split(), start=2)}
SCALES = {
    "hundred": Decimal(100),
    "thousand": Decimal(1000),
    "million": Decimal(10**6),
    "billion": Decimal(10**9),
    "trillion": Decimal(10**12),
    "dozen": Decimal(12),
}
_ONE = "|".join(sorted(VALUES, key=len, reverse=True))
_SCALE = "|".join(SCALES)
WRITTEN = (
    rf"(?:(?:{_ONE})(?:-(?:{_ONE}))?|an?(?=[ -](?:{_SCALE})\b))"
    rf"(?:[ -](?:and )?(?:{_ONE}|(?:{_SCALE})s?)(?:-(?:{_ONE}))?)*\b"
)
"""A pattern for a number in small letters; that of a sentence's beginning may be capitalised."""

_COUNTED = re.compile(
    r"[ -](?:of (?:them|these|those|the|its|their|our|all|every)\b"
    r"|(?:[a-z]+[ -]){0,2}?(?P<noun>[a-z]+s|people|men|women|children|staff)(?![a-z'’]))"
)
_NOT_COUNTED = re.compile(
    r"reasons|steps|parts|ways|(?:sub)?sections|points|questions|principles|stages|phases|sides"
    r"|options|kinds|types|sorts|aspects|factors|levels|layers|rules|goals|aims|examples|elements"
    r"|categories|components|things|tasks|ideas|concepts|cases|forms|approaches|methods|topics"
    r"|themes|areas|sentences|paragraphs|chapters|requirements|conditions|choices|roles|views|terms"
    r"|halves|directions|dimensions|problems|issues|challenges|lessons|benefits|advantages|classes"
    r"|groups|measures|means|patterns|properties|strategies|modes|variants|alternatives|others"
    r"|perspectives|functions|features|purposes|objectives|characteristics|considerations|concerns"
    r"|always|as|its|his|this|thus|us|is|was|has|does"
)
"""What a text counts of itself, and words that only look like a plural."""

_PART = re.compile(r"[a-z]+")


def value_of(words: str) -> Decimal:
    """The number that these words say."""
    total = current = Decimal(0)
    for word in _PART.findall(words.lower()):
        scale = SCALES.get(word.removesuffix("s"))
        if word in VALUES:
            current += VALUES[word]
        elif scale is not None and scale <= SCALES["hundred"]:
            current = (current or 1) * scale
        elif scale is not None:
            total += (current or 1) * scale
            current = Decimal(0)
    return total + current


def counts_things(text: str, at: int) -> bool:
    """Whether what stands there is counted by the number before it: `seven| cranes` and `five| of
    them` are, `three| steps` of an argument are not."""
    after = _COUNTED.match(text, at)
    return after is not None and not _NOT_COUNTED.fullmatch(after["noun"] or "")
