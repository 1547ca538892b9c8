"""Suggestions that fit, and those that are refused."""

import pytest

from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.suggestion_checks import SuggestionChecks
from shared.diffs.suggestions import Refusal, Suggestion, check_suggestion
from shared.sandbox.runner import Limits

HEAD = """\
class Till:
    def total(self, items):
        amount = 0
        for item in items:
            amount += item.price
        return amount  # in cents

    def close(self):
        if self.open:
            self.open = False
        return self.total([])
"""


def whole(path: str, text: str) -> FileDiff:
    """A file that was added."""
    rows = text.removesuffix("\n").split("\n")
    added = "\n".join(f"+{row}" for row in rows)
    return file_diff(path, "added", f"@@ -0,0 +1,{len(rows)} @@\n{added}")


def middle(path: str, text: str, first: int, last: int) -> FileDiff:
    """A file of which only some lines are shown."""
    rows = text.split("\n")[first - 1 : last]
    shown = "\n".join([f" {rows[0]}", *(f"+{row}" for row in rows[1:])])
    return file_diff(path, "modified", f"@@ -{first} +{first},{len(rows)} @@\n{shown}")


@pytest.fixture
def diff() -> FileDiff:
    return whole("till.py", HEAD)


@pytest.mark.parametrize(
    ("existing", "improved", "start", "lines"),
    [
        # to the letter
        ("        amount = 0", "        amount = int(0)", 3, ["        amount = int(0)"]),
        # without indentation: of all lines, of the first, of the new ones only, of none of them
        ("amount = 0", "amount = int(0)", 3, ["        amount = int(0)"]),
        ("amount = 0", "        amount = int(0)", 3, ["        amount = int(0)"]),
        (
            "        amount = 0",
            "        a = 1\n        b = 2",
            3,
            ["        a = 1", "        b = 2"],
        ),
        (
            "for item in items:\n    amount += item.price",
            "for item in items:\n    amount += item.price * item.count",
            4,
            ["        for item in items:", "            amount += item.price * item.count"],
        ),
        (
            "for item in items:\n            amount += item.price",
            "for item in items:\n            amount += item.price * item.count",
            4,
            ["        for item in items:", "            amount += item.price * item.count"],
        ),
        (
            "amount = 0",
            "if not items:\n            return 0\n        amount = 0",
            3,
            ["        if not items:", "            return 0", "        amount = 0"],
        ),
        (
            "amount = 0",
            "if not items:\n    return 0\n\namount = 0",
            3,
            ["        if not items:", "            return 0", "", "        amount = 0"],
        ),
        # with what came with the diff
        ("3 +        amount = 0", "3 +        amount = 1", 3, ["        amount = 1"]),
        ("3 +        amount = 0", "        amount = 1", 3, ["        amount = 1"]),
        (
            "+        amount = 0",
            "+        amount = 1\n+        b = 2",
            3,
            ["        amount = 1", "        b = 2"],
        ),
        (
            "+        amount = 0",
            "-        amount = 0\n+        amount = 1",
            3,
            ["        amount = 1"],
        ),
        ("+        amount = 0", "amount = 1", 3, ["        amount = 1"]),
        ("```python\namount = 0\n```", "```python\namount = 1\n```", 3, ["        amount = 1"]),
        ("amount = 0", "```\namount = 1\n```", 3, ["        amount = 1"]),
        ("amount = 0\r\n", "amount = 1\r\n", 3, ["        amount = 1"]),
        # a part of a line
        ("return amount", "return round(amount)", 6, ["        return round(amount)  # in cents"]),
        ("return self.total([])", "return 0", 11, ["        return 0"]),
        # a removal
        (
            "            self.open = False\n        return self.total([])",
            "            pass",
            10,
            ["            pass"],
        ),
    ],
)
def test_what_fits_is_taken_with_the_indentation_of_the_source(
    diff: FileDiff, existing: str, improved: str, start: int, lines: list[str]
) -> None:
    made = check_suggestion(diff, existing, improved)
    assert isinstance(made, Suggestion)
    assert (made.path, made.start_line, list(made.lines)) == ("till.py", start, lines)
    assert made.judged
    rows = HEAD.split("\n")
    compile("\n".join([*rows[: start - 1], *made.lines, *rows[made.line :]]), "till.py", "exec")


@pytest.mark.parametrize(
    ("existing", "improved", "refusal"),
    [
        ("amount = 1", "amount = 2", Refusal.NOT_IN_DIFF),
        ("amount = 0\nreturn amount  # in cents", "amount = 2", Refusal.NOT_IN_DIFF),
        ("", "amount = 2", Refusal.NOT_IN_DIFF),
        ("amount = 0", "amount = 0", Refusal.NO_CHANGE),
        ("amount = 0", "        amount = 0  ", Refusal.NO_CHANGE),
        ("        amount = 0", "```\n        amount = 0\n```", Refusal.NO_CHANGE),
        ("return amount", "return amount", Refusal.NO_CHANGE),
        ("return amount", "a = 1\nreturn a", Refusal.PART_OF_LINE),
        ("return amount", "", Refusal.PART_OF_LINE),
        ("amount = 0", "amount = (0", Refusal.BREAKS),
        ("for item in items:", "while items", Refusal.BREAKS),
        ("        for item in items:", "", Refusal.BREAKS),
        ("amount = 0", "x = 1\n" * 300, Refusal.TOO_LONG),
    ],
)
def test_what_does_not_fit_is_refused(
    diff: FileDiff, existing: str, improved: str, refusal: Refusal
) -> None:
    assert check_suggestion(diff, existing, improved) is refusal


def test_removed_lines_and_cut_lines_cannot_be_replaced() -> None:
    removed = file_diff("a.py", "modified", "@@ -1,2 +1 @@\n-gone = 1\n kept = 1")
    assert check_suggestion(removed, "gone = 1", "gone = 2") is Refusal.NOT_IN_DIFF
    long = "x = '" + "y" * 5000 + "'"
    assert check_suggestion(
        whole("a.py", long), long[:1000] + " …[4006 more characters]", "x = ''"
    ) is (Refusal.PART_OF_LINE)


def test_lines_can_be_removed(diff: FileDiff) -> None:
    made = check_suggestion(diff, "        amount = 0", "")
    assert made == Suggestion("till.py", 3, 3, (), judged=True)


def test_of_several_places_the_nearest_is_meant() -> None:
    diff = whole("a.js", "call()\nother()\ncall()")
    for near, line in [(1, 1), (3, 3), (None, 1)]:
        made = check_suggestion(diff, "call()", "call(1)", near_line=near)
        assert isinstance(made, Suggestion)
        assert made.line == line


def test_the_head_judges_where_the_diff_cannot() -> None:
    """A hunk that begins within a block is not well-formed by itself."""
    diff = middle("till.py", HEAD, 5, 8)
    good, bad = ("amount += item.price", "amount += 1"), ("amount += item.price", "amount += (1")
    for existing, improved in (good, bad):
        made = check_suggestion(diff, existing, improved)
        assert isinstance(made, Suggestion)
        assert not made.judged
    made = check_suggestion(diff, *good, head_text=HEAD)
    assert made == Suggestion("till.py", 5, 5, ("            amount += 1",), judged=True)
    assert check_suggestion(diff, *bad, head_text=HEAD) is Refusal.BREAKS
    assert check_suggestion(diff, *bad, head_text=HEAD.replace("\n", "\r\n")) is Refusal.BREAKS


def test_a_head_of_another_version_does_not_judge() -> None:
    diff = middle("till.py", HEAD, 5, 8)
    made = check_suggestion(
        diff, "amount += item.price", "amount += (1", head_text="# new\n" + HEAD
    )
    assert isinstance(made, Suggestion)
    assert not made.judged


def test_a_hunk_that_is_well_formed_by_itself_judges() -> None:
    diff = middle("till.py", HEAD, 2, 6)
    made = check_suggestion(diff, "amount = 0", "amount = 1")
    assert isinstance(made, Suggestion)
    assert made.judged
    assert check_suggestion(diff, "amount = 0", "amount = (1") is Refusal.BREAKS


@pytest.mark.parametrize(
    ("path", "text", "existing", "good", "bad"),
    [
        ("a.json", '{\n  "a": 1,\n  "b": 2\n}', '"a": 1,', '"a": [1],', '"a": 1'),
        ("a.yml", "a:\n  - b\n  - c: d\n", "- b", "- x: y", "- [b"),
        ("a.toml", "[t]\na = 1\nb = 2\n", "a = 1", "a = [1]", "b = 1"),
    ],
)
def test_data_stays_well_formed(path: str, text: str, existing: str, good: str, bad: str) -> None:
    made = check_suggestion(whole(path, text), existing, good)
    assert isinstance(made, Suggestion)
    assert made.judged
    assert check_suggestion(whole(path, text), existing, bad) is Refusal.BREAKS


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("tsconfig.json", "// note\n{\n\treturn 1;\n}"),
        ("old.py", "print 'x'\nif a:\n\treturn 1;\n"),
        ("chart.yaml", "{{ if x }}\na: [\n\treturn 1;\n"),
    ],
)
def test_what_nobody_can_judge_is_not_judged(path: str, text: str) -> None:
    made = check_suggestion(whole(path, text), "return 1;", "return (2;")
    assert isinstance(made, Suggestion)
    assert not made.judged
    assert made.lines == ("\treturn (2;",)


def test_lines_that_end_in_a_carriage_return_are_replaced_without_it() -> None:
    made = check_suggestion(whole("a.py", "a = 1\r\nb = 2\r"), "a = 1", "a = 3")
    assert made == Suggestion("a.py", 1, 1, ("a = 3",), judged=True)


@pytest.mark.parametrize(
    ("path", "text", "existing", "improved", "refusal"),
    [
        # A line beside it, which the model has copied along.
        ("a.py", "a = 1\nb = 2\nc = 3\n", "b = 2", "b = 4\nc = 3", Refusal.REPEATS),
        ("a.py", "a = 1\nb = 2\nc = 3\n", "b = 2", "a = 1\nb = 4", Refusal.REPEATS),
        ("a.xyz", "one two\nthree\nfour\n", "three", "one  two\nthird", Refusal.REPEATS),
        ("a.js", "{\n  f();\n}\n", "  f();", "  if (a) {\n    f();\n  }", None),
        # A comment where code was.
        ("a.py", "a = 1\nb = 2\n", "b = 2", "# b is not needed", Refusal.COMMENT),
        ("a.go", "package a\n\nvar b = 2\n", "var b = 2", "// removed", Refusal.COMMENT),
        ("a.ts", "f();\ng();\n", "g();", "/* g(); */", Refusal.COMMENT),
        (
            "a.java",
            "class A {\n  int a;\n  int b;\n}\n",
            "  int b;",
            "  // int b;",
            Refusal.COMMENT,
        ),
        ("a.py", "a = 1\nb = 2\n", "b = 2", "b = 3\n# ... rest of the code", Refusal.COMMENT),
        ("a.py", "a = 1\n# why\n", "# why", "# because", None),
        # Brackets, also where no parser is at hand.
        (
            "a.cs",
            "class A {\n  int a = f(1);\n}\n",
            "  int a = f(1);",
            "  int a = f(2;",
            Refusal.BREAKS,
        ),
        (
            "a.jsx",
            "const a = <b>{c}</b>;\n",
            "const a = <b>{c}</b>;",
            "const a = <b>{c</b>;",
            Refusal.BREAKS,
        ),
        (
            "a.tsx",
            "const a = <b>{c}</b>;\n",
            "const a = <b>{c}</b>;",
            "const a = <i>{c}</i>;",
            None,
        ),
        ("a.xyz", "f(1)\n", "f(1)", "f((1)", Refusal.BREAKS),
        ("a.md", "one\ntwo\n", "two", "three :)", None),
        # Names in Python.
        ("a.py", "a = 1\nb = 2\n", "b = 2", "b = Decimal(2)", Refusal.UNKNOWN_NAME),
        ("a.py", "a = 1\nb = 2\n", "b = 2", "import os\nb = os.getpid()", None),
        ("a.py", "a = 1\nb = 2\n", "b = 2", "b = [x for x in range(a)]", None),
        ("a.py", "a = 1\nb = 2\n", "b = 2", "b = sorted([a], key=lambda y: y.z)", None),
        ("a.py", "from a import *\nb = 2\n", "b = 2", "b = Decimal(2)", None),
        ("a.py", "a = missing\nb = 2\n", "b = 2", "b = missing", None),
    ],
)
def test_what_a_careful_reader_would_not_take_is_refused(
    path: str, text: str, existing: str, improved: str, refusal: Refusal | None
) -> None:
    made = check_suggestion(whole(path, text), existing, improved)
    assert (made if isinstance(made, Refusal) else None) == refusal


def test_a_file_that_is_not_well_formed_may_not_become_less_so() -> None:
    text = "class A {\n  int a = ;\n  int b = 1;\n}\n"
    diff = middle("a.java", text, 2, 3)
    good = check_suggestion(diff, "int b = 1;", "int b = 2;", head_text=text)
    assert isinstance(good, Suggestion)
    assert not good.judged
    assert check_suggestion(diff, "int b = 1;", "int b = ;", head_text=text) is Refusal.BREAKS


@pytest.mark.parametrize("improved", ["amount = 1", "amount = (1"])
async def test_a_process_of_its_own_comes_to_the_same(diff: FileDiff, improved: str) -> None:
    here = check_suggestion(diff, "amount = 0", improved, HEAD, 3)
    assert await SuggestionChecks().check(diff, "amount = 0", improved, HEAD, 3) == here


async def test_a_process_that_takes_too_long_refuses(diff: FileDiff) -> None:
    checks = SuggestionChecks(Limits(seconds=0.001))
    assert await checks.check(diff, "amount = 0", "amount = 1") is Refusal.BREAKS
