"""Citations and the list of references in a named style, of what is known of a source: its title,
its author, where it lies. Nothing is known of when it was published, and the styles that name a
year say so (`n.d.`).

Styles: IEEE and Vancouver number their references; APA 7, Harvard and Chicago (author-date) and MLA
9 name the author, or the title where there is none; `footnotes` are Chicago's notes.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from shared.text.markdown import plain


class CitationStyle(StrEnum):
    IEEE = "ieee"
    VANCOUVER = "vancouver"
    APA = "apa"
    HARVARD = "harvard"
    CHICAGO = "chicago"
    MLA = "mla"
    FOOTNOTES = "footnotes"


class Work(NamedTuple):
    """What is cited. `location` is a file's name or an address."""

    title: str
    author: str | None
    location: str


class Mention(NamedTuple):
    """A work under its number in the list (from 1), and the place in it; `note` is the number of
    the footnote, where there are notes."""

    number: int
    work: Work
    place: str
    note: int = 0


NUMBERED = {CitationStyle.IEEE, CitationStyle.VANCOUVER}
_DATED = {
    CitationStyle.APA: ", n.d.",
    CitationStyle.HARVARD: " n.d.",
    CitationStyle.CHICAGO: " n.d.",
}


def in_text(style: CitationStyle, mentions: Sequence[Mention]) -> str:
    """The citation of these places, as Markdown."""
    if style is CitationStyle.FOOTNOTES:
        return "".join(f"[^{one.note}]" for one in mentions)
    if style is CitationStyle.IEEE:
        return ", ".join(f"\\[{one.number}, {plain(one.place)}\\]" for one in mentions)
    if style is CitationStyle.VANCOUVER:
        return f"({'; '.join(f'{one.number}, {plain(one.place)}' for one in mentions)})"
    named = (
        f"{plain(_name_work(one.work))}{_DATED.get(style, '')}, {plain(one.place)}"
        for one in mentions
    )
    return f"({'; '.join(named)})"


def footnote(mention: Mention, quote: str) -> str:
    """The note for a place, as Markdown."""
    return f"[^{mention.note}]: {_describe(mention.work)}, {plain(mention.place)}: “{plain(quote)}”"


def entries(style: CitationStyle, works: Sequence[Work]) -> list[str]:
    """The list of references, as Markdown; works are in the order of their numbers."""
    if style in NUMBERED:
        ends = ("\\[", "\\]") if style is CitationStyle.IEEE else ("", "\\.")
        return [
            f"{ends[0]}{number}{ends[1]} {_describe(work)}."
            for number, work in enumerate(works, start=1)
        ]
    named = sorted(works, key=lambda work: _name_work(work).casefold())
    return [f"{_render_entry(style, work)}." for work in named]


def _render_entry(style: CitationStyle, work: Work) -> str:
    year = {CitationStyle.APA: " (n.d.).", CitationStyle.HARVARD: " (n.d.)"}.get(style, ".")
    location = plain(work.location)
    if work.author is None:
        return f"*{plain(work.title)}*{year} {location}"
    return f"{plain(work.author)}{year} *{plain(work.title)}*. {location}"


def _describe(work: Work) -> str:
    author = f"{plain(work.author)}, " if work.author else ""
    title, location = plain(work.title), plain(work.location)
    return f"{author}“{title}”" if title == location else f"{author}“{title}”, {location}"


def _name_work(work: Work) -> str:
    return work.author or work.title
