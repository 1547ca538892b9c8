"""What changed between two heads of a pull request: which hunks of its diff that touches, and where
lines of the older head are now."""

from collections.abc import Iterable

from shared.diffs.changes import FileDiff
from shared.diffs.patches import Hunk, LineKind


class Delta:
    """Of the files that differ; one without a patch differs everywhere."""

    def __init__(self, diffs: Iterable[FileDiff]) -> None:
        diffs = list(diffs)
        self._diffs = {diff.path: diff for diff in diffs}
        self._renamed = {diff.previous_path: diff.path for diff in diffs if diff.previous_path}

    def touches(self, path: str, hunk: Hunk) -> bool:
        """Whether something within these lines of the newer head, or between them, changed."""
        diff = self._diffs.get(path)
        if diff is None:
            return False
        if diff.partial or diff.no_patch:
            return True
        start, end = hunk.new_start, hunk.new_start + hunk.new_count
        return any(start <= at <= end for changed in diff.hunks for at in _positions(changed))

    def find_path(self, path: str) -> str:
        """What the file is called now."""
        return self._renamed.get(path, path)

    def find_line(self, path: str, line: int) -> int:
        """Where a line of the older head is now, or what took its place."""
        diff = self._diffs.get(self.find_path(path))
        shift = 0
        for hunk in diff.hunks if diff else ():
            first = hunk.old_start if hunk.old_count else hunk.old_start + 1
            if line < first:
                break
            if line < first + hunk.old_count:
                return _find_in(hunk, line)
            shift += hunk.new_count - hunk.old_count
        return line + shift


def _positions(hunk: Hunk) -> Iterable[int]:
    """The lines that are new, and those on both sides of what went."""
    at = hunk.new_start if hunk.new_count else hunk.new_start + 1
    for line in hunk.lines:
        if line.kind is LineKind.REMOVED:
            yield from (at - 1, at)
        elif line.kind is LineKind.ADDED:
            yield at
        at += line.kind is not LineKind.REMOVED


def _find_in(hunk: Hunk, number: int) -> int:
    at = hunk.new_start
    for line in hunk.lines:
        at = line.new or at
        if line.old == number:
            break
    return at
