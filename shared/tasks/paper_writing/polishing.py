"""The whole text in one voice: what was invented is left out, then the model's edits for terms and
references between sections are made, each only where it changes nothing that was checked."""

import re
from collections import Counter
from collections.abc import Sequence

from shared.clients.llm.output import of_model
from shared.documents.quotes import Span
from shared.papers.citations import find_cited
from shared.papers.code import CodeParsers
from shared.statements.omission import without
from shared.statements.prose import code_blocks, headings, prose
from shared.tasks.base import Artifacts, Context, NoItem, Stage, WorkContext
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.checks import Grounds
from shared.tasks.paper_writing.llm_output import Edit, Edits
from shared.tasks.paper_writing.models import FaultKind, Outline, Polished, Section
from shared.tasks.paper_writing.prompting import question, render_outline
from shared.tasks.paper_writing.task_data import TaskData
from shared.tasks.paper_writing.writing import load_outline

CLEANED, POLISHED = "cleaned", "polished"
_FORM = of_model(Edits)
_MIN_PASSAGE, _MAX_PASSAGE = 8, 1_000
_SECTION = re.compile(r"\b(the )?[Ss]ections? (\d{1,2})(?![\d.]*\d)(?! of\b)", re.IGNORECASE)


async def find_edits(context: WorkContext[TaskData], _: NoItem) -> Edits:
    outline = await load_outline(context.artifacts)
    texts = (await artifacts.load_polished(context.artifacts, CLEANED)).texts
    material = {"outline": render_outline(outline)} | {
        f"section {number}": f"{section.title}\n\n{text}"
        for number, (section, text) in enumerate(zip(outline.sections, texts, strict=True), start=1)
    }
    user = _variants(outline, texts)
    return await context.complete(_FORM, question(context.data, "polish", user, material))


POLISHING = Stage("making consistent", find_edits)


async def clean(context: Context[TaskData], texts: Sequence[str]) -> Polished:
    """The sections without what was invented, with the headings of the outline alone, and no code
    that is called what it does not parse as."""
    outline = await load_outline(context.artifacts)
    grounds = await grounds_of(context.artifacts, context.data, outline)
    parsers = context.use(CodeParsers)
    left_out: Counter[str] = Counter()
    cleaned = []
    for section, text, ground in zip(outline.sections, texts, grounds, strict=True):
        kept, counts = drop_unbacked(text, ground)
        left_out += counts
        cleaned.append(await _sound_code(_demote_headings(section, kept), parsers))
    linked = [_name_sections(outline, text) for text in cleaned]
    return Polished(texts=linked, left_out=dict(left_out))


async def apply(context: Context[TaskData], edits: Sequence[Edit]) -> Polished:
    """The cleaned sections with those edits that change nothing else."""
    known = await artifacts.load_polished(context.artifacts, CLEANED)
    texts, made = list(known.texts), 0
    outline = await load_outline(context.artifacts)
    grounds = await grounds_of(context.artifacts, context.data, outline)
    for edit in edits:
        number = edit.section - 1
        if 0 <= number < len(texts):
            edited = _apply_edit(texts[number], edit, grounds[number])
            made += edited != texts[number]
            texts[number] = edited
    return known.model_copy(update={"texts": texts, "edits": made})


async def grounds_of(kept: Artifacts, data: TaskData, outline: Outline) -> list[Grounds]:
    """What each section may rest on."""
    claims, chosen = await artifacts.load_claims(kept)
    numbers = chosen or [[]] * len(outline.sections)
    return [
        Grounds(data.said, {number: claims[number] for number in mine}, section.subsections)
        for section, mine in zip(outline.sections, numbers, strict=True)
    ]


def drop_unbacked(text: str, grounds: Grounds) -> tuple[str, Counter[str]]:
    """The text without the sentences that state what nothing backs, and how many those were, by
    kind. Leaving out one may leave another without the citation that backed it."""
    counts: Counter[str] = Counter()
    checks = (
        (FaultKind.CITATION, grounds.find_invented_references),
        (FaultKind.QUOTE, grounds.find_invented_quotes),
        (
            FaultKind.NUMBER,
            lambda one: [Span(q.start, q.end) for q in grounds.find_invented_numbers(one)],
        ),
    )
    before = None
    while before != text:
        before = text
        for kind, find in checks:
            spans = find(text)
            text, count = without(text, spans)
            if count:
                counts[kind.value] += count
            elif spans:  # It lies in no sentence.
                text = "".join(text[: spans[0].start].rstrip(" ")) + text[spans[0].end :]
                counts[kind.value] += 1
    return text, counts


def _demote_headings(section: Section, text: str) -> str:
    """Headings that the outline does not have become emphasised lines."""
    wanted = list(section.subsections)
    pieces, at = [], 0
    for one in headings(text):
        if one.title in wanted and one.level == 3:
            wanted = wanted[wanted.index(one.title) + 1 :]
            continue
        end = "\n" if text[one.end - 1 : one.end] == "\n" else ""
        title = one.markup.replace("*", "").strip()
        pieces += [text[at : one.start], f"\n**{title}**\n{end}" if title else end]
        at = one.end
    return re.sub(r"\n{3,}", "\n\n", "".join([*pieces, text[at:]])).strip("\n") if pieces else text


async def _sound_code(text: str, parsers: CodeParsers) -> str:
    """A block that does not parse is shown as text, and one without an end gets one."""
    for block in reversed(await parsers.broken_blocks(text)):
        shown = f"```text\n{block.code.rstrip()}\n```\n"
        if "```" not in block.code:
            text = f"{text[: block.start]}{shown}{text[block.end :]}"
        else:
            text = text[: block.start] + text[block.end :]
    return text


def _name_sections(outline: Outline, text: str) -> str:
    """`Section 3` becomes the section's title, as headings have no numbers."""
    found = list(_SECTION.finditer(prose(text)))
    for match in reversed(found):
        number = int(match[2])
        if 1 <= number <= len(outline.sections):
            article = "The" if text[: match.start()].rstrip()[-1:] in ("", ".", "\n") else "the"
            named = f"{article} section *{outline.sections[number - 1].title}*"
            text = f"{text[: match.start()]}{named}{text[match.end() :]}"
    return text


def _variants(outline: Outline, texts: Sequence[str]) -> str:
    """How often words are used that the glossary does not want."""
    whole = "\n".join(prose(text) for text in texts)
    lines = []
    for term in outline.glossary:
        for word in term.instead_of:
            count = len(re.findall(rf"\b{re.escape(word)}\b", whole, re.IGNORECASE))
            if count:
                lines.append(f"- “{word}” stands for “{term.term}” in {count} places.")
    return "\n".join(["# Words that the glossary does not want", *lines]) if lines else ""


def _apply_edit(text: str, edit: Edit, grounds: Grounds) -> str:
    """The text with the edit, or as it was: where the passage is not there exactly once, is code,
    or the edit changes headings, citations or brings what nothing backs."""
    passage = edit.passage.strip()
    if not _MIN_PASSAGE <= len(passage) <= _MAX_PASSAGE or text.count(passage) != 1:
        return text
    start = text.index(passage)
    end = start + len(passage)
    if any(block.start < end and start < block.end for block in code_blocks(text)):
        return text
    edited = f"{text[:start]}{edit.instead.strip()}{text[end:]}"
    unchanged = (
        find_cited(edited) == find_cited(text)
        and [one.title for one in headings(edited)] == [one.title for one in headings(text)]
        and len(code_blocks(edited)) == len(code_blocks(text))
        and abs(len(edit.instead) - len(passage)) <= max(60, len(passage) // 2)
    )
    return edited if unchanged and drop_unbacked(edited, grounds)[0] == edited else text
