"""Parts: kept in groups, a group for each piece of work; as the model reads them; and held to the
claims that they rest on."""

from collections.abc import Iterable, Iterator

from shared.documents.tokens import estimate
from shared.tasks import base
from shared.tasks.doc_analysis.models import Merged, Part, Stage


async def keep_groups(context: base.Context, stage: Stage, groups: list[list[Part]]) -> base.Round:
    """The round that works on each group."""
    level = groups[0][0].level
    for number, group in enumerate(groups):
        kept = [part.model_dump(mode="json") for part in group]
        await context.papers.keep(_name(stage, level, number), kept)
    items = [{"level": level, "group": number} for number in range(len(groups))]
    span = (95, 98) if stage is Stage.CONCLUDING else (80 + min(level, 4) * 3, 83 + level * 3)
    return base.Round(stage=stage, items=items, starts_at=span[0], ends_at=min(span[1], 95))


async def group_of(context: base.Context, item: base.Item) -> list[Part]:
    """The parts that a piece of work is about."""
    kept = await context.papers.kept(_name(context.stage, item["level"], item["group"]))
    return [Part.model_validate(part) for part in kept]


def rendered(parts: Iterable[Part]) -> str:
    """Parts as the model reads them."""
    return "\n\n".join(map(_rendered, parts))


def tokens(parts: Iterable[Part]) -> int:
    return estimate(rendered(parts))


def bounded(part: Part, most: int) -> Part:
    """The part within `most` tokens: what matters least is left out first, in the end all but the
    summary. The claims themselves stay in the account."""
    while part.points and tokens([part]) > most:
        ranked = sorted(part.points, key=lambda point: point.importance, reverse=True)
        kept = ranked[: len(ranked) * 3 // 4]
        part = part.model_copy(update={"points": [one for one in part.points if one in kept]})
    if tokens([part]) > most:
        bare = {"summary": part.summary[:most], "gaps": [], "recommendations": []}
        part = part.model_copy(update=bare)
    return part


def numbers(parts: Iterable[Part]) -> set[int]:
    """Those of the claims that the parts rest on."""
    return {number for part in parts for point in part.points for number in point.claims}


def supported(points: Iterable[Merged], known: set[int]) -> Iterator[Merged]:
    """The points that rest on claims that there are, and on nothing else."""
    for point in points:
        claims = [number for number in dict.fromkeys(point.claims) if number in known]
        if claims:
            yield point.model_copy(update={"claims": claims})


def _rendered(part: Part) -> str:
    lines = [f"document: {', '.join(map(str, part.documents))}", f"summary: {part.summary}"]
    for point in part.points:
        claims = ", ".join(map(str, point.claims))
        lines.append(f"[claim {claims}] ({point.kind}, importance {point.importance}) {point.text}")
    lines += [f"gap: {gap}" for gap in part.gaps]
    lines += [f"recommendation: {advice}" for advice in part.recommendations]
    return "\n".join(lines)


def _name(stage: str, level: int, number: int) -> str:
    return f"{stage}-{level}-{number}"
