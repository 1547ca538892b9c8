"""Whether the requirements are met: judged by the model, held to sentences that are there."""

from collections.abc import Iterable, Sequence

from shared.clients.llm.output import of_model
from shared.documents.quotes import Folded
from shared.models import Model
from shared.statements.prose import sentences
from shared.tasks.base import Stage, WorkContext
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.llm_output import Judged, Judgement
from shared.tasks.paper_writing.models import Draft, Outline, Verdict, Verdicts
from shared.tasks.paper_writing.prompting import question
from shared.tasks.paper_writing.task_data import TaskData
from shared.tasks.paper_writing.writing import load_outline

_FORM = of_model(Judgement)
_SHORT = 40
"""Characters of a sentence that is too short to be looked for: it must be one of the section's."""


class Points(Model):
    """Requirements by their numbers, from 1."""

    requirements: list[int]


async def judge(context: WorkContext[TaskData], item: Points) -> Verdicts:
    outline = await load_outline(context.artifacts)
    drafts = await artifacts.load_drafts(context.artifacts)
    points = context.data.points
    asked = [f"{number}. {points[number - 1]}" for number in item.requirements]
    sections = {
        f"section {draft.section + 1}": f"{draft.title}\n\n{draft.text}" for draft in drafts
    }
    user = "\n".join(["# Requirements", *asked])
    answer = await context.complete(_FORM, question(context.data, "judge", user, sections))
    said = {one.requirement: one for one in answer.requirements}
    found = (_verdict(number, said.get(number), drafts, outline) for number in item.requirements)
    return Verdicts(verdicts=list(found))


CHECKING = Stage("checking requirements", judge)


def is_shown(sentence: str, text: str) -> bool:
    """Whether a sentence stands in a section."""
    if len(sentence) >= _SHORT:
        return Folded(text).find(sentence) is not None
    known = {" ".join(text[one.start : one.end].split()) for one in sentences(text)}
    return bool(sentence) and " ".join(sentence.split()) in known


def open_points(
    points: Sequence[str], drafts: Sequence[Draft], verdicts: Iterable[Verdict]
) -> list[int]:
    """The requirements of which nobody knows: not judged yet, or the section that counts has been
    rewritten since, unless the sentence that shows it still stands there."""
    judged = {one.requirement: one for one in verdicts}
    now = {draft.section: draft for draft in drafts}
    return [
        number
        for number in range(1, len(points) + 1)
        if (one := judged.get(number)) is None or not _holds(one, now[one.section])
    ]


def _holds(verdict: Verdict, draft: Draft) -> bool:
    if draft.tries == verdict.tries:
        return True
    return verdict.met and is_shown(verdict.sentence, draft.text)


def _verdict(
    number: int, said: Judged | None, drafts: Sequence[Draft], outline: Outline
) -> Verdict:
    """A requirement is met where the sentence that is to show it stands in the section."""
    home = next((n for n, one in enumerate(outline.sections) if number in one.requirements), 0)
    texts = {draft.section: draft for draft in drafts}
    section = said.section - 1 if said and said.section - 1 in texts else home
    if said is not None and said.met:
        shown = [section, *(one for one in texts if one != section)]
        place = next((one for one in shown if is_shown(said.sentence, texts[one].text)), None)
        if place is not None:
            tries = texts[place].tries
            return Verdict(
                requirement=number,
                met=True,
                section=place,
                sentence=said.sentence,
                why=said.why,
                tries=tries,
            )
    why = said.why if said and not said.met else "No sentence of the paper was found that shows it."
    tries = texts[home].tries
    return Verdict(requirement=number, met=False, section=home, sentence="", why=why, tries=tries)
