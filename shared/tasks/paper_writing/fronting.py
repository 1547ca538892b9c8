"""Title and abstract, written last, of what was written: they state no number, quote nobody and
cite nothing that the sections do not."""

import re
from collections.abc import Sequence

from shared.clients.llm.output import of_model
from shared.documents.quotes import Span
from shared.models import Model
from shared.papers.citations import find_foreign, find_unfounded, find_unknown
from shared.statements.omission import without
from shared.statements.prose import count_words, headings, prose, with_characters
from shared.statements.quantities import Backing, find_unbacked
from shared.tasks.base import Stage, WorkContext
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.checks import SECTION_TOLERANCE, is_off
from shared.tasks.paper_writing.llm_output import Front
from shared.tasks.paper_writing.models import Fault, FaultKind, FrontMatter
from shared.tasks.paper_writing.polishing import POLISHED
from shared.tasks.paper_writing.prompting import question
from shared.tasks.paper_writing.task_data import TaskData
from shared.tasks.paper_writing.writing import load_outline

_FORM = of_model(Front)
_MAX_TITLE = 200
_ADVICE = {
    FaultKind.NUMBER: "These numbers stand in no section: leave them out.",
    FaultKind.CITATION: "An abstract cites nothing: leave these references out.",
    FaultKind.QUOTE: "These quotes stand in no section: leave them out.",
}


class FrontItem(Model):
    """How often it will have been rewritten, and what was wrong with it."""

    tries: int = 0


async def write_front(context: WorkContext[TaskData], item: FrontItem) -> FrontMatter:
    outline = await load_outline(context.artifacts)
    texts = (await artifacts.load_polished(context.artifacts, POLISHED)).texts
    user = f"# Wanted\nA title, and an abstract of {outline.abstract_words} words."
    if item.tries:
        known = await context.artifacts.load(f"front-faults-{item.tries}")
        faults = "\n".join(f"- {one}" for one in known)
        times = "once" if item.tries == 1 else "more than once"
        user += f"\n\nIt was written {times} before, with these faults:\n{faults}"
    sections = "\n\n".join(
        f"## {one.title}\n\n{text}" for one, text in zip(outline.sections, texts, strict=True)
    )
    material = {"the paper": sections}
    answer = await context.complete(_FORM, question(context.data, "front", user, material))
    found = [
        Fault(kind=kind, advice=_ADVICE[kind], passages=[answer.abstract[a:b] for a, b in spans])
        for kind, spans in _find_invented(answer.abstract, context.data.said, texts).items()
        if spans
    ]
    words = count_words(answer.abstract)
    if is_off(words, outline.abstract_words, SECTION_TOLERANCE):
        advice = f"It has {words} words and must have {outline.abstract_words}."
        found.append(Fault(kind=FaultKind.LENGTH, advice=advice))
    title = _clean_title(answer.title, context.data.said, texts)
    return FrontMatter(title=title, abstract=answer.abstract, tries=item.tries, faults=found)


FRONTING = Stage("writing title and abstract", write_front)


def clean_abstract(abstract: str, said: str, texts: Sequence[str]) -> tuple[str, int]:
    """The abstract without sentences that state what no section does, and how many those were."""
    spans = [one for found in _find_invented(abstract, said, texts).values() for one in found]
    spans += [Span(one.start, one.end) for one in headings(abstract)]
    return without(abstract, spans)


def _find_invented(abstract: str, said: str, texts: Sequence[str]) -> dict[FaultKind, list[Span]]:
    known = [said, *(prose(text) for text in texts)]
    numbers = find_unbacked(abstract, Backing(known))
    return {
        FaultKind.NUMBER: [Span(one.start, one.end) for one in numbers],
        FaultKind.CITATION: [
            *find_unknown(abstract, ()),
            *find_foreign(abstract, "\n".join(known)),
        ],
        FaultKind.QUOTE: find_unfounded(abstract, known),
    }


def _clean_title(title: str, said: str, texts: Sequence[str]) -> str:
    """Without numbers that no section has; what was asked for, where nothing is left, or the title
    names or quotes what no section does."""
    plain = re.sub(r"[*_`#\[\]@]", "", with_characters(title))
    found = _find_invented(plain, said, texts)
    for one in reversed(found[FaultKind.NUMBER]):
        plain = f"{plain[: one.start]}{plain[one.end :]}"
    if found[FaultKind.CITATION] or found[FaultKind.QUOTE]:
        plain = ""
    return " ".join(plain.split()).strip(" :–-")[:_MAX_TITLE] or said.split("\n", 1)[0][:_MAX_TITLE]
