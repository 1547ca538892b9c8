"""`.gitattributes` are read as git reads them."""

import time
from pathlib import Path

import pytest

from infra.local.github.repository import git
from shared.diffs.unread.git_attributes import GitAttributes

NAMES = ("linguist-generated", "linguist-vendored")
TEXTS = {
    "": """
# a comment
[attr]made linguist-generated -diff
*.pb.go linguist-generated
"with space.txt" linguist-generated=true
/top.py linguist-vendored
third/** linguist-vendored
third/own/** -linguist-vendored
docs linguist-generated
folder/ linguist-generated
**/deep/*.ts made
a/**/z.c linguist-vendored=yes
!no.py linguist-generated
[ab]?.x linguist-generated
[^ab].y linguist-generated
star\\*.x linguist-generated
*.pb.go -linguist-vendored linguist-generated=false
gen/*.go linguist-generated
**/__generated__/** linguist-generated
""",
    "gen": "*.go !linguist-generated\nkeep.go linguist-generated\n[attr]made linguist-vendored\n",
    "gen/sub": "* linguist-vendored\n/x.py -linguist-vendored\n",
}
PATHS = [
    *("a.pb.go", "x/y/a.pb.go", "with space.txt", "x/with space.txt", "top.py", "x/top.py"),
    *("third/a.c", "third/b/c.c", "third/own/a.c", "third", "docs", "docs/a.md", "x/docs"),
    *("folder/a", "deep/a.ts", "x/deep/a.ts", "x/deep/y/a.ts", "a/z.c", "a/b/c/z.c", "b/a/z.c"),
    *("no.py", "ab.x", "cb.x", "c.y", "a.y", "star*.x", "stars.x", "gen/a.go", "gen/keep.go"),
    *("gen/sub/a.go", "gen/sub/x.py", "gen/sub/y/x.py", "x/__generated__/q.ts"),
]


def test_every_path_has_what_git_says(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    for folder, text in TEXTS.items():
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / ".gitattributes").write_text(text)
    told = git(tmp_path, "check-attr", "-z", *NAMES, "--", *PATHS)
    parts = told.decode().split("\0")[:-1]
    by_git: dict[str, dict[str, str]] = {path: {} for path in PATHS}
    for path, name, value in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if value != "unspecified":
            by_git[path][name] = {"set": "true", "unset": "false"}.get(value, value)
    attributes = GitAttributes(TEXTS, NAMES)
    assert {path: attributes.find_values(path) for path in PATHS} == by_git
    assert sum(map(bool, by_git.values())) > 15


@pytest.mark.parametrize(
    "line", ["*a" * 300 + " linguist-generated", "**/" * 300 + "x linguist-generated"]
)
def test_a_hostile_pattern_takes_no_time(line: str) -> None:
    attributes = GitAttributes({"": f"{line}\n" * 600}, NAMES)
    before = time.process_time()
    attributes.find_values("/".join(["a" * 200] * 20))
    assert time.process_time() - before < 5
