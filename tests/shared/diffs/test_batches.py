"""Packing: all of it, once, within the budget, and in few batches."""

import random
from collections import Counter
from collections.abc import Sequence
from math import ceil

import pytest

from shared.diffs.batches import DiffBatch, cut_batches
from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.rendering import render_line
from shared.models import Side

FOLDERS = ["src", "src/api", "src/db", "tests", "tests/api", "web", "include"]


def tokens(text: str) -> int:
    return -(-len(text) // 4)


def diff_of(path: str, hunks: Sequence[int], width: int = 30) -> FileDiff:
    """A file with hunks of so many lines: context, removed and added by turns."""
    rows, old, new = [], 1, 1
    for number, count in enumerate(hunks):
        kinds = [" -+"[index % 3] for index in range(count)]
        olds, news = count - kinds.count("+"), count - kinds.count("-")
        rows.append(f"@@ -{old},{olds} +{new},{news} @@ section {number}")
        rows += [f"{kind}{path} {number} {i} ".ljust(width, "x") for i, kind in enumerate(kinds)]
        old, new = old + olds + 50, new + news + 50
    made = file_diff(path, "modified", "\n".join(rows))
    assert not made.partial
    return made


def any_diffs(chance: random.Random) -> list[FileDiff]:
    large = chance.choice([5, 30, 200])
    return [
        diff_of(
            f"{chance.choice(FOLDERS)}/f{number}.py",
            [chance.randrange(1, large) for _ in range(chance.randrange(1, 6))],
            chance.randrange(20, 90),
        )
        for number in range(chance.randrange(1, 25))
    ]


def content(diffs: Sequence[FileDiff]) -> Counter[tuple[str, str]]:
    return Counter(
        (diff.path, render_line(line))
        for diff in diffs
        for hunk in diff.hunks
        for line in hunk.lines
    )


def paths(batch: DiffBatch) -> list[str]:
    return [diff.path for diff in batch.diffs]


@pytest.mark.parametrize("seed", range(25))
def test_everything_is_in_exactly_one_batch_and_batches_are_few(seed: int) -> None:
    chance = random.Random(seed)
    diffs = any_diffs(chance)
    budget = chance.choice([300, 800, 3000, 20_000])
    batches = cut_batches(diffs, budget, tokens)
    assert content([diff for batch in batches for diff in batch.diffs]) == content(diffs)
    for batch in batches:
        assert tokens(str(batch)) <= batch.tokens <= budget
        assert len(set(paths(batch))) == len(paths(batch))
    least = tokens(str(DiffBatch(tuple(diffs), 0))) / budget
    assert len(batches) <= ceil(11 / 9 * least) + 1
    # Where a line is a small part of the budget, as it always is for a model.
    assert len(batches) <= ceil(least) + 1 or budget < 800
    assert batches == cut_batches(diffs, budget, tokens)


def test_parts_are_hunks_whose_lines_keep_their_numbers() -> None:
    diff = diff_of("src/a.py", [400, 3, 90])
    batches = cut_batches([diff], 700, tokens)
    assert len(batches) > 3
    for part in (part for batch in batches for part in batch.diffs):
        for hunk in part.hunks:
            for side in Side:
                shown = hunk.on(side)
                first = shown[0].number(side) or 0
                assert diff.lines(side, first, first + len(shown) - 1) == shown
                assert part.commentable(side, first, first)
        assert file_diff(part.path, "modified", part.patch) == part


def test_long_hunks_are_cut_at_blank_lines_where_these_are_near() -> None:
    rows = ["+" if number % 12 == 11 else f"+code {number}" for number in range(600)]
    diff = file_diff("a.py", "added", "@@ -0,0 +1,600 @@\n" + "\n".join(rows))
    batches = cut_batches([diff], 700, tokens)
    ends = [batch.diffs[0].hunks[-1].lines[-1].text for batch in batches]
    assert len(batches) > 2
    assert ends[:-1] == [""] * (len(batches) - 1)


def test_only_a_line_that_is_larger_than_the_budget_goes_over_it() -> None:
    patch = "@@ -0,0 +1,3 @@\n+short\n+" + "x" * 900 + "\n+short"
    batches = cut_batches([file_diff("a.py", "added", patch)], 50, tokens)
    over = [batch for batch in batches if batch.tokens > 50]
    assert [len(batch.diffs[0].hunks[0].lines) for batch in over] == [1]
    assert content([diff for batch in batches for diff in batch.diffs]).total() == 3


def test_related_files_go_together() -> None:
    related = [
        ("src/pay/account.py", "tests/pay/test_account.py"),
        ("src/core.c", "include/core.h"),
        ("web/list.tsx", "web/list.spec.tsx"),
        ("java/Order.java", "java/OrderTest.java"),
    ]
    diffs = [diff_of(pair[place], [20]) for place in (0, 1) for pair in related]
    size = cut_batches(diffs[:1], 10_000, tokens)[0].tokens
    batches = cut_batches(diffs, int(size * 2.4), tokens)
    assert sorted(tuple(sorted(paths(batch))) for batch in batches) == sorted(
        tuple(sorted(pair)) for pair in related
    )


def test_folders_stay_whole_where_they_fit() -> None:
    diffs = [diff_of(f"{folder}/{name}.py", [9]) for name in "xyz" for folder in "abc"]
    size = cut_batches(diffs[:1], 10_000, tokens)[0].tokens
    batches = cut_batches(diffs, int(size * 3.5), tokens)
    assert [{path[0] for path in paths(batch)} for batch in batches] == [{"a"}, {"b"}, {"c"}]


def test_a_test_goes_to_the_nearest_of_several_namesakes() -> None:
    names = ("models.py", "tests/test_models.py")
    diffs = [diff_of(f"{folder}/{name}", [20]) for name in names for folder in "abcde"]
    size = cut_batches(diffs[:1], 10_000, tokens)[0].tokens
    batches = cut_batches(diffs, int(size * 2.4), tokens)
    assert [len({path[0] for path in paths(batch)}) for batch in batches] == [1] * 5


def test_small_changes_are_one_batch_and_nothing_is_none() -> None:
    diffs = [diff_of("a.py", [3]), file_diff("b.png", "added", None), diff_of("c/d.py", [3])]
    [batch] = cut_batches(diffs, 10_000, tokens)
    assert paths(batch) == ["a.py", "c/d.py"]
    assert cut_batches([], 100, tokens) == []
    assert cut_batches([file_diff("b.png", "added", None)], 100, tokens) == []


def test_awkward_sizes_do_not_double_the_batches() -> None:
    """Files of a little more than half the budget would fill one batch each."""
    diffs = [diff_of(f"{n}/f{n}.py", [10] * 8) for n in range(30)]
    size = cut_batches(diffs[:1], 100_000, tokens)[0].tokens
    budget = int(size * 1.9)
    batches = cut_batches(diffs, budget, tokens)
    assert len(batches) <= -(-size * 30 // budget) + 1
