"""The paper, put together by the program of what was checked, with an account of what it was held
to and what holds."""

import re
from collections import Counter
from collections.abc import Mapping

from shared.models import StoredTicket
from shared.statements.prose import blocks, count_words, headings
from shared.tasks.base import Artifacts, Context
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.accounting import coverage_of, targets_of, warnings_of
from shared.tasks.paper_writing.citing import Citing
from shared.tasks.paper_writing.fronting import clean_abstract
from shared.tasks.paper_writing.models import (
    FrontMatter,
    Outline,
    OutlineEntry,
    Result,
    SectionWords,
    WordCounts,
)
from shared.tasks.paper_writing.polishing import POLISHED, drop_unbacked, grounds_of
from shared.tasks.paper_writing.task_data import TaskData
from shared.tasks.paper_writing.writing import load_outline
from shared.text.markdown import inert, plain

_CAPTION = re.compile(r"^(?:\*\*|_)?Table(?: \d+)?[:.] *(?P<text>.*?)(?:\*\*|_)?$")


async def assemble(context: Context[TaskData], front: FrontMatter) -> Result:
    """The result, of all sections and the front."""
    outline = await load_outline(context.artifacts)
    polished = await artifacts.load_polished(context.artifacts, POLISHED)
    abstract, dropped = clean_abstract(front.abstract, context.data.said, polished.texts)
    left_out = Counter(polished.left_out)
    if dropped:
        left_out["abstract"] += dropped
    texts = dict(enumerate(polished.texts))
    return await _result(
        context.artifacts, context.data, outline, texts, (front.title, abstract), left_out
    )


async def assemble_partial(ticket: StoredTicket, data: TaskData, kept: Artifacts) -> Result | None:
    """What there is of a paper, whatever became of the ticket; None before the first section."""
    known = await artifacts.find_outline(kept)
    if known is None:
        return None
    outline = known.outline
    drafts = await artifacts.find_drafts(kept, len(outline.sections))
    if not drafts:
        return None
    grounds = await grounds_of(kept, data, outline)
    texts: dict[int, str] = {}
    left_out: Counter[str] = Counter()
    for draft in drafts:
        texts[draft.section], counts = drop_unbacked(draft.text, grounds[draft.section])
        left_out += counts
    front = (f"{ticket.title} (incomplete)", "")
    made = await _result(kept, data, outline, texts, front, left_out)
    said = f"Incomplete: {len(texts)} of {len(outline.sections)} sections are finished."
    return made.model_copy(
        update={
            "summary": said,
            "is_complete": False,
            "warnings": [said, *made.warnings],
            "paper_content": made.paper_content.replace("\n\n", f"\n\n*{said}*\n\n", 1),
        }
    )


async def _result(
    kept: Artifacts,
    data: TaskData,
    outline: Outline,
    texts: Mapping[int, str],
    front: tuple[str, str],
    left_out: Counter[str],
) -> Result:
    title, abstract = front
    sources = await artifacts.load_sources(kept)
    claims, _ = await artifacts.load_claims(kept)
    citing = Citing(data.citation_style, claims, sources)
    shown = _render_sections(outline, texts, citing)
    verdicts = await artifacts.load_verdicts(kept)
    counts = _counts(outline, texts, abstract, data)
    said = "\n\n".join([data.said, *texts.values()])
    coverage = coverage_of(data.points, verdicts, outline, texts, said)
    faults = {draft.section: draft.faults for draft in await artifacts.load_drafts(kept)}
    grounds = await grounds_of(kept, data, outline)
    invented = [
        outline.sections[number].title
        for number, text in texts.items()
        if drop_unbacked(text, grounds[number])[0] != text
    ]
    targets = targets_of(outline, texts, counts, coverage, left_out, faults, invented)
    cites = "" if citing.references else outline.labels.cites_nothing
    return Result(
        summary=_summary(title, counts, len(citing.references), cites),
        warnings=warnings_of(outline, sources, targets, data),
        title=title,
        outline=_entries(outline, texts, abstract, bool(citing.references)),
        word_counts=counts,
        references=citing.references,
        requirements=coverage,
        targets=targets,
        sentences_left_out=dict(left_out),
        paper_content=_paper(title, abstract, outline, shown, citing),
        template=await artifacts.load_template(kept),
    )


def _render_sections(outline: Outline, texts: Mapping[int, str], citing: Citing) -> dict[int, str]:
    """Each section with its citations as they are read, its tables under numbered captions."""
    shown, tables = {}, 0
    for number, text in sorted(texts.items()):
        section = outline.sections[number]
        rendered = inert(citing.render(section.title, text))
        shown[number], tables = _add_captions(rendered, section.title, outline.labels.table, tables)
    return shown


def _add_captions(text: str, title: str, label: str, tables: int) -> tuple[str, int]:
    """Tables get a caption right before them; one without has the section's title."""
    pieces: list[str] = []
    at, before = 0, None
    for block in blocks(text):
        part = text[block.start : block.end]
        if part.startswith("|"):
            tables += 1
            caption = _CAPTION.match(text[before.start : before.end].strip()) if before else None
            start = before.start if before and caption else block.start
            said = (caption["text"] if caption else "") or plain(title)
            pieces += [text[at:start], f"{label} {tables}: {said}\n\n", part]
            at = block.end
        before = block
    return "".join([*pieces, text[at:]]), tables


def _paper(
    title: str, abstract: str, outline: Outline, shown: Mapping[int, str], citing: Citing
) -> str:
    parts = [f"# {plain(title)}"]
    if abstract:
        parts += [f"## {plain(outline.labels.abstract)}", inert(abstract)]
    for number, text in sorted(shown.items()):
        parts += [f"## {plain(outline.sections[number].title)}", text]
    if citing.references:
        parts += [f"## {plain(outline.labels.references)}", "\n\n".join(citing.list_references())]
    else:
        parts += ["---", f"*{plain(outline.labels.cites_nothing)}*"]
    if citing.notes:
        parts.append(citing.notes)
    return "\n\n".join(part for part in parts if part) + "\n"


def _entries(
    outline: Outline, texts: Mapping[int, str], abstract: str, cites: bool
) -> list[OutlineEntry]:
    """Every heading of the paper, in order."""
    found = []
    if abstract:
        found.append(
            OutlineEntry(
                title=outline.labels.abstract,
                level=1,
                words_asked=outline.abstract_words,
                words=count_words(abstract),
            )
        )
    for number, text in sorted(texts.items()):
        one = outline.sections[number]
        found.append(
            OutlineEntry(
                title=one.title,
                level=1,
                purpose=one.purpose,
                words_asked=one.words,
                words=count_words(text),
            )
        )
        found += [OutlineEntry(title=sub.title, level=2) for sub in headings(text)]
    if cites:
        found.append(OutlineEntry(title=outline.labels.references, level=1))
    return found


def _counts(
    outline: Outline, texts: Mapping[int, str], abstract: str, data: TaskData
) -> WordCounts:
    sections = [
        SectionWords(section=one.title, asked=one.words, got=count_words(texts[number]))
        for number, one in enumerate(outline.sections)
        if number in texts
    ]
    got = sum(one.got for one in sections) + count_words(abstract)
    return WordCounts(asked=data.words, got=got, sections=sections)


def _summary(title: str, counts: WordCounts, references: int, cites_nothing: str) -> str:
    sections = len(counts.sections)
    cites = cites_nothing or f"It cites {references} of its sources."
    return f"“{title}”: {counts.got} words in {sections} sections. {cites}"
