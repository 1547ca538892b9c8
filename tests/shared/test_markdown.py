"""Markdown that was made inert."""

import pytest

from shared.markdown import inert


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
