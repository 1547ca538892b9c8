"""The documents hold together: links lead somewhere, each decision is in the index."""

import re
import subprocess
from pathlib import Path

import pytest

from functions import BLUEPRINTS
from functions.endpoints import ENDPOINTS
from shared.errors import Problem

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = ROOT / "docs/decisions"
LINK = re.compile(r"(?:\]\(|(?:src|srcset)=\")([^)\s\"]+)")
NAMED = re.compile(r"`((?:shared|functions|infra|tests|docs)/[\w./-]+)`")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_what_it_links_or_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    links = {link.partition("#")[0] for link in LINK.findall(text) if "://" not in link}
    assert {link for link in links if link and not (document.parent / link).exists()} == set()
    assert {path for path in NAMED.findall(text) if not (ROOT / path).exists()} == set()


def test_every_decision_is_in_the_index_under_its_title() -> None:
    index = (DECISIONS / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^- \[(.*)\]\((.*)\)$", index, re.MULTILINE)
    files = sorted(DECISIONS.glob("[0-9]*.md"))
    titles = {path.name: path.read_text(encoding="utf-8").partition("\n")[0] for path in files}
    assert {file: f"# {title}" for title, file in listed} == titles
    assert [path.name[:4] for path in files] == [f"{n:04d}" for n in range(1, len(files) + 1)]


def test_the_readme_fits_a_screen_of_100_columns() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if len(line) > 100] == []


def test_what_the_readme_types_is_shell_and_uses_what_it_has_set() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    checked = subprocess.run(
        ["/bin/sh", "-n"], input=lines, capture_output=True, text=True, check=False
    )
    assert checked.stderr == ""
    for found in re.finditer(r"\$\{?([A-Z]\w*)", lines):
        assert re.search(rf"^{found[1]}=", lines[: found.start()], re.MULTILINE), found[0]


def test_the_readme_has_a_row_for_every_error_that_is_answered() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = {int(status) for status in re.findall(r"^\| (\d{3}) \|", readme, re.MULTILINE)}
    assert rows == {int(problem.status) for problem in Problem.__subclasses__()} | {500}


def test_the_readme_names_every_call() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert BLUEPRINTS, "the endpoints register themselves when they are imported"
    last = {re.sub(r"/\{\w+\}$", "", one.path).rpartition("/")[2] for one in ENDPOINTS}
    assert {name for name in last if not re.search(rf"/{re.escape(name)}\b", readme)} == set()
