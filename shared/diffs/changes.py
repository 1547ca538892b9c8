"""One changed file of a pull request."""

from dataclasses import dataclass

from shared.diffs.patches import Hunk, Line, hunks
from shared.models import FileStatus, Side


@dataclass(frozen=True, slots=True)
class FileDiff:
    """A changed file and its hunks. `partial` means that some of its patch is missing or cannot be
    read; `no_patch` says why there is none at all."""

    path: str
    status: FileStatus
    hunks: tuple[Hunk, ...] = ()
    previous_path: str | None = None
    partial: bool = False
    no_patch: str | None = None

    def commentable(self, side: Side, line: int, start_line: int | None = None) -> bool:
        """Whether GitHub takes a comment on a line, or from `start_line` to it: the lines must be
        on that side of the diff, context included, and within one hunk."""
        start = line if start_line is None else start_line
        return any(hunk.has(side, start, line) for hunk in self.hunks)

    def lines(self, side: Side, start: int, end: int) -> list[Line]:
        """The lines from `start` to `end` (inclusive); none when they are not within one hunk."""
        for hunk in self.hunks:
            if hunk.has(side, start, end):
                first = hunk.start(side)
                return hunk.on(side)[start - first : end - first + 1]
        return []

    @property
    def patch(self) -> str:
        """The hunks as GitHub would tell them; `file_diff` reads them again."""
        return "\n".join(map(str, self.hunks))


def file_diff(
    path: str,
    status: str,
    patch: str | None,
    previous_path: str | None = None,
    no_patch: str | None = None,
    changes: int | None = None,
) -> FileDiff:
    """A changed file from what GitHub says of it; `changes` counts added and removed lines, by
    which a patch that ends early is known. Raises ValueError for a status that there is not."""
    if patch is None:
        no_patch = no_patch or "there is no patch of it"
    found, partial = hunks(patch or "")
    if patch is not None and changes is not None:
        partial = partial or changes > sum(
            None in (line.old, line.new) for hunk in found for line in hunk.lines
        )
    return FileDiff(
        path=path,
        status=FileStatus(status),
        hunks=found,
        previous_path=previous_path,
        partial=partial,
        no_patch=no_patch,
    )
