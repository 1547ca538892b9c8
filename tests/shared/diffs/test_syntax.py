"""Asking whether a text is well-formed, within bounds."""

import threading
import time

import pytest

from shared.diffs.syntax import MAX_CHARACTERS, parses


@pytest.mark.parametrize(
    ("path", "text", "expected"),
    [
        ("a.py", "def f(x):\n    return x\n", True),
        ("a.py", "re.match('\\d', x)\r\n", True),
        ("a.pyi", "x: int", True),
        ("a.py", "def f(x:\n", False),
        ("a.py", "if x:\n\ty()\n        z()\n", False),
        ("a.py", "print 'two'", False),
        ("a.py", "a\0b", False),
        ("a.py", "a = '\ud800'", False),
        ("a.json", '{"a": [1, 2]}', True),
        ("a.json", '{"a": [1, 2}', False),
        ("a.json", '{"a": 1, "a": 2}', False),
        ("a.json", "// note\n{}", False),
        ("a.YAML", "a: &x [1, 2]\nb: *x\n---\nc: !Custom {d: e}", True),
        ("a.yml", "a: [1, 2", False),
        ("a.yml", "a: b: c", False),
        ("a.yml", "a: *unknown", False),
        ("a.yml", "a: &x 1\n---\nb: *x", False),
        ("a.yml", "a:\n\t- b", False),
        ("a.toml", "[a]\nb = 1", True),
        ("a.toml", "[a]\nb = 1\nb = 2", False),
        ("a.js", "function (", False),
        ("a.ts", "let a: number = 1", True),
        ("a.go", "package a\nfunc f( {", False),
        ("Makefile", "x", None),
        ("a.py", "#" * (MAX_CHARACTERS + 1), None),
    ],
)
def test_well_formed_or_not_or_not_known(path: str, text: str, expected: bool | None) -> None:
    assert parses(path, text) is expected


HOSTILE = {
    "a.py": [
        "(" * 90_000,
        "-" * 90_000 + "1",
        "1" + "+1" * 90_000,
        "a" + ".a" * 90_000,
        "9" * 90_000,
    ],
    "a.json": ["[" * 90_000, '{"a":' * 90_000, "9" * 90_000],
    "a.yml": [
        "[" * 90_000,
        "- " * 90_000 + "a",
        "? " * 90_000,
        "\n".join(" " * level + "a:" for level in range(800)),
        "a: &a [x]\n"
        + "\n".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [{f'*{chr(97 + n)},' * 20}]" for n in range(20)
        ),
    ],
    "a.toml": ["a = " + "[" * 90_000, ".".join("a" * 90_000) + " = 1", "a = " + "9" * 90_000],
}


def test_hostile_text_is_judged_in_bounded_time_on_a_small_stack() -> None:
    verdicts: list[bool | None] = []

    def ask() -> None:
        verdicts.extend(parses(path, text) for path, texts in HOSTILE.items() for text in texts)

    before = threading.stack_size(1024 * 1024)
    try:
        started = time.monotonic()
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(before)
    assert time.monotonic() - started < 30
    assert len(verdicts) == sum(map(len, HOSTILE.values()))
    # A bomb of aliases is well-formed, as nothing is made of it.
    assert verdicts.count(True) == 1
