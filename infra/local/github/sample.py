"""The sample: a small shop, and a pull request that a reviewer has something to say about.

Its two versions lie in `infra/local/samples/shop`, every file with `.txt` after its name so that no
tool takes it for a part of this repository. Dates and people are fixed, hence the commits too.
"""

import shutil
from pathlib import Path

from infra.local.github import SAMPLE
from infra.local.github.pulls import Hosted, PullRequest
from infra.local.github.repository import Repository, git

FOLDER = Path(__file__).parents[1] / "samples" / "shop"
PULL = PullRequest(
    number=1,
    base="main",
    head="order-search",
    title="Search orders, and discounts for large ones",
    body="Customers can search their orders. Orders of ten or more pieces get a discount.",
)
_WHO = {
    f"GIT_{role}_{part}": value
    for role in ("AUTHOR", "COMMITTER")
    for part, value in (
        ("NAME", "Ada Example"),
        ("EMAIL", "ada@example.com"),
        ("DATE", "2026-01-05T09:00:00Z"),
    )
}


def build(folder: Path) -> Hosted:
    """Make the repository in the empty `folder`. Raises GitError."""
    git(folder, "init", "--quiet", "--template=", "--object-format=sha1", "-b", PULL.base)
    _commit(folder, "base", "A small shop")
    git(folder, "checkout", "--quiet", "-b", PULL.head)
    _commit(folder, "head", PULL.title)
    return Hosted(SAMPLE, Repository(folder), {PULL.number: PULL})


def _commit(folder: Path, version: str, message: str) -> None:
    for old in folder.iterdir():
        if old.name != ".git":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for source in sorted((FOLDER / version).rglob("*.txt")):
        target = folder / source.relative_to(FOLDER / version).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes().replace(b"\r\n", b"\n"))
    plain = ("-c", "core.autocrlf=false", "-c", "core.fileMode=false", "-c", "commit.gpgsign=false")
    git(folder, *plain, "add", "--all")
    git(folder, *plain, "commit", "--quiet", "-m", message, env=_WHO)
