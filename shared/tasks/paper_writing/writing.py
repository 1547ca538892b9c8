"""Sections, written side by side and, those with faults, written again: each writer knows the whole
outline, the glossary, what other sections say, and only the sources that its section needs."""

import asyncio
import re

from shared.clients.llm.output import of_model
from shared.models import Model, Question
from shared.papers.citations import citations
from shared.papers.code import CodeParsers
from shared.statements.prose import count_words
from shared.tasks.base import Artifacts, Stage, WorkContext
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.checks import Grounds, find_faults
from shared.tasks.paper_writing.llm_output import Part, Written
from shared.tasks.paper_writing.models import INVENTED, Draft, Fault, FaultKind, Outline, Section
from shared.tasks.paper_writing.prompting import (
    question,
    render_claims,
    render_outline,
    render_requirements,
)
from shared.tasks.paper_writing.task_data import TaskData
from shared.text.markdown import plain

_FORM = of_model(Written)
_CAPTION_LINE = re.compile(r"^(Table\b[^\n|]*)\n(?=\|)", re.MULTILINE)
_WEIGHTS = {FaultKind.OUTLINE: 3, FaultKind.CODE: 3, FaultKind.REQUIREMENT: 2}


class SectionItem(Model):
    """A section by number, and how often it will have been rewritten."""

    section: int
    tries: int = 0


async def write_section(context: WorkContext[TaskData], item: SectionItem) -> Draft:
    return await _write(context, item, None, [])


async def repair_section(context: WorkContext[TaskData], item: SectionItem) -> Draft:
    """The better of the section as it was and as it is now."""
    before, known = await asyncio.gather(
        artifacts.load_draft(context.artifacts, item.section, item.tries - 1),
        load_faults(context.artifacts, item),
    )
    return await _write(context, item, before, known)


def _name(draft: Draft) -> str:
    return draft.title


WRITING = Stage("writing", write_section, _name)
REPAIRING = Stage("repairing", repair_section, _name)


async def save_faults(kept: Artifacts, item: SectionItem, faults: list[Fault]) -> None:
    """What a rewriting is to mend."""
    known = [one.model_dump(mode="json") for one in faults]
    await kept.save(f"faults-{item.section}-{item.tries}", known)


async def load_faults(kept: Artifacts, item: SectionItem) -> list[Fault]:
    known = await kept.load(f"faults-{item.section}-{item.tries}")
    return [Fault.model_validate(one) for one in known]


async def _write(
    context: WorkContext[TaskData], item: SectionItem, before: Draft | None, faults: list[Fault]
) -> Draft:
    outline, (claims, chosen) = await asyncio.gather(
        load_outline(context.artifacts), artifacts.load_claims(context.artifacts)
    )
    numbers = chosen[item.section] if chosen else []
    asked = _question(context.data, outline, item.section, render_claims(claims, numbers))
    if before is not None:
        asked = _repair(asked, before, faults)
    written = await context.complete(_FORM, asked)
    section = outline.sections[item.section]
    text = join_section(section, written)
    given = {number: claims[number] for number in numbers}
    grounds = Grounds(context.data.said, given, section.subsections)
    found = await find_faults(section, text, grounds, context.use(CodeParsers))
    draft = Draft(
        section=item.section,
        tries=item.tries,
        title=section.title,
        text=text,
        words=count_words(text),
        faults=found,
    )
    if before is not None and _weight(before.faults) < _weight(found):
        draft = before.model_copy(update={"tries": item.tries})
    await artifacts.save_draft(context.artifacts, draft)
    if not any(fault.kind in INVENTED for fault in draft.faults):
        context.audience.show(draft.title, _without_citations(draft.text))
    return draft


def _without_citations(text: str) -> str:
    """As people may see it before its citations are numbered."""
    for one in reversed(citations(text)):
        text = text[: one.start] + text[one.end :]
    return text


async def load_outline(kept: Artifacts) -> Outline:
    known = await artifacts.find_outline(kept)
    if known is None:
        raise LookupError("there is no outline yet")
    return known.outline


def join_section(section: Section, written: Written) -> str:
    """The section as one text. A subsection that is called as the outline calls it gets that
    heading; any other keeps its own, which is a fault."""
    titles = {_key(title): title for title in section.subsections}
    parts = [_without_own_title(section, written.text)]
    for part in written.subsections:
        known = part.title if part.title in section.subsections else titles.get(_key(part.title))
        heading = plain(known) if known else part.title
        below = _below_title(known or part.title, part)
        parts.append(f"### {heading}\n\n{below}" if heading else part.text.strip())
    text = "\n\n".join(part for part in parts if part.strip())
    return _CAPTION_LINE.sub(r"\1\n\n", text)


def _question(data: TaskData, outline: Outline, number: int, claims: str) -> Question:
    section = outline.sections[number]
    lines = [render_requirements(section, data.points)]
    lines.append(f"# The section to write\n{section.title}: {section.words} words")
    if section.subsections:
        subsections = [f"- {one}" for one in section.subsections]
        lines.append("\n".join(["Subsections, in this order:", *subsections]))
    if not claims:
        lines.append("There are no sources for it: cite nothing, quote nobody, state no numbers.")
    material = {"outline": render_outline(outline, number)}
    if claims:
        material["claims of the sources"] = claims
    return question(data, "write", "\n\n".join(filter(None, lines)), material)


def _repair(asked: Question, before: Draft, faults: list[Fault]) -> Question:
    """Asked again in other words each time: the same question has the same answer."""
    found = []
    for one in faults:
        found.append(f"- {one.advice}")
        found += [f"  - {' '.join(passage.split())}" for passage in one.passages]
    again = "The section has these faults; mend them and keep the rest:"
    if before.tries:
        again = "It was written again, and still has these faults; mend every one of them:"
    user = "\n".join([f"{asked.user}\n\n# Write it again", again, *found])
    return Question(asked.system, user, {**asked.material, "the section so far": before.text})


def _weight(faults: list[Fault]) -> int:
    """How bad a draft is: what was invented counts most, each time."""
    return sum(
        10 + len(one.passages) if one.kind in INVENTED else _WEIGHTS.get(one.kind, 1)
        for one in faults
        if one.kind not in (FaultKind.REPETITION, FaultKind.REQUIREMENT)
    )


def _without_own_title(section: Section, text: str) -> str:
    """The heading of the section itself, which writers repeat, is the program's."""
    begin, _, rest = text.strip().partition("\n")
    return (
        rest.strip()
        if _key(begin) == _key(section.title) and begin.startswith("#")
        else text.strip()
    )


def _below_title(title: str, part: Part) -> str:
    begin, _, rest = part.text.strip().partition("\n")
    repeats = begin.startswith("#") and _key(begin) == _key(title)
    return rest.strip() if repeats else part.text.strip()


def _key(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))
