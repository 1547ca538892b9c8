"""What follows a stage: the program counts what is wrong and chooses who writes again, at most
twice each; then the whole is made consistent, and the front is written last."""

import asyncio
from collections.abc import Sequence

from shared.models import Inquiry
from shared.papers.overlap import MAX_SHARE, repetitions
from shared.tasks.base import Context, NoItem, Round
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.asking import apply_edits, ask
from shared.tasks.paper_writing.assembling import assemble
from shared.tasks.paper_writing.checks import PAPER_TOLERANCE, is_off
from shared.tasks.paper_writing.fronting import FRONTING, FrontItem
from shared.tasks.paper_writing.judging import CHECKING, Points, open_points
from shared.tasks.paper_writing.llm_output import Edits
from shared.tasks.paper_writing.models import (
    MAX_REPAIRS,
    Draft,
    Fault,
    FaultKind,
    FrontMatter,
    Outline,
    ReadChunk,
    Result,
    SavedOutline,
    Verdict,
    Verdicts,
)
from shared.tasks.paper_writing.polishing import CLEANED, POLISHED, POLISHING, apply, clean
from shared.tasks.paper_writing.reading import READING, chunks_of, share_out
from shared.tasks.paper_writing.task_data import TaskData
from shared.tasks.paper_writing.writing import (
    REPAIRING,
    WRITING,
    SectionItem,
    load_outline,
    save_faults,
)


async def after_outline(
    context: Context[TaskData], outcomes: Sequence[SavedOutline]
) -> Round | Inquiry:
    saved = outcomes[0]
    if context.data.outline_only and not context.answers:
        return ask(saved.outline)
    if context.answers:
        outline = apply_edits(saved.outline, context.answers[0], context.data)
        saved = saved.model_copy(update={"outline": outline})
    await artifacts.save_outline(context.artifacts, saved)
    chunks = chunks_of(await artifacts.load_sources(context.artifacts))
    if chunks:
        return READING.round(chunks, starts_at=10, ends_at=35)
    return await _begin_writing(context)


async def after_reading(context: Context[TaskData], outcomes: Sequence[ReadChunk]) -> Round:
    await share_out(context, outcomes)
    return await _begin_writing(context)


async def after_writing(context: Context[TaskData], outcomes: Sequence[Draft]) -> Round:
    tries = await artifacts.load_tries(context.artifacts)
    tries |= {draft.section: draft.tries for draft in outcomes}
    await artifacts.save_tries(context.artifacts, tries)
    return await _next(context)


async def after_checking(context: Context[TaskData], outcomes: Sequence[Verdicts]) -> Round:
    known = {one.requirement: one for one in await artifacts.load_verdicts(context.artifacts)}
    known |= {one.requirement: one for one in outcomes[0].verdicts}
    await artifacts.save_verdicts(context.artifacts, list(known.values()))
    return await _next(context)


async def after_polishing(context: Context[TaskData], outcomes: Sequence[Edits]) -> Round:
    polished = await apply(context, outcomes[0].edits)
    await artifacts.save_polished(context.artifacts, POLISHED, polished)
    return FRONTING.round([FrontItem()], starts_at=92, ends_at=97)


async def after_front(
    context: Context[TaskData], outcomes: Sequence[FrontMatter]
) -> Round | Result:
    front = outcomes[0]
    if front.faults and front.tries < MAX_REPAIRS:
        item = FrontItem(tries=front.tries + 1)
        advice = [f"{one.advice} {'; '.join(one.passages)}".strip() for one in front.faults]
        await context.artifacts.save(f"front-faults-{item.tries}", advice)
        return FRONTING.round([item], starts_at=97, ends_at=98)
    return await assemble(context, front)


async def _begin_writing(context: Context[TaskData]) -> Round:
    outline = await load_outline(context.artifacts)
    items = [SectionItem(section=number) for number in range(len(outline.sections))]
    return WRITING.round(items, starts_at=35, ends_at=70)


async def _next(context: Context[TaskData]) -> Round:
    outline, drafts, verdicts = await asyncio.gather(
        load_outline(context.artifacts),
        artifacts.load_drafts(context.artifacts),
        artifacts.load_verdicts(context.artifacts),
    )
    unknown = open_points(context.data.points, drafts, verdicts)
    if unknown:
        return CHECKING.round([Points(requirements=unknown)], starts_at=70, ends_at=75)
    faults = find_all_faults(outline, drafts, verdicts, context.data)
    items = []
    for draft in drafts:
        if faults[draft.section] and draft.tries < MAX_REPAIRS:
            item = SectionItem(section=draft.section, tries=draft.tries + 1)
            await save_faults(context.artifacts, item, faults[draft.section])
            items.append(item)
    if items:
        return REPAIRING.round(items, starts_at=75, ends_at=85)
    cleaned = await clean(context, [draft.text for draft in drafts])
    await artifacts.save_polished(context.artifacts, CLEANED, cleaned)
    return POLISHING.round([NoItem()], starts_at=85, ends_at=92)


def find_all_faults(
    outline: Outline, drafts: Sequence[Draft], verdicts: Sequence[Verdict], data: TaskData
) -> list[list[Fault]]:
    """What is wrong with each section: by itself, beside the others, and in the whole."""
    found = [list(draft.faults) for draft in drafts]
    for number, one in enumerate(repetitions([draft.text for draft in drafts])):
        if one.share >= MAX_SHARE and one.earlier is not None:
            earlier = outline.sections[one.earlier].title
            text = drafts[number].text
            advice = f"These passages repeat the section “{earlier}”: say something else instead."
            passages = [text[a:b][:300] for a, b in one.passages][:20]
            found[number].append(Fault(kind=FaultKind.REPETITION, advice=advice, passages=passages))
    for verdict in verdicts:
        if not verdict.met:
            advice = f"It must meet this requirement and does not: {verdict.why}"
            point = data.points[verdict.requirement - 1]
            found[verdict.section].append(
                Fault(kind=FaultKind.REQUIREMENT, advice=advice, passages=[point])
            )
    for number in _too_long_together(outline, drafts):
        if not any(one.kind is FaultKind.LENGTH for one in found[number]):
            words, asked = drafts[number].words, outline.sections[number].words
            advice = f"The section has {words} words; bring it to {asked}, as the paper is off."
            found[number].append(Fault(kind=FaultKind.LENGTH, advice=advice))
    return found


def _too_long_together(outline: Outline, drafts: Sequence[Draft]) -> list[int]:
    """The sections that must change for the paper to have its length, as few as will do."""
    asked = sum(one.words for one in outline.sections)
    off = sum(draft.words for draft in drafts) - asked
    if not is_off(asked + off, asked, PAPER_TOLERANCE):
        return []
    sign = 1 if off > 0 else -1
    gaps = [
        (sign * (draft.words - outline.sections[draft.section].words), draft.section)
        for draft in drafts
    ]
    chosen = []
    for gap, section in sorted(gaps, reverse=True):
        if gap <= 0 or not is_off(asked + off, asked, PAPER_TOLERANCE / 2):
            break
        off -= sign * gap
        chosen.append(section)
    return chosen
