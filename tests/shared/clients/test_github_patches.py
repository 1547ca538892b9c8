"""A patch that is made here leads from the one version to the other; git itself applies it."""

import random
from pathlib import Path

import pytest

from shared.clients.github import patches
from shared.clients.github.models import NoPatch
from shared.clients.github.patches import patch_between
from tests.support.git.history import patched

LONG = "".join(f"line {number}\n" for number in range(40))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\nc\n", "a\nB\nc\n"),
        ("a\n", "a\nb"),
        ("a\nb", "a\nb\n"),
        ("a\nb", "a\nc"),
        ("a\r\nb\r\n", "a\r\nb\n"),
        ("a\rb\x0cc\x1cd\u2028e\n", "a\rb\x0cC\x1cd\u2028e\n"),
        (LONG, LONG.replace("line 3\n", "").replace("line 30\n", "new\nnewer\n")),
        (LONG, "first\n" + LONG + "last\n"),
        (LONG, "line 20\n"),
        ("--- a\n+++ b\n", "--- a\n@@ -1 +1 @@\n"),
        ("\\ No newline at end of file\n", "\\ No newline at end of file"),
    ],
)
def test_a_patch_leads_from_old_to_new(tmp_path: Path, old: str, new: str) -> None:
    patch = patch_between(old.encode(), new.encode())
    assert patch.startswith("@@ -")
    assert patched(tmp_path, old.encode(), patch) == new.encode()


def test_any_two_texts_have_such_a_patch(tmp_path: Path) -> None:
    chance = random.Random(7)
    for _ in range(15):
        old = [f"{chance.randrange(9)}\n" for _ in range(chance.randrange(1, 60))]
        new = [line for line in old if chance.random() < 0.8] + ["end\n"] * chance.randrange(3)
        new.insert(chance.randrange(len(new) + 1), "new\n")
        before, after = "".join(old).encode(), "".join(new).encode()
        assert patched(tmp_path, before, patch_between(before, after)) == after


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"", b"a\n", "@@ -0,0 +1 @@\n+a"),
        (b"a\nb", b"", "@@ -1,2 +0,0 @@\n-a\n-b\n\\ No newline at end of file"),
        (b"a\n", b"b\n", "@@ -1 +1 @@\n-a\n+b"),
        (b"a\xff\n", b"a\n", "@@ -1 +1 @@\n-a\ufffd\n+a"),
        (b"a\0", b"b", NoPatch.BINARY),
        (b"a", b"\0", NoPatch.BINARY),
        (b"a\n", b"a\n", NoPatch.SAME_CONTENT),
        (b"\xff\n", b"\xfe\n", NoPatch.NO_LINES),
        (b"", b"", NoPatch.EMPTY),
        (b"a\n" * 20_001, b"a\n" * 20_002, NoPatch.TOO_LARGE),
    ],
)
def test_corners(old: bytes, new: bytes, expected: str) -> None:
    assert patch_between(old, new) == expected


def test_comparing_that_takes_too_long_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(7)
    old, new = (
        "".join(f"{chance.randrange(100)}\n" for _ in range(6000)).encode() for _ in range(2)
    )
    monkeypatch.setattr(patches, "_SECONDS", 0.01)
    assert patch_between(old, new) is NoPatch.TOO_LARGE
