"""Repositories with their pull requests, and what GitHub's API says of them."""

import argparse
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from infra.local.github import API
from infra.local.github.repository import Change, GitError, Repository

_REPO = re.compile(r"(?P<name>[\w.-]+/[\w.-]+)=(?P<folder>.+)")
_PULL = re.compile(
    r"(?P<name>[\w.-]+/[\w.-]+)#(?P<number>[1-9]\d*)=(?P<base>[^:]+?)\.\.(?P<head>[^:]+)"
    r"(?::(?P<title>.+))?"
)


@dataclass(frozen=True)
class Limits:
    """GitHub's: lines of patches on a page, lines and bytes of one patch, files of a pull."""

    page_lines: int = 20_000
    patch_lines: int = 20_000
    patch_bytes: int = 500_000
    files: int = 3_000


@dataclass(frozen=True)
class PullRequest:
    """`base` and `head` are revisions, mostly branches."""

    number: int
    base: str
    head: str
    title: str
    body: str = ""
    closed: bool = False
    draft: bool = False
    merged: bool = False


@dataclass(frozen=True)
class Hosted:
    """A repository called `name` (`owner/name`) with its pull requests."""

    name: str
    repository: Repository
    pulls: dict[int, PullRequest] = field(default_factory=dict)


@dataclass(frozen=True)
class Present:
    """A pull request as it stands at the moment of a call."""

    hosted: Hosted
    pull: PullRequest
    base: str
    head: str
    merge_base: str
    changes: list[Change]


def present(hosted: Hosted, pull: PullRequest) -> Present:
    """Raises GitError when a revision is gone or the two have nothing in common."""
    base, head = (hosted.repository.commit(name) for name in (pull.base, pull.head))
    if base is None or head is None:
        raise GitError(f"pull request {pull.number}: no revision {pull.base} or {pull.head}")
    merge_base = hosted.repository.merge_base(base, head)
    changes = hosted.repository.changes(merge_base, head)
    return Present(hosted, pull, base, head, merge_base, changes)


def hosted_by(repos: Iterable[str], pulls: Iterable[str]) -> list[Hosted]:
    """What `--repo` and `--pull` ask for. Raises argparse.ArgumentTypeError, GitError."""
    found: dict[str, Hosted] = {}
    for text in repos:
        match = _REPO.fullmatch(text)
        if match is None:
            raise argparse.ArgumentTypeError(f"--repo {text}: not OWNER/NAME=PATH")
        name = match["name"]
        found[name] = Hosted(name, Repository(Path(match["folder"])))
    for text in pulls:
        match = _PULL.fullmatch(text)
        if match is None:
            raise argparse.ArgumentTypeError(
                f"--pull {text}: not OWNER/NAME#NUMBER=BASE..HEAD or …:TITLE"
            )
        if match["name"] not in found:
            raise argparse.ArgumentTypeError(f"--pull {text}: no --repo {match['name']}=PATH")
        title = match["title"] or f"{match['head']} into {match['base']}"
        pull = PullRequest(int(match["number"]), match["base"], match["head"], title)
        present(found[match["name"]], pull)
        found[match["name"]].pulls[pull.number] = pull
    return list(found.values())


def pull_json(origin: str, now: Present, *, is_private: bool) -> dict[str, Any]:
    """`GET /repos/{owner}/{repo}/pulls/{number}`."""
    repo, owner = now.hosted.name, now.hosted.name.partition("/")[0]
    number = now.pull.number

    def end(ref: str, sha: str) -> dict[str, Any]:
        about = {
            "full_name": repo,
            "html_url": f"{origin}/{repo}",
            "fork": False,
            "private": is_private,
            "visibility": "private" if is_private else "public",
        }
        return {"label": f"{owner}:{ref}", "ref": ref, "sha": sha, "repo": about}

    return {
        "url": f"{origin}{API}/repos/{repo}/pulls/{number}",
        "html_url": f"{origin}/{repo}/pull/{number}",
        "id": number,
        "number": number,
        "state": "closed" if now.pull.closed or now.pull.merged else "open",
        "draft": now.pull.draft,
        "merged": now.pull.merged,
        "title": now.pull.title,
        "body": now.pull.body or None,
        "user": user_json(owner),
        "base": end(now.pull.base, now.base),
        "head": end(now.pull.head, now.head),
        "commits": len(now.hosted.repository.commits(now.base, now.head)),
        "changed_files": len(now.changes),
        "additions": sum(change.additions for change in now.changes),
        "deletions": sum(change.deletions for change in now.changes),
    }


def user_json(login: str) -> dict[str, Any]:
    """A user in short."""
    return {"login": login, "id": 1, "type": "User", "site_admin": False}


def shown_patch(change: Change, limits: Limits) -> str | None:
    """The patch, unless it is one that GitHub leaves out."""
    patch = change.patch
    if patch is None or len(patch.encode()) > limits.patch_bytes:
        return None
    return patch if _lines(patch) <= limits.patch_lines else None


def rows_json(
    origin: str, repo: str, shas: tuple[str, str], changes: Iterable[Change], limits: Limits
) -> list[dict[str, Any]]:
    """A page of changed files; `shas` are of the merge base and the head."""
    contents = f"{origin}{API}/repos/{repo}/contents"
    rows, lines = [], 0
    for change in changes:
        patch, lost = shown_patch(change, limits), lines >= limits.page_lines
        added, deleted = (0, 0) if lost else (change.additions, change.deletions)
        commit = shas[0] if change.status == "removed" else shas[1]
        row: dict[str, Any] = {
            "sha": change.sha,
            "filename": change.path,
            "status": change.status,
            "additions": added,
            "deletions": deleted,
            "changes": added + deleted,
            "contents_url": f"{contents}/{quote(change.path)}?ref={commit}",
        }
        if change.previous is not None:
            row["previous_filename"] = change.previous
        if patch is not None and not lost:
            row["patch"] = patch
            lines += _lines(patch)
        rows.append(row)
    return rows


def _lines(patch: str) -> int:
    return patch.count("\n") + 1
