"""Many proposals to few findings: the same said twice is said once, the worst comes first."""

from collections.abc import Iterable

from shared.tasks.pr_review.models import CONFIDENCES, SEVERITIES, Candidate, Finding, Spot


def rank(finding: Finding) -> tuple[int, int, str, int]:
    """The most severe first, then the surest, then in the order of the files."""
    return (
        SEVERITIES.index(finding.severity),
        CONFIDENCES.index(finding.confidence),
        finding.file,
        finding.start_line,
    )


def merged(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Of findings of a category on the same lines the first by rank; one with the same title
    elsewhere becomes another place of the first."""
    kept: list[Candidate] = []
    for candidate in sorted(candidates, key=rank):
        if any(_same_place(candidate, other) for other in kept):
            continue
        twin = next((other for other in kept if _same_words(candidate, other)), None)
        if twin is None:
            kept.append(candidate)
        else:
            twin.also_at.append(Spot.model_validate(candidate.model_dump()))
    return kept


def _same_place(a: Candidate, b: Candidate) -> bool:
    return (
        (a.file, a.side, a.category) == (b.file, b.side, b.category)
        and a.start_line <= b.end_line
        and b.start_line <= a.end_line
    )


def _same_words(a: Candidate, b: Candidate) -> bool:
    return a.category is b.category and a.title.casefold() == b.title.casefold()
