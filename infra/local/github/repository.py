"""A local git repository, read through the `git` program; nothing goes through a shell."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from posixpath import normpath

_SECONDS = 60
_LINK = "120000"
_REVISION = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_./~^@{}+-]{0,250}")
_STATUSES = {
    "A": "added",
    "D": "removed",
    "M": "modified",
    "R": "renamed",
    "C": "copied",
    "T": "changed",
}


class GitError(Exception):
    """git is missing or failed; the text says which."""


def git(folder: Path, *arguments: str, env: dict[str, str] | None = None) -> bytes:
    """What git prints. Whatever the user's own settings are, the answer is the same.

    Raises GitError.
    """
    own = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    # The folder was named on the command line, whoever owns it.
    command = ["git", "-C", str(folder), "-c", "safe.directory=*"]
    try:
        done = subprocess.run(
            [*command, "--literal-pathspecs", *arguments],
            capture_output=True,
            timeout=_SECONDS,
            check=False,
            env={**os.environ, **own, **(env or {})},
        )
    except FileNotFoundError as error:
        raise GitError("the GitHub stand-in needs git: install it and try again") from error
    except subprocess.TimeoutExpired as error:
        raise GitError(f"git {arguments[0]} took longer than {_SECONDS} seconds") from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise GitError(f"git {arguments[0]} failed in {folder}: {said}")
    return done.stdout


@dataclass(frozen=True)
class Change:
    """A file that differs between two commits; `sha` is the blob's, the old one of a removed file.

    `patch` begins with the first `@@`; None for a binary file or when no line changed.
    """

    status: str
    path: str
    previous: str | None
    sha: str
    additions: int
    deletions: int
    patch: str | None


@dataclass(frozen=True)
class Entry:
    """A name in a tree; `kind` is blob, tree, commit, or link: a blob that names another path."""

    kind: str
    sha: str
    path: str


class Repository:
    """Raises GitError when `folder` is no repository, as may every method."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changes: dict[tuple[str, str], list[Change]] = {}
        git(folder, "rev-parse", "--git-dir")

    def commit(self, revision: str) -> str | None:
        """The name of the commit that `revision` stands for."""
        if not _REVISION.fullmatch(revision):
            return None
        try:
            found = git(self._folder, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        except GitError:
            return None
        return found.decode().strip()

    def merge_base(self, one: str, other: str) -> str:
        return git(self._folder, "merge-base", one, other).decode().strip()

    def commits(self, base: str, head: str) -> list[str]:
        """The commits of `head` that are not in `base`, newest first."""
        return git(self._folder, "rev-list", f"{base}..{head}").decode().split()

    def blob(self, sha: str) -> bytes | None:
        if not re.fullmatch(r"[0-9a-f]{40,64}", sha):
            return None
        try:
            return git(self._folder, "cat-file", "blob", sha)
        except GitError:
            return None

    def entry(self, commit: str, path: str) -> Entry | None:
        """What lies at `path`; the root is the tree of the commit itself."""
        if not path:
            return Entry("tree", commit, "")
        if {"", ".", ".."} & set(path.split("/")):
            return None
        found = self._entries(commit, "--", path)
        return found[0] if found else None

    def followed(self, commit: str, path: str) -> Entry | None:
        """As `entry`, but a link to a file of the repository is that file."""
        entry = self.entry(commit, path)
        if entry is None or entry.kind != "link":
            return entry
        target = (self.blob(entry.sha) or b"").decode(errors="replace")
        there = self.entry(commit, normpath(f"{path}/../{target}"))
        return there if there and there.kind == "blob" else entry

    def inside(self, commit: str, path: str) -> list[Entry]:
        """What lies in the folder `path`."""
        return self._entries(commit, *(["--", f"{path}/"] if path else []))

    def everything(self, commit: str) -> list[Entry]:
        """All that is no folder."""
        return self._entries("-r", commit)

    def _entries(self, *arguments: str) -> list[Entry]:
        listed = git(self._folder, "ls-tree", "-z", "--full-tree", *arguments)
        entries = []
        for line in _texts(listed):
            about, _, path = line.partition("\t")
            mode, kind, sha = about.split()
            entries.append(Entry("link" if mode == _LINK else kind, sha, path))
        return entries

    def changes(self, old: str, new: str) -> list[Change]:
        """The files that differ, in order of their paths; kept, as commits never change."""
        if (old, new) not in self._changes:
            self._changes[old, new] = self._compared(old, new)
        return self._changes[old, new]

    def _compared(self, old: str, new: str) -> list[Change]:
        diff = ("diff", "--no-color", "--no-ext-diff", "--no-textconv", "-M", "--no-abbrev")
        raw = _texts(git(self._folder, *diff, "--raw", "-z", old, new))
        counts = _counts(_texts(git(self._folder, *diff, "--numstat", "-z", old, new)))
        pieces = re.split(rb"(?m)^diff --git ", git(self._folder, *diff, "-p", old, new))[1:]
        changes, tokens, patches = [], iter(raw), iter(pieces)
        for about, (additions, deletions) in zip(tokens, counts, strict=False):
            _, _, before, after, letter = about.split()
            first = next(tokens)
            previous, path = (first, next(tokens)) if letter[0] in "RC" else (None, first)
            patch = _patch(next(patches))
            if letter == "T":  # Told as one file removed and one added.
                next(patches)
                patch = None
            sha = before if letter == "D" else after
            status = _STATUSES[letter[0]]
            changes.append(Change(status, path, previous, sha, additions, deletions, patch))
        return changes


def _texts(output: bytes) -> list[str]:
    return output.decode(errors="replace").split("\0")[:-1]


def _counts(tokens: list[str]) -> list[tuple[int, int]]:
    """Added and deleted lines of each file; 0 for those of a binary one."""
    counts, at = [], 0
    while at < len(tokens):
        added, deleted, path = tokens[at].split("\t", 2)
        counts.append((int(added.replace("-", "0")), int(deleted.replace("-", "0"))))
        at += 1 if path else 3
    return counts


def _patch(piece: bytes) -> str | None:
    header, found, rest = piece.partition(b"\n@@ ")
    if not found or b"\nBinary files " in header:
        return None
    return "@@ " + rest.removesuffix(b"\n").decode(errors="replace")
