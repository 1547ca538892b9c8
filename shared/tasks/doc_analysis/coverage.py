"""How much of what there was has been read, counted and in words."""

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import chain

from shared.documents.extract import Unread
from shared.tasks.doc_analysis.models import (
    AnswerPart,
    Coverage,
    Document,
    Dropped,
    Grounded,
    Part,
    Tally,
)

_MAX_PLACES = 20


def coverage(
    documents: list[Document], tally: Tally, part: Part, points: Iterable[Grounded]
) -> Coverage:
    read = [one for one in documents if one.fault is None]
    used = [one.claims for one in points] + [one.claims for one in part.relations]
    return Coverage(
        **tally.model_dump(),
        statement=" ".join(map(statement, documents)),
        documents=len(documents),
        documents_read=len(read),
        pages=sum(one.pages or 0 for one in documents),
        pages_read=sum(one.pages_read or 0 for one in documents),
        characters=sum(one.characters for one in documents),
        chunks=sum(one.chunks for one in documents),
        claims_used=len(set(chain(*used))),
        points_dropped=part.points_dropped,
        relations_dropped=part.relations_dropped,
    )


def warnings(documents: Iterable[Document]) -> list[str]:
    """What was not read, a sentence for each file, and what must be known of the others."""
    found = []
    for one in documents:
        if one.fault is not None or one.unread:
            found.append(statement(one))
        found += [f"{one.name}: {note}" for note in one.notes]
    return found


def name_dropped(dropped: Dropped) -> list[str]:
    """A sentence on what the model said and nothing proves, with counts; none where all was
    proved."""
    counts = {part: dropped[part] for part in AnswerPart if dropped.get(part)}
    if not counts:
        return []
    told = ", ".join(f"{count} {part}" for part, count in counts.items())
    return [f"Sentences left out, as no quote of the documents proves them: {told}."]


def name_lost(values: int) -> list[str]:
    """A sentence on reckoned values of tables that did not come out once more."""
    return [f"Values of tables left out, as they could not be reckoned again: {values}."] * (
        values > 0
    )


def describe_findings(insights: int, documents: Sequence[Document]) -> str:
    """A summary where none of the model's sentences is left."""
    read = [one.name for one in documents if one.fault is None]
    files = ", ".join(read[:_MAX_PLACES])
    if len(read) > _MAX_PLACES:
        files += f" and {len(read) - _MAX_PLACES} more"
    if not insights:
        return f"The analysis found nothing in {files} that quotes prove."
    findings = "one finding" if insights == 1 else f"{insights} findings"
    return f"The analysis has {findings} with quotes from {files}."


def statement(one: Document) -> str:
    """How much of a file was read: `a.pdf: read 617 of 619 pages; not read: p. 12, p. 40 (…).`"""
    if one.fault is not None:
        return f"{one.name} was not read: {one.advice}"
    if one.rows is not None:
        return f"{one.name}: profiled all of its {one.rows} rows by program{_unread(one.unread)}."
    read = "all of its text" if one.pages is None else f"{one.pages_read} of {one.pages} pages"
    return f"{one.name}: read {read}{_unread(one.unread)}."


def _unread(places: list[Unread]) -> str:
    reasons = Counter(place.reason for place in places)
    told = []
    for reason, count in reasons.items():
        named = [place.place for place in places if place.reason == reason][:_MAX_PLACES]
        more = f" and {count - len(named)} more" if count > len(named) else ""
        told.append(f"{', '.join(named)}{more} ({reason})")
    return f"; not read: {'; '.join(told)}" if told else ""
