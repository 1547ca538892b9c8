"""Whether the words of an insight say no more than its facts: every number, name and date in them
must be that of a fact that they rest on, and stand beside the name that it belongs to."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.tasks.snowflake_query.insights.facts import Fact, FactKind
from shared.tasks.snowflake_query.insights.formulas import agrees
from shared.tasks.snowflake_query.insights.mentions import (
    NUMBER,
    SCALES,
    Said,
    exact_keys,
    read_digits,
    take_names,
    take_times,
    time_keys,
)
from shared.tasks.snowflake_query.models import Number

_WRITTEN = re.compile(
    r"\b(?:zero|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty"
    r"|fifty|sixty|seventy|eighty|ninety|dozens?|hundreds?|thousands?|millions?|billions?|trillions?"
    r"|once|twice|thrice|half|halves|halv\w+|third|thirds|quarters of|a quarter of|fifths?|tenths?"
    r"|doubl\w*|tripl\w*|trebl\w*|quadrupl\w*|\w+fold|score of|couple)\b|[½⅓⅔¼¾⅛]|\b[IVX]{2,}\b",
    re.IGNORECASE,
)
_UP = re.compile(
    r"\b(?:r[oi]se|risen|rising|gr[eo]w\w*|growth|increas\w+|gain\w*|up|climb\w*|improv\w*|jump\w*|surg\w*)\b",
    re.IGNORECASE,
)
_DOWN = re.compile(
    r"\b(?:f[ae]ll\w*|declin\w+|decreas\w+|drop\w*|down|lost|lower|shr[aiu]nk\w*|slip\w*|slump\w*|plung\w*|decline)\b",
    re.IGNORECASE,
)
_GREATEST = re.compile(
    r"\b(?:highest|most|best|largest|greatest|biggest|strongest|peak\w*|top|leads?|leading|leader|maximum)\b",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"\b(?:lowest|least|worst|smallest|weakest|fewest|bottom|minimum|poorest)\b", re.IGNORECASE
)
_WHOLE = re.compile(
    r"\b(?:total\w*|all|altogether|overall|whole|sum|combined|together|entire|average|mean|median"
    r"|insgesamt|gesamt\w*|alle\w*|ensemble|en tout|totale?s?|complessiv\w+)\b",
    re.IGNORECASE,
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|im|von|mit|liegt|wurde)\b")
_CAPITAL = re.compile(r"(?<![\w'’])[^\W\d_a-z][\w'’&-]*")
_STARTERS = frozenset(
    """
a about across after against all almost also although among an and another around as at average
because before below between both but by compared despite during each even every few following
for from further however if in indeed is it its last least many meanwhile most much nearly next
no none of on once only or other others our out overall per previous quarter quarterly monthly
yearly annual rank ranking results sales revenue same several share shares since so some still
such that the their then there these they this those though through thus to together total
totals two under until up values was were what when where whereas which while who with within
year years month months trend trends orders order quantity quantities growth volume volumes
customers customer products product regions region highest lowest
""".split()  # noqa: SIM905  a table of words
)
_COMPARES = re.compile(
    r"\b(?:more|less|higher|lower|fewer|greater|smaller|larger|bigger|better|worse|stronger|weaker)"
    r" than\b|\b(?:outs\w+|outperform\w*|exceed\w*|surpass\w*|beat\w*|behind|ahead)\b",
    re.IGNORECASE,
)
_DENIES = re.compile(r"\b(?:not|never|neither|nor|hardly|barely|without|no)\b|n['’]t\b", re.I)
_UNCHANGED = "did not change"


class UnprovedError(ValueError):
    """The words say more than is proved; the text says what."""


@dataclass(frozen=True, slots=True)
class Known:
    """All that the words may be about. `names` are the values of text columns of the rows;
    `vocabulary` the other words that may be written with a capital; `period` the times that the
    question is about, as `time_keys` makes them."""

    names: frozenset[str]
    vocabulary: frozenset[str]
    period: frozenset[str]


def check(text: str, facts: Sequence[Fact], more: Sequence[Number], known: Known) -> list[Number]:
    """The numbers that the text says. Raises UnprovedError."""
    names, rest = take_names(text, known.names)
    allowed = {name for fact in facts for name in fact.names}
    for said in names:
        if said.key not in allowed:
            raise UnprovedError("a name that none of its facts has")
    times, rest = take_times(rest)
    _check_times(times, facts, known)
    _check_capitals(text, rest, known, allowed)
    if _WRITTEN.search(rest):
        raise UnprovedError("a number in words")
    _check_words(rest, facts, names)
    return _check_numbers(rest, facts, more, (names, times))


def _check_times(times: Sequence[Said], facts: Sequence[Fact], known: Known) -> None:
    proved = {key for fact in facts for time in fact.times for key in time_keys(time)}
    proved |= known.period
    for said in times:
        if said.key not in proved:
            raise UnprovedError("a time that none of its facts has")


def _check_capitals(text: str, rest: str, known: Known, allowed: set[str]) -> None:
    """Names that the rows do not have cannot be told from nouns in German, but elsewhere."""
    if len(_GERMAN.findall(text)) > 1:
        return
    for match in _CAPITAL.finditer(rest):
        word = match[0].lower().rstrip("'’").removesuffix("'s")
        starts = not rest[: match.start()].strip(" \"'“(") or re.search(
            r"[.!?:]\s*[\"'“(]?$", rest[: match.start()]
        )
        if word in known.vocabulary or (starts and word in _STARTERS):
            continue
        raise UnprovedError("a name that is not in the rows")


def _check_words(rest: str, facts: Sequence[Fact], names: Sequence[Said]) -> None:
    """What is said of rise and fall, greatest and least must be what a fact says of that name;
    comparisons and denials are those of no fact."""
    changes = [fact for fact in facts if fact.kind is FactKind.CHANGE]
    if any(not Decimal(fact.numbers[0].value) for fact in changes):
        rest = rest.replace(_UNCHANGED, "")
    if _COMPARES.search(rest) or _DENIES.search(rest):
        raise UnprovedError("a comparison that is none of its facts")
    ranks = [fact for fact in facts if fact.kind is FactKind.RANK]
    rises = [fact for fact in changes if Decimal(fact.numbers[0].value) > 0]
    falls = [fact for fact in changes if Decimal(fact.numbers[0].value) < 0]
    proofs = (
        (_UP, rises),
        (_DOWN, falls),
        (_GREATEST, [fact for fact in ranks if fact.is_greatest]),
        (_LEAST, [fact for fact in ranks if not fact.is_greatest]),
    )
    for pattern, proved in proofs:
        places = [match.start() for match in pattern.finditer(rest)]
        if places and not any(_all_proved(places, proved, names, way) for way in _WAYS):
            raise UnprovedError("a rise, fall or rank that is none")


def _all_proved(
    places: Sequence[int], proved: Sequence[Fact], names: Sequence[Said], way: "_Way"
) -> bool:
    def is_proved(place: int) -> bool:
        name = way(names, place)
        if names and name is None:
            return False
        return any(name is None or not one.names or name in one.names for one in proved)

    return all(map(is_proved, places))


def _check_numbers(
    rest: str, facts: Sequence[Fact], more: Sequence[Number], said: tuple[Sequence[Said], ...]
) -> list[Number]:
    places = list(NUMBER.finditer(rest))
    for names_way in _WAYS:
        for times_way in _WAYS:
            proofs = _Proofs(rest, facts, more, said, (names_way, times_way))
            found = [proofs.find(match) for match in places]
            if all(found):
                return list({one.formula: one for one in found if one}.values())
    raise UnprovedError("a number that does not come from its facts")


def _before(said: Sequence[Said], place: int) -> str | None:
    earlier = [one.key for one in said if one.start < place]
    return earlier[-1] if earlier else next((one.key for one in said), None)


def _after(said: Sequence[Said], place: int) -> str | None:
    return next((one.key for one in said if one.start > place), None)


_Way = Callable[[Sequence[Said], int], str | None]
_WAYS: tuple[_Way, ...] = (_before, _after)
"""A number belongs to the name before it or to the one after it: the same way throughout."""


@dataclass(frozen=True, slots=True)
class _Proofs:
    """Finds what proves the numbers of a text, whose names and times are `said`."""

    rest: str
    facts: Sequence[Fact]
    more: Sequence[Number]
    said: tuple[Sequence[Said], ...]
    ways: tuple[_Way, _Way]

    def find(self, match: re.Match[str]) -> Number | None:
        for fact in self.facts:
            if self._belongs(fact, match):
                for number in fact.numbers:
                    if _says(match, number, self.rest, fact.kind is FactKind.CHANGE):
                        return number
        if any(self.said):  # A formula of the model's own tells of no name or time.
            return None
        return next((one for one in self.more if _says(match, one, self.rest, False)), None)

    def _belongs(self, fact: Fact, match: re.Match[str]) -> bool:
        """Whether a number in this place would be read as this fact's."""
        names, times = self.said
        name, time = (
            way(one, match.start()) for way, one in zip(self.ways, self.said, strict=True)
        )
        if not fact.names <= {one.key for one in names} or (fact.names and name not in fact.names):
            return False
        if names and not fact.names and not self._is_of_all(match):
            return False
        if fact.kind is FactKind.CHANGE:
            return self._changes_then(fact, match)
        if not fact.times:
            return True
        exact = {key for one in fact.times for key in exact_keys(one)}
        return time in exact if times else fact.kind is not FactKind.VALUE

    def _is_of_all(self, match: re.Match[str]) -> bool:
        of = re.search(r"\bof\s+(?:\w+\s+)?$", self.rest[: match.start()])
        return bool(of or _WHOLE.search(self.rest))

    def _changes_then(self, fact: Fact, match: re.Match[str]) -> bool:
        """Whether the times that stand between this number and the next, or the one before, are
        those of the change."""
        starts = [0, *(one.start() for one in NUMBER.finditer(self.rest)), len(self.rest)]
        place = starts.index(match.start(), 1)
        after = [one for one in self.said[1] if starts[place] < one.start < starts[place + 1]]
        before = [one for one in self.said[1] if starts[place - 1] <= one.start < starts[place]]
        known = {key for one in fact.times for key in exact_keys(one)}
        return all(one.key in known or not fact.times for one in after or before)


def _says(match: re.Match[str], number: Number, rest: str, is_change: bool) -> bool:
    """Whether the digits are this number, as exact as they are written."""
    is_percent = number.shown.endswith("%")
    if bool(match["percent"]) is not is_percent:
        return False
    value = Decimal(number.value)
    negative = bool(match["sign"]) and match["sign"].strip() in "-−–" and _is_sign(match, rest)  # noqa: RUF001
    scale = SCALES.get((match["scale"] or "").lower(), 0)
    falls = is_change and not negative and _falls(rest, match.start())
    for digits in read_digits(match["digits"]):
        told = -digits if negative or falls else digits
        if agrees(value.scaleb(-scale), told):
            return True
    return False


def _falls(rest: str, place: int) -> bool:
    """Whether the word of direction that stands next to a place says down: the one before it, or
    the first after it."""
    words = [(one.start(), False) for one in _UP.finditer(rest)]
    words += [(one.start(), True) for one in _DOWN.finditer(rest)]
    before = [one for one in sorted(words) if one[0] < place]
    after = [one for one in sorted(words) if one[0] > place]
    return before[-1][1] if before else after[0][1] if after else False


def _is_sign(match: re.Match[str], rest: str) -> bool:
    """A dash after a word or number is none."""
    return match.start() == 0 or rest[match.start() - 1] in " ("
