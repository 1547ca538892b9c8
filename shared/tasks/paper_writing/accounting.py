"""What a paper is held to, and whether it holds: counted in what is delivered."""

from collections import Counter
from collections.abc import Mapping, Sequence

from shared.papers.overlap import MAX_SHARE, measure_overlap
from shared.statements.omission import without
from shared.statements.prose import headings
from shared.tasks.paper_writing.checks import PAPER_TOLERANCE, SECTION_TOLERANCE, Grounds, is_off
from shared.tasks.paper_writing.judging import is_shown
from shared.tasks.paper_writing.models import (
    Coverage,
    Fault,
    FaultKind,
    Outline,
    SourceFacts,
    Target,
    Verdict,
    WordCounts,
)
from shared.tasks.paper_writing.task_data import TaskData


def coverage_of(
    points: Sequence[str],
    verdicts: Sequence[Verdict],
    outline: Outline,
    texts: Mapping[int, str],
    said: str,
) -> list[Coverage]:
    """Each requirement, with the section that meets it as it is delivered, and a reason that states
    nothing beyond what was `said` by the requester and the paper."""
    grounds = Grounds(said, {})
    known = {one.requirement: one for one in verdicts}
    found = []
    for number, point in enumerate(points, start=1):
        one = known.get(number)
        met = one is not None and one.met and is_shown(one.sentence, texts.get(one.section, ""))
        if one is None:
            why = "It has not been checked yet."
        elif one.met and not met:
            why = "The sentence that met it was changed or left out afterwards."
        else:
            why = without(one.why, grounds.find_invented(one.why))[0]
        section = outline.sections[one.section].title if one and met else None
        found.append(Coverage(point=point, section=section, met=met, why=why))
    return found


def targets_of(
    outline: Outline,
    texts: Mapping[int, str],
    counts: WordCounts,
    coverage: Sequence[Coverage],
    left_out: Counter[str],
    faults: Mapping[int, Sequence[Fault]],
    invented: Sequence[str],
) -> list[Target]:
    """`invented` are sections in which something is left that nothing backs."""
    off = [one for one in counts.sections if is_off(one.got, one.asked, SECTION_TOLERANCE)]
    whole = is_off(counts.got, counts.asked, PAPER_TOLERANCE)
    share = measure_overlap([texts[number] for number in sorted(texts)])
    unmet = [one.point for one in coverage if not one.met]
    odd = [
        outline.sections[number].title
        for number, text in texts.items()
        if [one.title for one in headings(text)] != outline.sections[number].subsections
    ]
    broken = [outline.sections[n].title for n, found in faults.items() if _has_code(found)]
    return [
        _target(
            "section length",
            not off,
            "; ".join(f"{one.section}: {one.got} words of {one.asked}" for one in off)
            or "Each section is within 15 % of its words.",
        ),
        _target("paper length", not whole, f"{counts.got} words of {counts.asked}."),
        _target("headings", not odd, "; ".join(odd) or "They are those of the outline."),
        _target("repetition", share < MAX_SHARE, f"{share:.1%} of the text is repeated."),
        _target("requirements", not unmet, "; ".join(unmet) or "All are met."),
        _target("code", not broken, _shown_as_text(broken)),
        _target("nothing invented", not invented, "; ".join(invented) or _left_out(left_out)),
    ]


def warnings_of(
    outline: Outline, sources: Sequence[SourceFacts], targets: Sequence[Target], data: TaskData
) -> list[str]:
    found = [f"{one.name}: {warning}" for one in sources for warning in one.warnings]
    missed = [f"Missed: {one.name}. {one.detail}" for one in targets if not one.held]
    none = [] if sources or data.sources else ["No sources were given, so none is cited."]
    return [*outline.notes, *found, *none, *missed]


def _target(name: str, held: bool, detail: str) -> Target:
    return Target(name=name, held=held, detail=detail)


def _has_code(found: Sequence[Fault]) -> bool:
    return any(one.kind is FaultKind.CODE for one in found)


def _shown_as_text(sections: Sequence[str]) -> str:
    if not sections:
        return "Every block of code parses, as far as its language is known."
    return f"Code that does not parse is shown as text in: {'; '.join(sections)}."


def _left_out(counts: Counter[str]) -> str:
    told = ", ".join(f"{count} ({kind})" for kind, count in sorted(counts.items()))
    return f"Sentences left out: {told}." if told else "No sentence had to be left out."
