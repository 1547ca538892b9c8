"""What a sentence about code may say that rests on lines of it, and what not."""

import pytest

from shared.statements.code import CodeGround, keep_proved_markdown
from shared.statements.proving import keep_proved

LINES = """\
def orders(user, page):
    require_admin(user)
    start = page * 20
    return find(start, 20)
LIMIT = 10_000
sql = f"SELECT * FROM users WHERE name = '{user.displayName}'"
"""
GROUND = CodeGround([LINES], ["shop/orders.py", "orders.py"], range(1, 7))


@pytest.mark.parametrize(
    "sentence",
    [
        "`start = page * 20` skips the first 20 orders.",
        "The check `require_admin(user)` is gone, so anybody sees all orders.",
        "find() gets a negative start, and SQLite raises a ValueError in shop/orders.py.",
        "On line 3 of `orders.py` the page is counted from zero.",
        "`None` is returned instead of an empty list.",
        "The limit is 10,000, or `10000`.",
        "The query is open to SQL injection through user.displayName.",
        "A race condition (TOCTOU) in O(n^2).",
        "Iterating twice over the rows is slow.",
        "Sanitizes nothing: `displayName` stands in the SQL as it is.",
        "Parameterize the query, e.g. with a prepared statement.",
    ],
)
def test_what_stands_in_the_lines_may_be_said(sentence: str) -> None:
    assert keep_proved(sentence, GROUND) == (sentence, 0)


@pytest.mark.parametrize(
    "sentence",
    [
        "`start = page * 30` skips orders.",
        "verify_token is called before.",
        "The callers of checkout() break.",
        "See src/auth/session.go for more.",
        "It reads /etc/passwd as root.",
        "Run it with --force to see.",
        "Reported as CVE-2024-1234 by Zorblax.",
        "It loses 4711 orders.",
        "On line 14 the page is counted from zero.",
        "The variable userId is undefined.",
        "The name “administrator” is hard-coded.",
        "The call `hmac.compare_digest` is missing.",
        "It fails since 3 May 2031.",
        "The limit is 30,000.",
    ],
)
def test_what_stands_nowhere_in_them_goes(sentence: str) -> None:
    assert keep_proved(sentence, GROUND) == ("", 1)


def test_lists_and_code_of_a_text_stay_as_they_are() -> None:
    good = "- `start` is off\n- `page` too\n\n```python\nstart = max(page, 1) * size\n```"
    assert keep_proved_markdown(f"{good}\n\nIt has `4711` rows.", GROUND) == (good, 1)


@pytest.mark.parametrize(
    ("sentence", "stays"),
    [
        ("Use `hmac.compare_digest` instead.", True),
        ("Please call check_page() first, with `max(page, 1)`.", True),
        ("Consider `sqlalchemy.text` here.", True),
        ("Verwende `hmac.compare_digest`.", True),
        ("`hmac.compare_digest` is called with the page.", False),
        ("Use `max`, as it loses 4711 orders.", False),
        ("Call `drop_all` of billing/ledger.py.", False),
        ("Use the `drop_all` that Zorblax wrote.", False),
    ],
)
def test_a_cure_may_have_code_that_is_not_there(sentence: str, stays: bool) -> None:
    text = f"`start` is off. {sentence}"
    expected = (text, 0) if stays else ("`start` is off.", 1)
    assert keep_proved_markdown(text, GROUND) == expected


def test_without_a_sentence_nothing_is_left() -> None:
    assert keep_proved_markdown("It is fine.\n\n```\nstart\n```", CodeGround([])) == ("", 1)


@pytest.mark.parametrize(
    "text", ["a/" * 5_000, "_a" * 5_000, "a" * 10_000, "/a." * 3_000, "`" * 9_999, "a.b" * 3_000]
)
def test_texts_that_are_made_to_tire_cost_little(text: str) -> None:
    keep_proved_markdown(text[:10_000], GROUND)
    keep_proved(text[:1_999], GROUND)
