"""Markdown as HTML that shows text and does nothing."""

import re

import pytest

from shared.documents.export.html import to_html

ALLOWED = re.compile(
    r"</?(?:p|h[1-6]|ul|ol|li|blockquote|pre|code|em|strong|hr|br|table|thead|tbody|tr|th|td|a)"
    r'(?: (?:align="(?:left|center|right)"|start="\d+"|class="language-[^"<>]*"'
    r'|href="(?:https?|mailto):[^"<>]*" rel="noopener noreferrer nofollow" target="_blank"))*'
    r" ?/?>"
)
HOSTILE = [
    "<script>alert(1)</script>",
    "a <img src=x onerror=alert(1)> b",
    "![alt](https://tracker.example/x.png)",
    "[run](javascript:alert(1))",
    "[run](JaVaScRiPt&colon;alert(1))",
    "[data](data:text/html;base64,PHNjcmlwdD4=)",
    "[near](/api/v1/admin)",
    '[out](https://example.com \'a "title" onmouseover="x\')',
    "<https://example.com/?a=\"onclick='x'>",
    "[ref]\n\n[ref]: vbscript:x",
    '```js"onload=alert(1)\n</code><script>x</script>\n```',
    "| a<b | c |\n|:-:|--:|\n| <svg onload=x> | `<i>` |",
    "> " * 300 + "deep",
    "* " * 300 + "<b>deep</b>",
    "&lt;script&gt; &#60;script&#62;",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_active_is_left(text: str) -> None:
    page = to_html(text)
    for tag in re.findall(r"<[^>]*>?", page):
        assert ALLOWED.fullmatch(tag), (tag, page)


def test_text_tables_code_and_links_are_shown() -> None:
    page = to_html(
        "# Title\n\nA **bold** word, ![a chart](x.png), [here](https://example.com).\n\n"
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\n```sql\nselect 1 < 2\n```\n"
    )
    assert "<h1>Title</h1>" in page
    assert "<strong>bold</strong> word, a chart, " in page
    assert 'href="https://example.com" rel="noopener noreferrer nofollow"' in page
    assert '<td align="right">2</td>' in page
    assert '<code class="language-sql">select 1 &lt; 2\n</code>' in page
