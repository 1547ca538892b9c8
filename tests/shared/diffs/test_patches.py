"""Patches made by git, compared line by line with the files they come from."""

import random
import time
from pathlib import Path

import pytest

from shared.diffs.changes import file_diff
from shared.diffs.patches import LineKind, hunks
from shared.models import Side
from tests.support.git.changes import Changed, History, check_numbers, lines_of

BASE = b"".join(b"line %d\n" % number for number in range(1, 61))
TRAPS = [
    "form\ffeed",
    "lone\rreturn",
    "u2028\u2028here",
    "nel\x85here",
    "vt\x0bhere",
    "-- a/file",
    "++ b/file",
    "-- ",
    "@@ -1,2 +3,4 @@ looks like a header",
    "\\ No newline at end of file",
    "diff --git a/x b/x",
    "",
    " ",
    "\t",
    "+",
    "-",
    "ends with return\r",
    "ünïcödé 🦆",
]

HISTORIES: dict[str, tuple[bytes | None, bytes | None]] = {
    "one line": (BASE, BASE.replace(b"line 30\n", b"line thirty\n")),
    "both ends": (BASE, b"first\n" + BASE + b"last\n"),
    "added": (None, BASE),
    "added, one line": (None, b"one\n"),
    "added, one line without its end": (None, b"one"),
    "removed": (BASE, None),
    "removed, one line": (b"one\n", None),
    "emptied": (BASE, b""),
    "filled": (b"", BASE),
    "end of the last line added": (b"a\nb", b"a\nb\n"),
    "end of the last line removed": (b"a\nb\n", b"a\nb"),
    "no end on either side": (b"a\nb", b"a\nc"),
    "no end, then more": (b"a\nb", b"a\nb\nc"),
    "to CRLF": (BASE, BASE.replace(b"\n", b"\r\n")),
    "within CRLF": (
        BASE.replace(b"\n", b"\r\n"),
        BASE.replace(b"\n", b"\r\n").replace(b"line 9\r", b"line nine\r"),
    ),
    "one line to another": (b"one\n", b"two\n"),
    "traps added": (BASE, BASE + "\n".join(TRAPS).encode() + b"\n"),
    "traps removed": ("\n".join(TRAPS).encode() + b"\n" + BASE, BASE),
    "traps as context": (
        "\n".join(TRAPS).encode() + b"\nold\n" + "\n".join(TRAPS).encode(),
        "\n".join(TRAPS).encode() + b"\nnew\n" + "\n".join(TRAPS).encode(),
    ),
}


def mixed(chance: random.Random) -> tuple[bytes, bytes]:
    """Two versions of a file, of lines that often repeat and look like a patch."""
    old = [chance.choice([*TRAPS, "a", "b", "}"]) for _ in range(chance.randrange(60))]
    new = list(old)
    for _ in range(chance.randrange(1, 12)):
        at = chance.randrange(len(new) + 1)
        new[at : at + chance.randrange(4)] = chance.choices([*TRAPS, "x", "y"], k=3)
    ends = [chance.choice(["", "\n"]) for _ in range(2)]
    return ("\n".join(old) + ends[0]).encode(), ("\n".join(new) + ends[1]).encode()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Changed]:
    """All the files above in one history, and a hundred that are mixed by chance."""
    chance = random.Random(7)
    files = HISTORIES | {f"mixed {number}": mixed(chance) for number in range(100)}
    history = History(tmp_path_factory.mktemp("history"))
    history.commit({name: old for name, (old, _) in files.items() if old is not None})
    history.commit({name: new for name, (_, new) in files.items()})
    return history.changed("--text", "--no-renames")


@pytest.mark.parametrize("name", HISTORIES)
def test_every_line_is_the_files_line_of_its_number(made: dict[str, Changed], name: str) -> None:
    file = made[name]
    assert not file.diff.partial
    assert file.diff.hunks
    check_numbers(file.diff, file.old, file.new)
    shown = [line for hunk in file.diff.hunks for line in hunk.lines]
    added = [line.text for line in shown if line.kind is LineKind.ADDED]
    removed = [line.text for line in shown if line.kind is LineKind.REMOVED]
    if file.old is None:
        assert added == lines_of(file.new)
    if file.new is None:
        assert removed == lines_of(file.old)


def test_any_mix_of_lines_is_read_right(made: dict[str, Changed]) -> None:
    for file in made.values():
        assert not file.diff.partial
        check_numbers(file.diff, file.old, file.new)
        again = hunks(file.diff.patch)
        assert again == (file.diff.hunks, False)


def test_what_is_cut_off_is_known_and_no_line_is_wrong(made: dict[str, Changed]) -> None:
    chance = random.Random(8)
    for file in made.values():
        patch = file.patch or ""
        changes = patch.count("\n+") + patch.count("\n-")
        for at in chance.sample(range(len(patch)), min(8, len(patch))):
            diff = file_diff("a", "modified", patch[:at], changes=changes)
            shown = [line for hunk in diff.hunks for line in hunk.lines]
            whole = [line for hunk in file.diff.hunks for line in hunk.lines][: len(shown)]
            assert shown[:-1] == whole[:-1]
            # Where a hunk is complete by its counts, the end of its last line may be missing.
            for line, full in zip(shown[-1:], whole[-1:], strict=True):
                assert (line.kind, line.old, line.new) == (full.kind, full.old, full.new)
                assert full.text.startswith(line.text)
            assert diff.partial or patch[at:].count("\n") <= 3


def test_noise_is_read_as_far_as_it_goes_and_never_raises() -> None:
    chance = random.Random(9)
    rows = [" a", "+b", "-c", "", "\\ No newline", "junk", "@@ -1,3 +1,3 @@", "@@ -9 +9 @@ x", "\r"]
    for _ in range(500):
        found, partial = hunks("\n".join(chance.choices(rows, k=12)))
        for hunk in found:
            assert len(hunk.on(Side.LEFT)) == hunk.old_count
            assert len(hunk.on(Side.RIGHT)) == hunk.new_count
            assert hunk.lines
        assert partial in (True, False)


def test_renames_modes_links_and_binaries(tmp_path: Path) -> None:
    history = History(tmp_path / "h")
    history.commit(
        {"a.py": BASE, "b.py": BASE + b"b", "run.sh": b"x\n", "x.bin": b"\0\1", "e": b""}
    )
    history.chmod("run.sh")
    history.commit(
        {
            "a.py": None,
            "moved/a.py": BASE.replace(b"line 5\n", b"line five\n"),
            "b.py": None,
            "moved/b.py": BASE + b"b",
            "x.bin": b"\0\2",
            "empty.py": b"",
        }
    )
    files = history.changed()
    renamed = files["moved/a.py"]
    assert renamed.diff.status == "renamed"
    assert renamed.diff.previous_path == "a.py"
    check_numbers(renamed.diff, renamed.old, renamed.new)
    assert [line.new for line in renamed.diff.hunks[0].on(Side.RIGHT)] == list(range(2, 9))
    for name in ("moved/b.py", "run.sh", "x.bin", "empty.py"):
        assert files[name].patch is None
        assert files[name].diff.hunks == ()
        assert files[name].diff.no_patch
        assert not files[name].diff.commentable(Side.RIGHT, 1)


def test_section_and_counts() -> None:
    (first, second), partial = hunks(
        "@@ -3 +3 @@ class A:\r\n-x\n+y\n@@ -9,0 +10,2 @@\n+p\n+q\n\\ No newline at end of file"
    )
    assert not partial
    assert (first.section, second.section) == ("class A:", "")
    assert (first.old_start, first.old_count, first.new_start, first.new_count) == (3, 1, 3, 1)
    assert (second.old_start, second.old_count) == (9, 0)
    assert [line.new for line in second.lines] == [10, 11]


def test_stripped_spaces_of_empty_context_lines_are_put_up_with() -> None:
    [hunk], partial = hunks("@@ -1,4 +1,4 @@\n a\n\n\r\n-b\n+c\n")
    assert not partial
    assert [(line.kind, line.text, line.old, line.new) for line in hunk.lines] == [
        (" ", "a", 1, 1),
        (" ", "", 2, 2),
        (" ", "\r", 3, 3),
        ("-", "b", 4, None),
        ("+", "c", None, 4),
    ]


@pytest.mark.parametrize(
    ("patch", "kept"),
    [
        ("", []),
        ("garbage", []),
        ("@@ -1,2 +1,2 @@", []),
        ("@@ -0,2 +1,2 @@\n a\n b", []),
        ("@@ -1 +99999999999999999999 @@\n-a\n+b", []),
        ("@@ -\u0661 +1 @@\n-a\n+b", []),
        ("@@@ -1 -1 +1 @@@\n--a\n++b", []),
        ("@@ -1,2 +1,2 @@\n a\n-b\n+c\nextra\n@@ -7 +7 @@\n-x\n+y", [1, 2, 7]),
        ("@@ -1,5 +1,5 @@\n a\n-b\n@@ -7 +7 @@\n-x\n+y", [1, 7]),
        ("@@ -1,1 +1,1 @@\n-a\n-b\n+c\n@@ -7 +7 @@\n-x\n+y", [7]),
        ("@@ -1,9 +1,9 @@\n a\n+b\n+half a li", [1, 2]),
    ],
)
def test_what_is_malformed_is_left_out(patch: str, kept: list[int]) -> None:
    found, partial = hunks(patch)
    assert partial is (patch != "")
    numbers = [line.new for hunk in found for line in hunk.on(Side.RIGHT)]
    assert numbers == kept


def test_a_patch_that_lacks_whole_hunks_shows_in_the_count_of_changes() -> None:
    patch = "@@ -1 +1 @@\n-a\n+b"
    assert not file_diff("a", "modified", patch, changes=2).partial
    assert file_diff("a", "modified", patch, changes=3).partial


def test_comments_are_for_lines_of_the_diff_within_one_hunk() -> None:
    diff = file_diff(
        "a.py", "modified", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -10,2 +10,1 @@\n x\n-y"
    )
    right = [number for number in range(20) if diff.commentable(Side.RIGHT, number)]
    left = [number for number in range(20) if diff.commentable(Side.LEFT, number)]
    assert (left, right) == ([1, 2, 3, 10, 11], [1, 2, 3, 10])
    assert diff.commentable(Side.RIGHT, 3, start_line=1)
    assert not diff.commentable(Side.RIGHT, 10, start_line=3)
    assert not diff.commentable(Side.RIGHT, 1, start_line=3)
    assert not diff.commentable(Side.RIGHT, 3, start_line=0)


def test_parts_of_a_hunk_are_hunks(made: dict[str, Changed]) -> None:
    chance = random.Random(10)
    for file in made.values():
        for hunk in file.diff.hunks:
            cuts = sorted(chance.sample(range(1, len(hunk.lines)), min(3, len(hunk.lines) - 1)))
            parts = hunk.parts(cuts)
            assert sum((part.lines for part in parts), ()) == hunk.lines
            assert hunks("\n".join(map(str, parts))) == (tuple(parts), False)


def test_a_large_patch_takes_linear_time() -> None:
    body = "\n".join(f"+line {number}" for number in range(100_000))
    started = time.monotonic()
    [hunk], partial = hunks(f"@@ -0,0 +1,100000 @@\n{body}")
    assert time.monotonic() - started < 10
    assert not partial
    assert hunk.lines[-1].new == 100_000
