"""The outline: what the model plans, made to hold by the program. Budgets add up to the length that
was asked for, each requirement has a section, no title states a number that nobody gave."""

import re
from collections.abc import Iterable, Sequence
from hashlib import sha256

from shared.clients.llm.output import of_model
from shared.statements.omission import without
from shared.statements.prose import with_characters
from shared.tasks.base import NoItem, Stage, WorkContext
from shared.tasks.evidence.artifacts import load_chunk
from shared.tasks.paper_writing import artifacts
from shared.tasks.paper_writing.checks import Grounds
from shared.tasks.paper_writing.llm_output import Labels, Placement, Plan, PlannedSection
from shared.tasks.paper_writing.models import Outline, SavedOutline, Section, SourceFacts
from shared.tasks.paper_writing.prompting import brief, question, render_outline
from shared.tasks.paper_writing.selection import closest
from shared.tasks.paper_writing.task_data import TaskData

MIN_SECTION_WORDS = 60
MAX_SECTIONS = 40
MAX_TITLE = 120
_SHOWN_CHARACTERS = 1_200
_MAX_SHOWN = 24_000
_PLAN, _PLACEMENT = of_model(Plan), of_model(Placement)
_LABELS = Labels(
    abstract="Abstract",
    references="References",
    table="Table",
    cites_nothing="This paper cites no sources.",
)
_NUMBERING = re.compile(r"^(?:#+\s*)?(?:\d+(?:\.\d+)*[.):]?\s+|[IVX]+\.\s+)?")
_NOT_SECTIONS = {"abstract", "references", "bibliography", "contents", "table of contents", "title"}


async def outline_paper(context: WorkContext[TaskData], _: NoItem) -> SavedOutline:
    """An outline of an earlier attempt is kept, as far as the brief and the sources are the same:
    what a section is asked with depends on it."""
    data = context.data
    sources = await artifacts.load_sources(context.artifacts)
    made_for = fingerprint(data, sources)
    earlier = await artifacts.find_earlier(context.artifacts)
    if earlier is not None and earlier.brief == made_for:
        outline = await _place_anew(context, earlier)
    else:
        shown = await _load_beginnings(context, sources)
        answer = await context.complete(
            _PLAN, question(data, "outline", _describe_wanted(data), shown)
        )
        outline = settle(answer, data)
    return SavedOutline(brief=made_for, points=data.points, outline=outline)


OUTLINING = Stage("outlining", outline_paper)


def fingerprint(data: TaskData, sources: Iterable[SourceFacts]) -> str:
    """Of all that an outline is made of but the requirements."""
    known = [brief(data), *(one.model_dump_json() for one in sources)]
    return sha256("\n".join(known).encode()).hexdigest()


def settle(plan: Plan, data: TaskData) -> Outline:
    """What the model planned, within what was asked for."""
    grounds = Grounds(data.said, {})
    planned = [
        one for one in plan.sections if _key(one.title) not in _NOT_SECTIONS
    ] or plan.sections
    room = min(MAX_SECTIONS, max(1, data.words // (2 * MIN_SECTION_WORDS)))
    notes = [f"The outline had {len(planned)} sections, of which {room} were kept."]
    abstract_words = min(250, max(40, round(data.words * 0.06)))
    sections = list(_sections(planned[:room], grounds))
    return Outline(
        voice=plan.voice,
        glossary=plan.glossary[:50],
        labels=plan.labels if _is_foreign(data) and _usable(plan.labels) else _LABELS,
        abstract_words=abstract_words,
        sections=place(budget(sections, data.words - abstract_words), data.points),
        notes=notes if len(planned) > room else [],
    )


def place(sections: Sequence[Section], points: Sequence[str]) -> list[Section]:
    """Each requirement gets a section: where the outline has it in none, the closest in words."""
    known = range(1, len(points) + 1)
    held = [
        one.model_copy(update={"requirements": sorted({n for n in one.requirements if n in known})})
        for one in sections
    ]
    placed = {number for one in held for number in one.requirements}
    for number in known:
        if number not in placed:
            texts = [f"{one.title} {one.purpose} {' '.join(one.claims)}" for one in held]
            held[closest(points[number - 1], texts)].requirements.append(number)
    return held


async def _place_anew(context: WorkContext[TaskData], earlier: SavedOutline) -> Outline:
    """The same outline for other requirements."""
    data, outline = context.data, earlier.outline
    if earlier.points == data.points:
        return outline
    same = {point: number for number, point in enumerate(data.points, start=1)}
    kept = [
        one.model_copy(
            update={
                "requirements": sorted(
                    same[earlier.points[number - 1]]
                    for number in one.requirements
                    if earlier.points[number - 1] in same
                )
            }
        )
        for one in outline.sections
    ]
    new = [
        number for number, point in enumerate(data.points, start=1) if point not in earlier.points
    ]
    if new:
        asked = "\n".join(f"{number}. {data.points[number - 1]}" for number in new)
        material = {"outline": render_outline(outline)}
        user = f"# Requirements\n{asked}"
        answer = await context.complete(_PLACEMENT, question(data, "place", user, material))
        for one in answer.placed:
            for section in one.sections:
                if one.requirement in new and 1 <= section <= len(kept):
                    kept[section - 1].requirements.append(one.requirement)
    return outline.model_copy(update={"sections": place(kept, data.points)})


def _describe_wanted(data: TaskData) -> str:
    usual = 200 + data.words / 20  # words of a section: longer papers have longer ones
    count = max(2, round(data.words / usual))
    lines = [f"# Outline wanted\nAbout {count} sections, {data.words} words together."]
    if data.points:
        lines.append("# Requirements")
        lines += [f"{number}. {point}" for number, point in enumerate(data.points, start=1)]
    return "\n".join(lines)


async def _load_beginnings(
    context: WorkContext[TaskData], sources: Sequence[SourceFacts]
) -> dict[str, str]:
    """How each source begins, so that the outline knows what there is to write from."""
    material = {}
    room = min(_SHOWN_CHARACTERS, _MAX_SHOWN // max(1, len(sources)))
    for number, source in enumerate(sources):
        chunk = await load_chunk(context.artifacts, number, 0)
        material[f"source {number + 1}"] = f"{source.title}\n\n{chunk.text[:room]}"
    return material


def _sections(planned: Iterable[PlannedSection], grounds: Grounds) -> list[Section]:
    titles: set[str] = set()
    made: list[Section] = []
    for one in planned:
        title = _title(one.title, grounds) or f"Part {len(made) + 1}"
        while _key(title) in titles:
            title = f"{title} (continued)"
        subsections = list(
            dict.fromkeys(filter(None, (_title(s, grounds) for s in one.subsections)))
        )
        titles.add(_key(title))
        made.append(
            Section(
                title=title,
                purpose=_drop_invented(one.purpose, grounds),
                words=max(1, one.words),
                subsections=subsections[:8],
                claims=[one for one in one.claims if not grounds.find_invented(one)][:12],
                requirements=one.requirements,
            )
        )
    return made


def budget(sections: Sequence[Section], words: int) -> list[Section]:
    """Shares as planned, none too small to say something, that add up to `words`."""
    total = sum(one.words for one in sections)
    least = min(MIN_SECTION_WORDS, words // len(sections))
    spare = words - least * len(sections)
    shares = [least + spare * one.words // total for one in sections]
    shares[0] += words - sum(shares)
    return [
        one.model_copy(
            update={
                "words": share,
                "subsections": one.subsections[: max(0, share // MIN_SECTION_WORDS - 1)],
            }
        )
        for one, share in zip(sections, shares, strict=True)
    ]


def _drop_invented(words: str, grounds: Grounds) -> str:
    return without(words, grounds.find_invented(words))[0]


def _title(words: str, grounds: Grounds) -> str:
    """Without numbering and markup, and without numbers that nobody gave; nothing is left of one
    that names or quotes what nobody gave."""
    title = plain_title(_NUMBERING.sub("", words))
    for one in reversed(grounds.find_invented_numbers(title)):
        title = f"{title[: one.start]}{title[one.end :]}"
    if grounds.find_invented(title):
        return ""
    return " ".join(title.split()).strip(" :–-")[:MAX_TITLE]


def plain_title(words: str) -> str:
    """On one line and without markup, so that headings are what the outline says."""
    return " ".join(re.sub(r"[*_`<>\[\]\\]|^\s*#+", "", with_characters(words)).split())


def _key(title: str) -> str:
    return " ".join(re.findall(r"\w+", title.casefold()))


def _is_foreign(data: TaskData) -> bool:
    return data.language is not None and not data.language.lower().startswith("en")


def _usable(labels: Labels) -> bool:
    words = (labels.abstract, labels.references, labels.table, labels.cites_nothing)
    return all(len(one) <= 100 and not re.search(r"[\d\[\]#*]", one) for one in words)
