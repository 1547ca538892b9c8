"""Parts as the model reads them, within what goes into a call."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import takewhile
from typing import TypeVar

from shared.documents.tokens import estimate
from shared.tasks.doc_analysis.llm_output import Related
from shared.tasks.doc_analysis.models import Grounded, Part
from shared.tasks.evidence.llm_output import Statement

T = TypeVar("T")
_MAX_NAME = 60  # characters


def render_parts(parts: Iterable[Part], names: Sequence[str]) -> str:
    """`names` are those of all documents; a document that is alone has none, so that the same text
    under another name is the same question."""
    return "\n\n".join("\n".join(_lines(part, names)) for part in parts)


def tokens(part: Part, names: Sequence[str]) -> int:
    return sum(map(_cost, _lines(part, names)))


def bound_part(part: Part, names: Sequence[str], limit: int) -> Part:
    """The part within `limit` tokens: what matters least is left out first. The claims themselves
    stay in the account, and what was said of documents in the part."""
    if tokens(part, names) <= limit:
        return part
    share = limit // 8
    less = part.model_copy(
        update={
            "summary": _take_fitting(part.summary, _summary, share),
            "points": [],
            "relations": _take_fitting(part.relations, _relation, share),
            "gaps": _take_fitting(part.gaps, _gap, share),
            "recommendations": _take_fitting(part.recommendations, _recommendation, share),
        }
    )
    ranked = sorted(part.points, key=lambda point: point.importance, reverse=True)
    kept = _take_fitting(ranked, _point, limit - tokens(less, names))
    return less.model_copy(update={"points": kept})


def groups(parts: Iterable[Part], names: Sequence[str], limit: int) -> list[list[Part]]:
    """Neighbours that have `limit` tokens together: at least four of them when each has at most a
    quarter of that, and two whatever they have. A little that is left goes to the last group."""
    made: list[list[Part]] = [[]]
    size = 0
    for part in parts:
        size += tokens(part, names)
        if len(made[-1]) > 1 and size > limit:
            made.append([])
            size = tokens(part, names)
        made[-1].append(part)
    if len(made) > 1 and (size <= limit // 4 or len(made[-1]) == 1):
        made[-2:] = [made[-2] + made[-1]]
    return made


def _take_fitting(items: Iterable[T], line: Callable[[T], str], room: int) -> list[T]:
    """The first of the items, as many as fit."""
    left = room

    def fits(item: T) -> bool:
        nonlocal left
        left -= _cost(line(item))
        return left >= 0

    return list(takewhile(fits, items))


def _cost(line: str) -> int:
    return estimate(line) + 1


def _lines(part: Part, names: Sequence[str]) -> Iterator[str]:
    yield "; ".join(_document(number, names) for number in part.documents)
    yield from map(_summary, part.summary)
    yield from map(_point, part.points)
    yield from map(_relation, part.relations)
    yield from map(_gap, part.gaps)
    yield from map(_recommendation, part.recommendations)


def _document(number: int, names: Sequence[str]) -> str:
    return f"document {number}" + (f": {names[number][:_MAX_NAME]}" if len(names) > 1 else "")


def _point(point: Grounded) -> str:
    about = (
        f"document {_list_numbers(point.documents)}, {point.kind}, importance {point.importance}"
    )
    return f"[claim {_list_numbers(point.claims)}] ({about}) {point.text}"


def _relation(related: Related) -> str:
    about = f"{related.relation} between documents"
    return f"[claim {_list_numbers(related.claims)}] ({about}) {related.text}"


def _list_numbers(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _summary(one: Statement) -> str:
    return _statement("summary", one)


def _gap(one: Statement) -> str:
    return _statement("gap", one)


def _recommendation(one: Statement) -> str:
    return _statement("recommendation", one)


def _statement(kind: str, one: Statement) -> str:
    return f"[claim {_list_numbers(one.claims)}] {kind}: {one.text}"
