"""From a quote to its lines, as models write quotes."""

import random
import time

import pytest

from shared.diffs.changes import FileDiff, file_diff
from shared.diffs.fingerprint import fingerprint
from shared.diffs.locate import Anchor, locate
from shared.diffs.patches import LineKind
from shared.diffs.rendering import MAX_CHARACTERS, render_diff
from shared.models import Side

PATCH = """\
@@ -1,8 +1,8 @@ def pay(user, amount):
     account = find(user)
-    require_admin(user)
-    if amount > account.limit:
+    if amount >= account.limit:
+        log(user, amount)
         raise TooMuch(amount)

 \t# the rest
+\treturn account.take(amount, retry=1.5)\r
     return None
-    done()
@@ -40,3 +41,4 @@
     account = find(user)
-    return cached_account(user, amount)
+    return account
+    return account
     close(user)
"""
LEFT, RIGHT = Side.LEFT, Side.RIGHT


@pytest.fixture
def diff() -> FileDiff:
    made = file_diff("pay.py", "modified", PATCH)
    assert not made.partial
    return made


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        # as it is, and with other white space
        ("    log(user, amount)", (RIGHT, 3, 3)),
        ("log(user, amount)", (RIGHT, 3, 3)),
        ("\tlog(user,   amount)  \r\n", (RIGHT, 3, 3)),
        ("return account.take(amount, retry=1.5)", (RIGHT, 7, 7)),
        # several lines, also over context
        ("if amount >= account.limit:\n    log(user, amount)", (RIGHT, 2, 3)),
        ("log(user, amount)\nraise TooMuch(amount)\n\n# the rest", (RIGHT, 3, 6)),
        # removed lines
        ("require_admin(user)", (LEFT, 2, 2)),
        ("require_admin(user)\nif amount > account.limit:", (LEFT, 2, 3)),
        ("account = find(user)\nrequire_admin(user)", (LEFT, 1, 2)),
        ("if amount > account.limit:\n  raise TooMuch(amount)", (LEFT, 3, 4)),
        # as rendered, with or without mark and indentation
        ("3 +        log(user, amount)", (RIGHT, 3, 3)),
        ("2 -    require_admin(user)\n3 -    if amount > account.limit:", (LEFT, 2, 3)),
        ("3 log(user, amount)", (RIGHT, 3, 3)),
        ("3 | log(user, amount)", (RIGHT, 3, 3)),
        ("4          raise TooMuch(amount)\n5 ", (RIGHT, 4, 4)),
        # with the marks of a patch
        ("+    log(user, amount)", (RIGHT, 3, 3)),
        ("- require_admin(user)", (LEFT, 2, 2)),
        ("-    if amount > account.limit:\n+    if amount >= account.limit:", (RIGHT, 2, 2)),
        ("account = find(user)\n-    require_admin(user)", (LEFT, 1, 2)),
        (
            "@@ def pay(user, amount):\n     account = find(user)\n-    require_admin(user)",
            (LEFT, 1, 2),
        ),
        # fenced
        ("```python\nlog(user, amount)\n```", (RIGHT, 3, 3)),
        ("```diff\n+    log(user, amount)\n```", (RIGHT, 3, 3)),
        ("```\nlog(user, amount)", (RIGHT, 3, 3)),
        ("`log(user, amount)`", (RIGHT, 3, 3)),
        # a part of one line
        ("account.take(amount", (RIGHT, 7, 7)),
        ("retry=1.5)", (RIGHT, 7, 7)),
        ("cached_account(user", (LEFT, 41, 41)),
        ("> account.limit", (LEFT, 3, 3)),
        ("done()", (LEFT, 8, 8)),
    ],
)
def test_a_quote_is_found(diff: FileDiff, quote: str, expected: tuple[Side, int, int]) -> None:
    anchor = locate(diff, quote)
    assert anchor is not None
    assert (anchor.side, anchor.start_line, anchor.line) == expected
    assert diff.commentable(anchor.side, anchor.line, anchor.start_line)
    assert diff.hunks[anchor.hunk].has(anchor.side, anchor.start_line, anchor.line)


@pytest.mark.parametrize(
    "quote",
    [
        "",
        " \n\t\n",
        "```\n```",
        "lag(user, amount)",
        "if amount == account.limit:",
        "log(user,amount)",
        "LOG(user, amount)",
        "amount > account.limit:\nlog(user, amount)",
        # parts that cut a name, a number or an operator
        "account(user, amount)",
        "account.take(amou",
        "= account.limit:",
        "(amount, retry=1",
        # too little to be a part
        "amount",
        "(user)",
        # lines that do not follow one another, on one side, within one hunk
        "log(user, amount)\n# the rest",
        "done()\naccount = find(user)",
        "3 +    log(user, amount)\nif amount >= account.limit:",
        "\n".join(["close(user)"] * 300),
    ],
)
def test_what_is_not_there_is_not_found(diff: FileDiff, quote: str) -> None:
    assert locate(diff, quote) is None


def test_of_several_places_the_changed_then_the_hinted_then_the_nearest_is_taken(
    diff: FileDiff,
) -> None:
    def lines(quote: str, side: Side | None = None, near: int | None = None) -> tuple[str, int]:
        anchor = locate(diff, quote, side, near)
        assert anchor is not None
        return anchor.side, anchor.line

    assert lines("return account") == (RIGHT, 42)
    assert lines("return account", near=43) == (RIGHT, 43)
    assert lines("account = find(user)") == (RIGHT, 1)
    assert lines("account = find(user)", near=39) == (LEFT, 40)
    assert lines("account = find(user)", near=90) == (RIGHT, 41)
    assert lines("account = find(user)", LEFT, 90) == (LEFT, 40)
    assert lines("account = find(user)\nreturn account") == (RIGHT, 42)
    moved = file_diff("a", "modified", "@@ -1,3 +1,3 @@\n-call(it)\n a\n b\n+call(it)\n")
    assert locate(moved, "call(it)") == Anchor("a", RIGHT, 3, 3, 0, True)
    assert locate(moved, "call(it)", LEFT) == Anchor("a", LEFT, 1, 1, 0, True)
    part = file_diff(
        "a", "modified", "@@ -1 +1,3 @@\n call_me(now)\n+x = call_me(now)\n+call_me(now)"
    )
    assert locate(part, "call_me(now)") == Anchor("a", RIGHT, 3, 3, 0, True)


def test_lines_that_nobody_changed_are_found_and_said_to_be_so(diff: FileDiff) -> None:
    for quote, on_change in [
        ("close(user)", False),
        ("raise TooMuch(amount)", False),
        ("return account\n    close(user)", True),
    ]:
        anchor = locate(diff, quote)
        assert anchor is not None
        assert anchor.on_change is on_change


def test_code_that_looks_like_what_comes_with_a_diff_is_found_as_it_is() -> None:
    diff = file_diff(
        "a.md",
        "added",
        "@@ -0,0 +1,7 @@\n+- first item\n++ second\n+12 monkeys\n+`quoted`\n+```\n+code here\n+```",
    )
    quotes = ["- first item", "+ second", "12 monkeys", "`quoted`", "```\ncode here\n```"]
    for quote, line in zip(quotes, [1, 2, 3, 4, 5], strict=True):
        anchor = locate(diff, quote)
        assert anchor is not None
        assert anchor.start_line == line
    anchor = locate(diff, "1 +- first item\n2 ++ second")
    assert anchor == Anchor("a.md", RIGHT, 1, 2, 0, True)


def test_every_line_that_is_rendered_is_found_again() -> None:
    """Whatever the code: odd line breaks, marks, numbers, lines that are cut."""
    chance = random.Random(3)
    odd = ["\u2028", "\f", "\r", "\t", " ", "- ", "+ ", "12 ", "x", "(y)", "==", "ü"]
    rows = []
    for number in range(300):
        code = "".join(chance.choices(odd, k=6)) + f"unique_{number} "
        rows.append(chance.choice("+- ") + code + "z" * chance.choice([0, 0, 2 * MAX_CHARACTERS]))
    old = sum(row[0] in "- " for row in rows)
    new = sum(row[0] in "+ " for row in rows)
    diff = file_diff("a", "modified", f"@@ -1,{old} +1,{new} @@ x\n" + "\n".join(rows))
    assert not diff.partial
    shown = render_diff(diff).split("\n")[2:]
    for text, line in zip(shown, diff.hunks[0].lines, strict=True):
        anchor = locate(diff, text)
        assert anchor is not None, text
        expected = line.old if line.kind is LineKind.REMOVED else line.new
        assert (anchor.side is LEFT, anchor.line) == (line.kind is LineKind.REMOVED, expected)


def test_quotes_in_large_diffs_take_linear_time() -> None:
    same = "\n".join(["+same line of code"] * 50_000)
    diff = file_diff("a", "added", f"@@ -0,0 +1,50000 @@\n{same}")
    started = time.monotonic()
    anchor = locate(diff, "\n".join(["same line of code"] * 200), near_line=40_000)
    assert anchor is not None
    assert anchor.start_line <= 40_000 <= anchor.line
    assert locate(diff, "same line of") is not None
    long = file_diff("a", "added", "@@ -0,0 +1 @@\n+" + "(ab" * 300_000)
    assert locate(long, "(ab" * 4 + "c") is None
    assert time.monotonic() - started < 30


def test_a_finding_is_known_again_by_its_code() -> None:
    first = fingerprint("a.py", "security", ["    eval(x)", "", "\tdone"])
    assert first == fingerprint("a.py", "Security", ["eval(x)\r", "done  "])
    others = [
        fingerprint("b.py", "security", ["eval(x)", "done"]),
        fingerprint("a.py", "style", ["eval(x)", "done"]),
        fingerprint("a.py", "security", ["eval(y)", "done"]),
        fingerprint("a.py", "security", ["eval(x) done"]),
    ]
    assert len({first, *others}) == 5
    assert len(first) == 32


CHANGED = """\
@@ -1,9 +1,11 @@ def pay(user):
     name = "it's"
-    start = page * 20
-    limit = page + 20
+    start = page * 21  # pages count from 1
+    limit = page + 21

     log("took", user)
+    close(account, user, reason=None)  # for "good"
     if name:
         return None
     done(1)
     if name:
+        return name
"""


@pytest.mark.parametrize(
    ("quote", "lines"),
    [
        # the old and the new row of one changed line, without their marks
        ("start = page * 20\nstart = page * 21  # pages count from 1", (2, 2)),
        ("limit = page + 20\nlimit = page + 21", (3, 3)),
        ("2     start = page * 20\n3     limit = page + 20\n2   start = page * 21", (2, 2)),
        ('limit = page + 20\nlimit = page + 21\n\nlog("took", user)', (3, 5)),
        # quotation marks
        ("log('took', user)", (5, 5)),
        ("log(“took”, user)", (5, 5)),
        ('log(\\"took\\", user)', (5, 5)),
        ("reason=None)  # for 'good'", (6, 6)),
        # blank lines, left out or put in
        ("limit = page + 21\nlog('took', user)", (3, 5)),
        ("start = page * 21\n\n\nlimit = page + 21", (2, 3)),
        # trailing comments, left out or put in
        ("start = page * 21\nlimit = page + 21", (2, 3)),
        ("start = page * 21  # <-- wrong\nlimit = page + 21", (2, 3)),
        ("close(account, user, reason=None)\nif name:\n    return None", (6, 8)),
        # an ellipsis
        ("start = page * 21\n...\nclose(account, user, reason=None)", (2, 6)),
        ("limit = page + 21\n    # ...\n    done(1)", (3, 9)),
        ('close(account, ..., reason=None)  # for "good"', (6, 6)),
        ("close(account, …", (6, 6)),
    ],
)
def test_a_quote_that_differs_in_what_does_not_count_is_found(
    quote: str, lines: tuple[int, int]
) -> None:
    diff = file_diff("pay.py", "modified", CHANGED)
    anchor = locate(diff, quote)
    assert anchor is not None
    assert (anchor.side, anchor.start_line, anchor.line) == (RIGHT, *lines)
    assert diff.commentable(anchor.side, anchor.line, anchor.start_line)


@pytest.mark.parametrize(
    "quote",
    [
        "start = page * 20\nlimit = page + 21\nstart = page * 21",
        "log('taken', user)",
        "if name:\n...",  # twice
        "if name:\n\n\n    return nobody",
        "…",
        "...\n...",
        "close(…, reason=True)",
        "start = page * 21  # a\nlimit = page + 22  # b",
        "done(1)\nstart = page * 21",
        "limit = page + 20\nlog('took', user)\nlimit = page + 21",
    ],
)
def test_what_would_be_a_guess_is_not_found(quote: str) -> None:
    diff = file_diff("pay.py", "modified", CHANGED)
    assert diff.commentable(RIGHT, 11)
    assert locate(diff, quote) is None


def test_of_places_that_a_quote_fits_loosely_the_one_with_its_line_is_taken() -> None:
    text = "\n".join(['+    call("it")  # once', "+    b = 1"] * 3)
    diff = file_diff("a.py", "added", f"@@ -0,0 +1,6 @@\n{text}")
    quote = "call('it')\nb = 1"
    assert locate(diff, quote) is None
    assert locate(diff, quote, near_line=9) is None
    assert locate(diff, quote, near_line=3) == Anchor("a.py", RIGHT, 3, 4, 0, True)


def test_loose_quotes_in_large_diffs_take_bounded_time() -> None:
    same = "\n".join(["+same line of code"] * 5_000)
    diff = file_diff("a", "added", f"@@ -0,0 +1,5000 @@\n{same}")
    started = time.monotonic()
    for quote in ("...\n".join(["same line of code\n"] * 50), "same … code … " * 60, "a ..." * 40):
        assert locate(diff, quote) is None
    assert time.monotonic() - started < 30
