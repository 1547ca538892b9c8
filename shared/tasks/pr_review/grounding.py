"""What the model says of a change, held to the diff: each number, date, name, path, identifier and
quoted word in a sentence stands in lines that were read, else the sentence goes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from shared.diffs.changes import FileDiff
from shared.diffs.patches import Hunk
from shared.diffs.rendering import show_code
from shared.diffs.tolerance import FoldedRows
from shared.statements.code import MAX_CODE, CodeGround, keep_proved_markdown
from shared.statements.proving import Proved, keep_proved
from shared.tasks.evidence.llm_output import Statement
from shared.tasks.pr_review.artifacts import TextPart, Told
from shared.tasks.pr_review.llm_output import Described, Proposed, Quoted
from shared.tasks.pr_review.placing import Place, find_place
from shared.tasks.pr_review.posting.last_review import ToldFinding

_NO_BODY = "(What was said of it goes beyond the lines, and is left out.)"
_MAX_LINES = 2_000
"""Characters of the lines of a sentence that are kept with it."""

_MAX_SENTENCES = 20


P = TypeVar("P", Proposed, ToldFinding)


class Grounding:
    """Texts about files that were read together. `dropped` counts the sentences that go."""

    def __init__(self, diffs: Sequence[FileDiff]) -> None:
        self._diffs = diffs
        self._rows = FoldedRows()
        size = sum(len(line.text) for diff in diffs for hunk in diff.hunks for line in hunk.lines)
        self._by_file = size > MAX_CODE
        self._known: dict[str, CodeGround] = {}
        self.dropped: Counter[TextPart] = Counter()

    def prepare(self) -> None:
        """Do what every text needs."""
        self._rows.prepare(hunk for diff in self._diffs for hunk in diff.hunks)
        if not self._by_file:
            self._ground("").prepare()

    def find_place(self, said: Quoted) -> Place | None:
        return find_place(said, self._diffs, self._rows)

    def hold_summary(self, said: Sequence[Described], batch: int) -> list[Told]:
        """What is left of the sentences on a batch; one that quotes nothing is not proved."""
        told = []
        for one in said:
            place = self.find_place(one)
            kept = keep_proved(one.text, self._ground(place.diff.path)) if place else Proved("", 1)
            self.dropped[TextPart.SUMMARY] += kept.dropped
            if place and kept.text:
                lines = _show(place.hunk)[:_MAX_LINES]
                told.append(Told(batch=batch, path=place.diff.path, text=kept.text, lines=lines))
        return told

    def hold_finding(self, proposed: P, place: Place) -> P:
        """The finding with what is left of its title and body; it stays, whatever was said of it,
        as its lines are there."""
        ground, anchor = self._ground(place.diff.path), place.anchor
        title = keep_proved(proposed.title, ground)
        body = keep_proved_markdown(proposed.body, ground)
        self.dropped[TextPart.FINDINGS] += title.dropped + body.dropped
        name = f"{proposed.category.capitalize()}, {anchor.path}:{anchor.start_line}"
        kept = {"title": title.text or name, "body": body.text or _NO_BODY}
        return proposed.model_copy(update=kept)

    def _ground(self, path: str) -> CodeGround:
        """All lines that were read, or where they are too many those of the file."""
        key = path if self._by_file else ""
        if key not in self._known:
            hunks = [hunk for diff in self._diffs if key in ("", diff.path) for hunk in diff.hunks]
            paths = {path for diff in self._diffs for path in (diff.path, diff.previous_path)}
            lines = [line for hunk in hunks for line in hunk.lines]
            numbers = {number for line in lines for number in (line.old, line.new) if number}
            labels = _name_files(path for path in paths if path)
            self._known[key] = CodeGround(map(_show, hunks), labels, numbers)
        return self._known[key]


def keep_conclusion(said: Iterable[Statement], told: Sequence[Told]) -> tuple[list[str], int]:
    """The sentences about a whole change, without what the ones about its parts that they name by
    number, from 1, do not say; and how many went."""
    kept, dropped = [], 0
    labels = _name_files({one.path for one in told})
    for one in list(said)[:_MAX_SENTENCES]:
        named = [told[number - 1] for number in one.claims if 1 <= number <= len(told)]
        texts = [text for name in named for text in (name.text, name.lines)]
        proved = keep_proved(one.text, CodeGround(texts, labels))
        kept += [proved.text] if proved.text else []
        dropped += proved.dropped
    return kept, dropped


def describe_dropped(dropped: Mapping[TextPart, int]) -> list[str]:
    """A sentence on what was said and nothing proves; none where all was proved."""
    told = ", ".join(f"{dropped[part]} {part}" for part in TextPart if dropped.get(part))
    return [f"Sentences left out, as no line of the diff proves them: {told}."] if told else []


def _name_files(paths: Iterable[str]) -> set[str]:
    """With their folders, and without."""
    return {name for path in paths for name in (path, path.rpartition("/")[2])}


def _show(hunk: Hunk) -> str:
    return "\n".join([show_code(hunk.section), *(show_code(line.text) for line in hunk.lines)])
