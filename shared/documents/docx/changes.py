"""Text with tracked changes: each piece knows which changes it is part of, so that the text can be
told as it was and as it is to be."""

from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from shared.documents.extract import CLOSE, OPEN
from shared.documents.marks import mark_lowered, mark_raised, mark_struck


class View(StrEnum):
    """FINAL is the text with all changes accepted, ORIGINAL with all rejected."""

    FINAL = "final"
    ORIGINAL = "original"

    @property
    def other(self) -> "View":
        return View.ORIGINAL if self is View.FINAL else View.FINAL


class ChangeKind(StrEnum):
    """What was done, as it is told."""

    INSERTED = "inserted"
    DELETED = "deleted"
    MOVED_AWAY = "moved away"
    MOVED_HERE = "moved here"


KIND_OF_TAG = {
    "ins": ChangeKind.INSERTED,
    "cellIns": ChangeKind.INSERTED,
    "del": ChangeKind.DELETED,
    "cellDel": ChangeKind.DELETED,
    "moveFrom": ChangeKind.MOVED_AWAY,
    "moveTo": ChangeKind.MOVED_HERE,
}
_OUT = {
    View.FINAL: {ChangeKind.DELETED, ChangeKind.MOVED_AWAY},
    View.ORIGINAL: {ChangeKind.INSERTED, ChangeKind.MOVED_HERE},
}


@dataclass(frozen=True, slots=True)
class TrackedChange:
    kind: ChangeKind
    author: str


Changes = tuple[TrackedChange, ...]


def within(changes: Changes, change: TrackedChange) -> Changes:
    """A change within one of its own kind changes nothing more."""
    if any(outer.kind == change.kind for outer in changes):
        return changes
    return (*changes, change)


def is_in(changes: Changes, view: View) -> bool:
    """Whether what is part of these changes is there in a view."""
    return not any(change.kind in _OUT[view] for change in changes)


class Script(StrEnum):
    RAISED = "superscript"
    LOWERED = "subscript"


@dataclass(frozen=True, slots=True)
class Look:
    """What the format of a text says of it."""

    struck: bool = False
    script: Script | None = None


PLAIN_LOOK = Look()


@dataclass(frozen=True, slots=True)
class ChangedSpan:
    text: str
    changes: Changes
    look: Look = PLAIN_LOOK


def mark_looks(spans: list[ChangedSpan]) -> list[ChangedSpan]:
    """The spans with signs for what their looks say, once for what hangs together."""
    if all(span.look == PLAIN_LOOK for span in spans):
        return spans
    found = []
    for (changes, look), group in groupby(spans, key=lambda span: (span.changes, span.look)):
        text = "".join(span.text for span in group)
        if look.script:
            text = mark_raised(text) if look.script is Script.RAISED else mark_lowered(text)
        text = mark_struck(text) if look.struck else text
        found.append(ChangedSpan(text, changes))
    return found


def join_spans(spans: list[ChangedSpan], view: View) -> str:
    return "".join(span.text for span in spans if is_in(span.changes, view)).strip()


@dataclass(frozen=True, slots=True)
class Edit:
    """What one person did in one way to text that hangs together."""

    change: TrackedChange
    pieces: list[str]

    def describe(self, whole: str) -> str:
        """`deleted "twelve"`; `whole` is everything that there is to change."""
        text = "".join(self.pieces).strip()
        if not text:
            text = "a paragraph break" if "\n" in "".join(self.pieces) else "white space"
        elif text == whole.strip():
            text = "all of it"
        else:
            text = f'"{text}"'
        return f"{self.change.kind} {text}"


def edits(spans: list[ChangedSpan]) -> list[Edit]:
    found: list[Edit] = []
    going_on: dict[TrackedChange, Edit] = {}
    for span in spans:
        begun = {change: Edit(change, []) for change in span.changes if change not in going_on}
        found += begun.values()
        going_on = {change: (going_on | begun)[change] for change in span.changes}
        for edit in going_on.values():
            edit.pieces.append(span.text)
    return found


def account(spans: list[ChangedSpan], found: list[Edit], view: View) -> str:
    """`⟦Original:⟧ The term is twelve months. ⟦Ann deleted "twelve", inserted "twenty-four".⟧`: the
    wording of the view that is not read, and who changed what."""
    whole = "".join(span.text for span in spans)
    told = ""
    author = None
    for edit in found:
        if edit.change.author != author:
            author = edit.change.author
            told += f"; {author}" if told else author
        else:
            told += ","
        told += f" {edit.describe(whole)}"
    other = view.other
    if not (wording := join_spans(spans, other)):
        return f"{OPEN}{other.capitalize()}: nothing. {told}.{CLOSE}"
    return f"{OPEN}{other.capitalize()}:{CLOSE} {wording} {OPEN}{told}.{CLOSE}"
