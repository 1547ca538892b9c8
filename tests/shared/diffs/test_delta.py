"""Lines that move between two heads, and hunks that a push touches."""

import random

from shared.clients.github.patches import patch_between
from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.cutting import halve_diffs
from shared.diffs.delta import Delta


def diff_of(path: str, old: list[str], new: list[str]) -> FileDiff:
    patch = patch_between("\n".join(old).encode(), "\n".join(new).encode())
    return file_diff(path, "modified", str(patch))


def test_lines_are_followed_and_what_changed_is_touched() -> None:
    chance = random.Random(5)
    for _ in range(60):
        base = [f"base {n}" for n in range(60)]
        first = list(base)
        for n in chance.sample(range(60), 6):
            first[n] = f"first {n}"
        second = list(first)
        for n in sorted(chance.sample(range(60), 3), reverse=True):
            second[n : n + chance.randrange(3)] = [f"second {n}"] * chance.randrange(3)
        if first == second:
            continue
        delta = Delta([diff_of("a", first, second)])
        for number, line in enumerate(first, 1):
            if line in second:
                assert second[delta.find_line("a", number) - 1] == line
        whole = diff_of("a", base, second)
        for hunk in whole.hunks:
            lines = [line.text for line in hunk.lines if line.new]
            is_new = any(line.startswith("second") for line in lines)
            assert delta.touches("a", hunk) or not is_new
        unchanged = diff_of("b", base, first)
        assert not any(delta.touches("b", hunk) for hunk in unchanged.hunks)


def test_renamed_files_are_known_and_what_has_no_patch_differs_everywhere() -> None:
    hunk = diff_of("new.py", ["a"], ["b"]).hunks[0]
    renamed = file_diff("new.py", "renamed", None, "old.py", "only its name changed")
    delta = Delta([renamed])
    assert (delta.find_path("old.py"), delta.find_path("x.py")) == ("new.py", "x.py")
    assert delta.find_line("old.py", 7) == 7
    assert delta.touches("new.py", hunk)
    assert not Delta([]).touches("new.py", hunk)


def test_only_what_is_beside_a_change_is_touched() -> None:
    old = [f"line {n}" for n in range(100)]
    head = [*old[:10], "x", *old[11:80], "y", *old[81:]]
    pushed = [*head[:40], *head[43:]]
    near, far = diff_of("a", old, pushed).hunks[0], diff_of("a", old, pushed).hunks[-1]
    delta = Delta([diff_of("a", head, pushed)])
    assert not delta.touches("a", near)
    assert not delta.touches("a", far)
    middle = diff_of("a", old, pushed).hunks[1]
    assert delta.touches("a", middle)


def test_halves_have_every_line_once_down_to_the_last() -> None:
    new = [f"line {n}" for n in range(50)]
    diffs = [diff_of("a", [], new), diff_of("b", new, [*new[:5], "x", *new[6:40], "y"])]
    lines = [line for diff in diffs for hunk in diff.hunks for line in hunk.lines]
    parts = [diffs]
    for _ in range(12):
        parts = [half for part in parts for half in halve_diffs(part, len) or (part,)]
    found = [line for part in parts for diff in part for hunk in diff.hunks for line in hunk.lines]
    assert sorted(map(str, found)) == sorted(map(str, lines))
    assert len(parts) == len(lines)
    assert halve_diffs(diffs, len) == halve_diffs(diffs, len)
