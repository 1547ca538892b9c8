"""Many proposals to few findings: the same said twice is said once, the worst comes first."""

import re
from collections import defaultdict
from collections.abc import Iterable

from shared.tasks.pr_review.artifacts import Candidate
from shared.tasks.pr_review.models import CONFIDENCES, SEVERITIES, Finding, Spot

_MAX_PLACES = 20


def rank(finding: Finding) -> tuple[int, int, str, int]:
    """The most severe first, then the surest, then in the order of the files."""
    return (
        SEVERITIES.index(finding.severity),
        CONFIDENCES.index(finding.confidence),
        finding.file,
        finding.start_line,
    )


def merge_candidates(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Of findings of a category on the same lines the first by rank; one in the same words, or on
    the same code, elsewhere becomes another place of the first."""
    firsts: list[Candidate] = []
    near: dict[tuple[str, str, str], list[tuple[Candidate, Candidate]]] = defaultdict(list)
    alike: dict[object, Candidate] = {}
    for candidate in sorted(candidates, key=rank):
        here = near[candidate.file, candidate.side, candidate.category]
        same = next((first for other, first in here if _is_same(candidate, other)), None)
        keys = (candidate.fingerprint, (candidate.category, _words(candidate)))
        first = same or next((alike[key] for key in keys if key in alike), candidate)
        for key in keys:
            alike.setdefault(key, first)
        if same is not None:
            continue
        here.append((candidate, first))
        if first is candidate:
            firsts.append(candidate)
        elif len(first.also_at) < _MAX_PLACES:
            first.also_at.append(Spot.model_validate(candidate.model_dump()))
    return firsts


def _is_same(a: Candidate, b: Candidate) -> bool:
    """Whether two findings of a category in a file are one: on the same lines, or on some of them
    in much the same words."""
    if (a.start_line, a.end_line) == (b.start_line, b.end_line):
        return True
    if a.start_line > b.end_line or b.start_line > a.end_line:
        return False
    ours, theirs = _words(a), _words(b)
    return 2 * len(ours & theirs) >= min(len(ours), len(theirs))


def _words(finding: Finding) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", finding.title.casefold())) or frozenset([finding.title])
