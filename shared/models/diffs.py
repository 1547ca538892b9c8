"""What diffs and GitHub both speak of, in GitHub's words."""

from enum import StrEnum


class Side(StrEnum):
    """The two columns of a diff: LEFT the base, RIGHT the head."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"


class FileStatus(StrEnum):
    """What became of a file; `changed` is one that became something else, as a link."""

    ADDED = "added"
    REMOVED = "removed"
    MODIFIED = "modified"
    RENAMED = "renamed"
    COPIED = "copied"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
