"""What the model is shown of a diff."""

import pytest

from shared.diffs.changes import file_diff
from shared.diffs.rendering import MAX_CHARACTERS, render_diff, show_code


def test_a_diff_as_the_model_reads_it() -> None:
    diff = file_diff(
        "src/new\nname.py",
        "renamed",
        "@@ -9,4 +9,4 @@ def total(items):\n     amount = 0\n-    for item in items\n"
        "+    for item in items:\r\n         amount += item\n \n@@ -99 +98,0 @@\n-gone",
        "src/old.py",
    )
    assert render_diff(diff) == (
        "=== src/new name.py (renamed from src/old.py)\n"
        "@@ def total(items):\n"
        "9      amount = 0\n"
        "10 -    for item in items\n"
        "10 +    for item in items:\n"
        "11          amount += item\n"
        "12  \n"
        "@@\n"
        "99 -gone"
    )


@pytest.mark.parametrize(
    "code", ["a\u2028b", "a\u2029b", "a\x85b", "a\rb", "a\fb", "a\vb", "a\x1cb", "a\x1eb\r"]
)
def test_no_code_makes_a_line_of_its_own(code: str) -> None:
    assert show_code(code) == "a b"
    diff = file_diff("a", "added", f"@@ -0,0 +1 @@\n+{code}")
    assert len(render_diff(diff).splitlines()) == 3


def test_a_long_line_is_cut_and_says_so() -> None:
    assert show_code("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS
    assert show_code("x" * 5000) == "x" * MAX_CHARACTERS + " …[4000 more characters]"
