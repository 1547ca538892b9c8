"""How much of what there was has been read, counted and in words."""

from collections import Counter
from collections.abc import Iterable

from shared.documents.extracts import Unread
from shared.tasks.doc_analysis.models import Concluded, Coverage, Document, Merged, Tally

_MOST_PLACES = 20


def coverage(
    documents: list[Document], tally: Tally, concluded: Concluded, points: Iterable[Merged]
) -> Coverage:
    read = [one for one in documents if one.fault is None]
    return Coverage(
        **tally.model_dump(),
        statement=" ".join(_statement(one) for one in documents),
        documents=len(documents),
        documents_read=len(read),
        pages=sum(one.pages or 0 for one in documents),
        pages_read=sum(one.pages_read or 0 for one in documents),
        characters=sum(one.characters for one in documents),
        chunks=sum(one.chunks for one in documents),
        claims_used=len({number for point in points for number in point.claims}),
        points_dropped=concluded.points_dropped,
        relations_dropped=concluded.relations_dropped,
    )


def warnings(documents: Iterable[Document]) -> list[str]:
    """What was not read, a sentence for each file, and what must be known of the others."""
    found = []
    for one in documents:
        if one.fault is not None or one.unread:
            found.append(_statement(one))
        found += [f"{one.name}: {note}" for note in one.notes]
    return found


def _statement(one: Document) -> str:
    if one.fault is not None:
        return f"{one.name} was not read: {one.advice}"
    read = f"{one.name}: read"
    if one.pages is not None:
        read += f" {one.pages_read} of {one.pages} pages"
    else:
        read += " all of its text"
    return f"{read}{_unread(one.unread)}."


def _unread(places: list[Unread]) -> str:
    """`; not read: p. 12, p. 40 (an image without text)`."""
    reasons = Counter(place.reason for place in places)
    told = []
    for reason, count in reasons.items():
        named = [place.place for place in places if place.reason == reason][:_MOST_PLACES]
        more = f" and {count - len(named)} more" if count > len(named) else ""
        told.append(f"{', '.join(named)}{more} ({reason})")
    return f"; not read: {'; '.join(told)}" if told else ""
