"""The tree over the parts: groups of them, kept for each piece of work, until there is one part."""

import asyncio

from shared.tasks import base
from shared.tasks.doc_analysis.models import Part, Stage
from shared.tasks.doc_analysis.parts import bounded, groups
from shared.tasks.doc_analysis.prompting import names

CALL = 6
"""How many chunks' worth of parts go into a call: what is said of a chunk is much shorter than it,
and the fewer the calls on top of each other, the sooner the result."""

ANALYSED, END = 80, 98
"""The percentages between which the tree moves: each round half of what is left."""


async def onward(context: base.Context, parts: list[Part]) -> base.Round:
    """The round that merges these parts, at least two: into one if they fit into a call, else into
    at most half as many, so that the rounds come to an end."""
    call = context.tools.chunk_tokens * CALL
    known = names(context)
    made = groups([bounded(part, known, call // 4) for part in parts], known, call)
    level = parts[0].level
    await asyncio.gather(
        *(_keep(context, level, number, group) for number, group in enumerate(made))
    )
    is_last = len(made) == 1
    return base.Round(
        stage=Stage.CONCLUDING if is_last else Stage.CONDENSING,
        items=[{"level": level, "group": number} for number in range(len(made))],
        starts_at=_reached(level),
        ends_at=END if is_last else _reached(level + 1),
    )


async def group_of(context: base.Context, item: base.Item) -> list[Part]:
    """The parts that a piece of work merges."""
    kept = await context.papers.kept(_name(item["level"], item["group"]))
    return [Part.model_validate(part) for part in kept]


async def _keep(context: base.Context, level: int, number: int, group: list[Part]) -> None:
    kept = [part.model_dump(mode="json") for part in group]
    await context.papers.keep(_name(level, number), kept)


def _reached(level: int) -> int:
    return END - (END - ANALYSED >> level)


def _name(level: int, number: int) -> str:
    return f"parts-{level}-{number}"
