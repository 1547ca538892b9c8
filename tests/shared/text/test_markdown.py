"""Markdown that was made inert, as text or as a reader of CommonMark shows it."""

import random

import pytest
from markdown_it import MarkdownIt

from shared.text.markdown import cut, fence_code, inert, prose, quiet, structure

PAGE = MarkdownIt("commonmark")


@pytest.mark.parametrize(
    "text",
    [
        "# Title\n\nPlain *words*, 1 < 2 and [a link](https://example.com/a?b=c).\n",
        "```html\n<img src=x onerror=alert(1)>\n```\n",
        "~~~\n![x](y)\n~~~~\nAfter.",
    ],
)
def test_what_is_harmless_stays(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "&lt;script>alert(1)&lt;/script>",
        "![x](https://tracker.example/p.png)",
        "[x](javascript:alert(1))",
        "[x]( JavaScript:alert(1))",
        "[x](javascript\\:alert(1))",
        "[x](j&#97;vascript:alert(1))",
        "[x](j&amp;#97;vascript&colon;alert(1))",
        "[x](data:text/html,hello)",
        "[x]:\n javascript:alert(1)",
        "    ```\n<img src=x>\n",
        "- a\n\n  ```\n<img src=x>\n",
        "```a`b\n<img src=x>\n",
        "~~~\ncode\n~~~\n<img src=x>",
        "``` \ncode\n```\r<img src=x>",
    ],
)
def test_nothing_active_is_left(text: str) -> None:
    tame = inert(text)
    for active in ("<img", "<script", "![", "javascript", "data:"):
        assert active not in tame.lower(), tame


@pytest.mark.parametrize(
    "text",
    [
        " ```\n```\n<img src=x>\n```",
        "&#96;&#96;&#96;\n```\n<img src=x>\n```",
        "- ```\n```\n<img src=x>\n```",
        "> ~~~\n```\n<img src=x>\n```\n~~~\n<img src=x>",
        "1. a\n\n   ```\n```\n<img src=x>\n```",
    ],
)
def test_fences_that_readers_see_otherwise_make_nothing_active(text: str) -> None:
    assert "<img" not in PAGE.render(inert(text))


def test_no_mixture_of_fences_makes_anything_active() -> None:
    chance = random.Random(3)
    parts = ["```", "~~~", "````", " ```", "   ~~~", "- ", "> ", "1. ", "\n", "\n\n", "    ", "`"]
    parts += ["&#96;&#96;&#96;", "<img src=x>", "![x](y)", "a", "\r", "\t"]
    for _ in range(3_000):
        text = "".join(chance.choices(parts, k=chance.randrange(2, 16)))
        assert "<img" not in PAGE.render(inert(text)), repr(text)
        assert "<img" not in PAGE.render(prose(text)), repr(text)


def test_prose_shows_its_letters_and_nothing_else() -> None:
    text = "# No *title*\nbut `<b>` and ``two``\n\n- <i>x</i> [a](https://a.b) ![c](d)\n```\ncode"
    assert PAGE.render(prose(text)) == (
        "<p># No *title* but <code>&lt;b&gt;</code> and ``two``</p>\n"
        "<p>- &lt;i&gt;x&lt;/i&gt; [a](https://a.b) ![c](d) ``` code</p>\n"
    )


def test_nobody_is_called_but_code_stays() -> None:
    code = fence_code("@cache  # 12 #12")
    text = quiet(f"Ask @ann, see #12.\n{code}\n@bob")
    assert code in text
    assert "@ann" not in text
    assert "#12." not in text
    assert "@bob" not in text
    assert text.replace("\u200b", "") == f"Ask @ann, see #12.\n{code}\n@bob"


@pytest.mark.parametrize(
    ("text", "most", "kept"),
    [
        ("a\nb\n", 9, "a\nb\n"),
        ("a\nbcdef\n" * 3, 10, "a\nbcdef\n…"),
        ("a\n```\ncode\ncode\n```\nb\n", 18, "a\n…"),
        ("a\n```\ncode\n```\nbcdef\n", 20, "a\n```\ncode\n```\n…"),
        ("abcdef", 3, "…"),
    ],
)
def test_what_is_cut_ends_with_a_line_and_out_of_code(text: str, most: int, kept: str) -> None:
    assert cut(text, most, "…") == kept
    assert len(kept) <= most


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("One\nline.\n\nAnother *one*.", "One line.\n\nAnother \\*one\\*."),
        ("Do:\n- `a_b`\n- c\n  goes on\n\nEnd.", "Do:\n\n- `a_b`\n- c goes on\n\nEnd."),
        ("1. one\n2) two\n   * deep", "1. one\n2. two\n   - deep"),
        ("        - no code", "- no code"),
        ("Use:\n```python\na = '*'\n```\nDone.", "Use:\n\n```python\na = '*'\n```\n\nDone."),
        ("- x\n  ~~~\n  b()\n  ~~~\n- y", "- x\n\n```\nb()\n```\n\n- y"),
        ("```\nnever closed", "```\nnever closed\n```"),
        ("``` not a fence\n# h", "\\`\\`\\` not a fence \\# h"),
        ("~~~~\n```\n~~~\n~~~~", "````\n```\n~~~\n````"),
        ("<b> [x](javascript:y) - z", "\\<b\\> \\[x\\](javascript:y) - z"),
        ("", ""),
    ],
)
def test_the_structure_of_a_text_is_kept_and_nothing_else(text: str, shown: str) -> None:
    assert structure(text) == shown
    assert structure(structure("```\nnever closed")) == structure("```\nnever closed")
