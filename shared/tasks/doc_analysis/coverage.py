"""How much of what there was has been read, counted and in words."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from shared.documents.extract import Unread
from shared.tasks.doc_analysis.models import Coverage, Document, Grounded, Part, Tally

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


def statement(one: Document) -> str:
    """How much of a file was read: `a.pdf: read 617 of 619 pages; not read: p. 12, p. 40 (…).`"""
    if one.fault is not None:
        return f"{one.name} was not read: {one.advice}"
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
