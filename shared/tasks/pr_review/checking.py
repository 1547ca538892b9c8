"""A second look at what was found: by somebody who tries to refute it, then by the program, which
applies each suggestion. What does not hold is dropped and counted."""

from collections.abc import Iterator, Sequence

from shared.clients.schemas import of_model
from shared.documents.tokens import estimate
from shared.models import Question
from shared.tasks import base
from shared.tasks.pr_review import suggesting
from shared.tasks.pr_review.models import (
    SEVERITIES,
    Candidate,
    Check,
    Held,
    Ruling,
    Stage,
    TaskData,
)
from shared.tasks.pr_review.reviewing import asked

MOST_CALLS = 2


async def keep_groups(context: base.Context, candidates: Sequence[Candidate]) -> base.Round:
    """The round that looks at the candidates again, in as few calls as they need."""
    groups = list(_groups(candidates, context.tools.batch_tokens))[:MOST_CALLS]
    for number, group in enumerate(groups):
        kept = [candidate.model_dump(mode="json") for candidate in group]
        await context.papers.keep(f"candidates-{number}", kept)
    items = [{"group": number} for number in range(len(groups))]
    return base.Round(stage=Stage.CHECKING, items=items, starts_at=80, ends_at=95)


async def check(context: base.WorkContext, item: base.Item) -> Held:
    kept = await context.papers.kept(f"candidates-{item['group']}")
    candidates = [Candidate.model_validate(one) for one in kept]
    data = TaskData.model_validate(context.ticket.task_data)
    material = {"findings": _rendered(candidates)}
    question = Question(base.prompt(__file__, "check"), asked(data), material)
    answer = await context.complete(of_model(Check), question)
    rulings = {ruling.finding: ruling for ruling in answer.rulings}
    held = [
        _ruled(candidate, rulings.get(number))
        for number, candidate in enumerate(candidates, 1)
        if number not in rulings or rulings[number].holds
    ]
    findings = [await suggesting.settled(context, candidate) for candidate in held]
    return Held(
        findings=findings,
        refuted=len(candidates) - len(held),
        suggestions_dropped=sum(
            candidate.proposal is not None and finding.suggestion is None
            for candidate, finding in zip(held, findings, strict=True)
        ),
    )


def _ruled(candidate: Candidate, ruling: Ruling | None) -> Candidate:
    """The second look may find a thing less severe, never more so."""
    if ruling is None:
        return candidate
    worst = max(candidate.severity, ruling.severity, key=SEVERITIES.index)
    return candidate.model_copy(update={"severity": worst})


def _groups(candidates: Sequence[Candidate], budget: int) -> Iterator[list[Candidate]]:
    group: list[Candidate] = []
    for candidate in candidates:
        if group and estimate(_rendered([*group, candidate])) > budget:
            yield group
            group = []
        group.append(candidate)
    if group:
        yield group


def _rendered(candidates: Sequence[Candidate]) -> str:
    return "\n\n".join(_one(number, one) for number, one in enumerate(candidates, 1))


def _one(number: int, candidate: Candidate) -> str:
    head = f"[finding {number}] ({candidate.category}, {candidate.severity}) {candidate.title}"
    return "\n".join([head, candidate.body, f"=== {candidate.file}", candidate.excerpt])
