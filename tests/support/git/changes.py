"""Patches as git makes them, of files that the test has: what GitHub gives out as `patch` are the
hunks of `git diff`, without the header of the file and without the last line feed."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from shared.diffs.changes import FileDiff, file_diff
from shared.models import Side

_STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "T": "changed"}


@dataclass(frozen=True)
class Changed:
    """A changed file with both its versions, None where there is none."""

    diff: FileDiff
    patch: str | None
    old: bytes | None
    new: bytes | None


class History:
    """A repository of two commits."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(exist_ok=True)
        self.git("init", "-q")
        for setting in ("core.autocrlf=false", "user.name=a", "user.email=a@example.org"):
            self.git("config", *setting.split("="))

    def git(self, *words: str) -> bytes:
        run = subprocess.run(
            ["git", "-c", "gc.auto=0", *words],  # noqa: S607
            cwd=self._folder,
            check=True,
            capture_output=True,
        )
        return run.stdout

    def commit(self, files: dict[str, bytes | None]) -> None:
        """Write these files; None removes one."""
        for name, content in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content)
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "x")

    def chmod(self, name: str) -> None:
        (self._folder / name).chmod(0o755)

    def changed(self, *options: str) -> dict[str, Changed]:
        """The files of the last commit, by their path at the head."""
        names = self.git("diff", "-z", "-M", *options, "--name-status", "HEAD~1", "HEAD")
        words = names.decode().split("\0")[:-1]
        found = {}
        while words:
            status = words.pop(0)[0]
            old = words.pop(0)
            new = words.pop(0) if status == "R" else old
            text = self.git(
                "diff", "-M", *options, "HEAD~1", "HEAD", "--", *dict.fromkeys((old, new))
            ).decode()
            hunks = re.search(r"^@@ .*\Z", text, re.DOTALL | re.MULTILINE)
            patch = hunks[0].removesuffix("\n") if hunks else None
            previous = old if old != new else None
            diff = file_diff(new, _STATUSES[status], patch, previous)
            found[new] = Changed(diff, patch, self._blob("HEAD~1", old), self._blob("HEAD", new))
        return found

    def _blob(self, commit: str, name: str) -> bytes | None:
        try:
            return self.git("cat-file", "blob", f"{commit}:{name}")
        except subprocess.CalledProcessError:
            return None


def lines_of(content: bytes | None) -> list[str]:
    """Lines as git has them."""
    lines = (content or b"").decode().split("\n")
    return lines if lines[-1] else lines[:-1]


def check_numbers(diff: FileDiff, old: bytes | None, new: bytes | None) -> None:
    """Every line of the diff is the file's line of that number, and GitHub would take a comment."""
    files = {Side.LEFT: lines_of(old), Side.RIGHT: lines_of(new)}
    for hunk in diff.hunks:
        for side, file in files.items():
            shown = hunk.on(side)
            numbers = [line.number(side) or 0 for line in shown]
            assert numbers == list(range(hunk.start(side), hunk.start(side) + len(shown))) or (
                not shown
            )
            assert [line.text for line in shown] == [file[number - 1] for number in numbers]
            assert all(diff.commentable(side, number) for number in numbers)
            if numbers:
                assert diff.commentable(side, numbers[-1], numbers[0])
                assert diff.lines(side, numbers[0], numbers[-1]) == shown
