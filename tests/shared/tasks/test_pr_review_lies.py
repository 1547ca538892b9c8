"""A model that lies, repeats itself, or writes what should not be shown."""

import io
import json
import random
import re
from typing import Any

import docx
import pytest
from jsonschema import Draft7Validator
from markdown_it import MarkdownIt
from starlette.responses import JSONResponse

from shared.tasks import pr_review
from shared.tickets.rendering.files import ResultFormat, render_result
from tests.support.files.sarif import SCHEMA
from tests.support.product.app import user
from tests.support.product.workflow import run
from tests.support.servers.model import completion
from tests.support.tasks.reviewer import (
    BASE,
    HEAD,
    JsonObject,
    asked_form,
    described,
    diff_of,
    find_changed_line,
    proposed,
    ruling,
    said,
)
from tests.support.tasks.reviews import Files, Reviews, check_placed

PAGE = "    start = page * 20"
BASE_FILES: Files = {"shop/orders.py": BASE, "shop/tax.py": "RATE = 19\n\nNAME = 'vat'\n"}
HEAD_FILES: Files = {
    "shop/orders.py": HEAD,
    "shop/tax.py": "RATE = 7\n\nNAME = 'vat'\n",
    "conf.yaml": "a:\n  b: 1\n  c: 2\n",
}
HOSTILE = (
    "<img src=x onerror=alert(1)> ![x](https://evil.example/p.png) [y](javascript:alert(1))\n\n"
    "```\n# Review: Approve\n~~~ `<b>` @octocat see #1"
)


async def review(reviews: Reviews, *findings: JsonObject, **more: Any) -> JsonObject:
    """The result of a review in which the model says this."""
    url = reviews.change(BASE_FILES, HEAD_FILES)
    reviews.reviewer.findings = lambda _: findings
    return await reviews.review(url, **more)


@pytest.mark.parametrize(
    "lie",
    [
        proposed("eval(request.body)"),
        proposed(""),
        proposed("\n\n```\n```"),
        proposed("start = page"),  # ends within the line, which goes on
        proposed("total(lines):\n    return 0"),
        proposed(PAGE + "\n" * 3 + "def total(lines):"),
        proposed("RATE = 8", path="shop/tax.py"),
        proposed("import os", path="shop/unchanged.py"),
        proposed("def", path="nowhere.py"),
        proposed("x" * 20_000),
    ],
)
async def test_what_is_not_in_the_diff_is_dropped_and_counted(
    reviews: Reviews, lie: JsonObject
) -> None:
    result = await review(reviews, lie)
    if lie["evidence_quote"] == "start = page":
        assert [one["evidence_quote"] for one in result["findings"]] == [PAGE]
        return
    assert result["findings"] == []
    assert result["coverage"]["findings_unplaced"] == 1
    assert result["verdict"] == "comment", "what was found and has no place is no approval"
    assert len(reviews.model.bodies) == 2, "its quote was asked for once more"


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "shop/tax.py"},
        {"path": "b/shop/orders.py (modified)"},
        {"path": "../../etc/passwd"},
        {"line": -7},
        {"line": 10**30},
        {"evidence_quote": "2 +    start = page * 20"},
        {"evidence_quote": "+    start = page * 20\n"},
        {"evidence_quote": "```python\nstart = page * 20\n```"},
    ],
)
async def test_a_wrong_path_or_line_or_a_quote_with_its_marks_is_put_right(
    reviews: Reviews, wrong: JsonObject
) -> None:
    [finding] = (await review(reviews, proposed(PAGE) | wrong))["findings"]
    check_placed(finding, reviews.diffs())
    assert (finding["file"], finding["start_line"]) == ("shop/orders.py", 2)


async def test_a_quote_that_is_not_found_is_asked_for_once_more(reviews: Reviews) -> None:
    quotes = iter(["start = page × 20", PAGE])
    reviews.reviewer.findings = lambda _: [
        proposed(next(quotes), title="The page is off"),
        proposed("RATE = 7", path="shop/tax.py"),
    ]
    url = reviews.change(BASE_FILES, HEAD_FILES)
    result = await reviews.review(url)
    assert [one["evidence_quote"] for one in result["findings"]] == [PAGE, "RATE = 7"]
    assert result["coverage"]["findings_unplaced"] == result["coverage"]["findings_merged"] == 0
    first, again, _ = reviews.model.bodies
    assert "The page is off" in said(again)
    assert diff_of(again) == diff_of(first)


async def test_a_bad_answer_to_that_loses_nothing(reviews: Reviews) -> None:
    reviews.change(BASE_FILES, HEAD_FILES)
    reviewer = reviews.reviewer
    reviewer.findings = lambda _: [proposed(PAGE), proposed("not there")]
    reviews.model.reset(
        lambda n, body: reviewer(n, body) if n != 2 else completion("Sorry", "length")
    )
    result = await reviews.review(reviews.github.serve(reviews.history))
    assert [one["evidence_quote"] for one in result["findings"]] == [PAGE]
    assert result["coverage"]["findings_unplaced"] == 1


LONG = {f"a{n}.py": "".join(f"value_{m} = {m}\n" for m in range(50)) for n in range(3)}
LIES = (
    "Zorblax reported it as CVE-2031-471181503.",
    "It loses 7,300 orders a day.",
    "The function frobnicate() in billing/ledger.py calls `drop_all`.",
    "The log says “disk is full” since 3 May 2031.",
    "verify_token is never called.",
)
CANARIES = (
    "Zorblax",
    "471181503",  # longer than what a hash or a port shows by chance
    "7,300",
    "frobnicate",
    "ledger",
    "drop_all",
    "disk is full",
    "verify_",
)


class Liar:
    """Findings with honest quotes, or without; lies wherever a text may stand."""

    def __init__(self, *, quotes: bool) -> None:
        self.quotes = quotes

    def __call__(self, _: int, body: Any) -> Any:
        if asked_form(body) != "Review":
            whole = [{"text": lie, "claims": list(range(-1, 9))} for lie in LIES]
            rulings = [ruling(number) | {"reason": LIES[0]} for number in range(1, 9)]
            more = {"summary": whole} if asked_form(body) == "Conclusion" else {}
            return completion(json.dumps({"rulings": rulings, **more}))
        path, line = find_changed_line(diff_of(body))
        quote = line if self.quotes else "eval(request.body)"
        code = "\n\n```python\nfrobnicate(drop_all)\n```\n\n- "
        lies = " ".join(LIES) + code + LIES[0]
        findings = [proposed(quote, path=path, title=lie, body=lies) for lie in LIES]
        findings += [one | {"category": "security"} for one in findings]
        summary = [described(lie, path, quote) for lie in LIES]
        return completion(json.dumps({"summary": summary, "findings": findings}))


@pytest.mark.parametrize("quotes", [True, False])
@pytest.mark.parametrize("parts", [1, 3])
async def test_no_lie_is_in_any_form_of_the_result_nor_on_github(
    reviews: Reviews, quotes: bool, parts: int
) -> None:
    url = reviews.change(BASE_FILES, {**HEAD_FILES, **(LONG if parts > 1 else {})})
    reviews.use(500, REVIEW_POSTING_REPOSITORIES='{"user": ["*/*"]}')
    reviews.model.reset(Liar(quotes=quotes))
    order = await reviews.open(url, post_review=True)
    await run(reviews.app.activities, order)
    ticket = await reviews.shown(order)
    result = ticket.result_data
    texts = [
        json.dumps(told, ensure_ascii=False)
        for told in (result, reviews.said(), reviews.comments())
    ]
    texts += [str(pr_review.task_type.render(result, form)) for form in ("sarif", "github-review")]
    for form in (ResultFormat.MD, ResultFormat.HTML):
        texts.append((await render_result(ticket, form)).content.decode())
    word = docx.Document(io.BytesIO((await render_result(ticket, ResultFormat.DOCX)).content))
    texts.append("\n".join(paragraph.text for paragraph in word.paragraphs))
    for text in texts:
        assert [one for one in CANARIES if one in text] == []
    assert bool(result["findings"]) is bool(result["security"]) is quotes
    assert result["summary"].startswith("The review read ")
    [warning] = [text for text in result["warnings"] if text.startswith("Sentences left out")]
    assert "of the summary" in warning
    assert ("of findings" in warning) is quotes
    assert len([body for body in reviews.model.bodies if asked_form(body) == "Review"]) >= parts
    assert result["verdict"] != "approve"
    if quotes:
        first = result["findings"][0]
        assert (
            first["title"]
            == f"{first['category'].capitalize()}, {first['file']}:{first['start_line']}"
        )
        check_placed(first, reviews.diffs())


async def test_what_is_left_of_texts_is_delivered_and_the_rest_is_counted(
    reviews: Reviews,
) -> None:
    true = "The page is counted from zero, so `start` is too large on line 2."
    listed = "- `start` is off\n- so is `page`\n\n```python\nstart = page * 20\n```"
    reviews.reviewer.summary = f"{LIES[1]} It changes orders() in shop/orders.py. {LIES[4]}"
    found = proposed(PAGE, title=true, body=f"{LIES[0]} {true} {LIES[2]}\n\n{listed}")
    result = await review(reviews, found)
    [finding] = result["findings"]
    assert (finding["title"], finding["body"]) == (true, f"{true}\n\n{listed}")
    assert result["summary"] == "It changes orders() in shop/orders.py."
    assert result["warnings"] == [
        "Sentences left out, as no line of the diff proves them: 2 of the summary, 2 of findings."
    ]


async def test_a_summary_of_parts_says_no_more_than_what_was_said_of_them(reviews: Reviews) -> None:
    url = reviews.change(BASE_FILES, {**HEAD_FILES, **LONG})
    reviews.use(batch_tokens=500)
    reviews.reviewer.summary = "The code changes."
    reviews.reviewer.whole = "RATE and orders() change. Zorblax wrote it."
    result = await reviews.review(url)
    assert asked_form(reviews.model.bodies[-1]) == "Conclusion"
    assert "[2] The code changes." in said(reviews.model.bodies[-1])
    assert result["summary"] == "The code changes."
    reviews.reviewer.whole = "It adds value_3 = 3. Zorblax wrote it."
    reviews.owner = user()
    assert (await reviews.review(url))["summary"] == "It adds value_3 = 3."


async def test_the_line_decides_between_places_that_are_alike(reviews: Reviews) -> None:
    text = "".join(f"def f{n}():\n    return compute()\n\n\n" for n in range(9))
    url = reviews.change({"a.py": "a = 1\n"}, {"b.py": text, "c.py": text})
    quote = "    return compute()"
    reviews.reviewer.findings = lambda _: [
        proposed(quote, path="c.py", line=15),
        proposed(quote, path="elsewhere.py", line=2),
    ]
    result = await reviews.review(url)
    assert [(one["file"], one["start_line"]) for one in result["findings"]] == [("c.py", 14)]
    assert result["coverage"]["findings_unplaced"] == 1, "two files have it, and neither is named"


async def test_a_hundred_times_the_same_is_said_once(reviews: Reviews) -> None:
    result = await review(
        reviews,
        *[proposed(PAGE, title=f"It begins late{'!' * n}") for n in range(50)],
        *[
            proposed(f"{PAGE}\n    return find(start, 20)", title="It begins late")
            for _ in "a" * 50
        ],
        proposed("RATE = 7", path="shop/tax.py", title="it begins late?"),
        proposed(PAGE, category="performance"),
    )
    first, other = result["findings"]
    assert (first["category"], other["category"]) == ("bug", "performance")
    assert [spot["file"] for spot in first["also_at"]] == ["shop/tax.py"]
    assert result["coverage"]["findings_merged"] == 100


async def test_refuting_everything_leaves_nothing(reviews: Reviews) -> None:
    reviews.reviewer.rulings = lambda _: [ruling(n, holds=False) for n in range(-3, 9)]
    result = await review(reviews, proposed(PAGE), proposed("RATE = 7", path="shop/tax.py"))
    assert result["findings"] == []
    assert result["coverage"]["findings_refuted"] == 2


GOOD = {"existing": "start = page * 20", "improved": "start = (page - 1) * 20"}


@pytest.mark.parametrize(
    ("quote", "path", "change"),
    [
        (PAGE, "shop/orders.py", {"existing": "start = pages", "improved": "start = 0"}),
        (PAGE, "shop/orders.py", {"existing": PAGE, "improved": PAGE}),
        (PAGE, "shop/orders.py", {"existing": PAGE, "improved": "    start = (page"}),
        (PAGE, "shop/orders.py", {"existing": PAGE, "improved": "if page:"}),
        (PAGE, "shop/orders.py", {"existing": "", "improved": "pass"}),
        (PAGE, "shop/orders.py", {"existing": PAGE, "improved": f"    a = '{'x' * 20_000}'"}),
        ("b: 1", "conf.yaml", {"existing": "  b: 1", "improved": "  b: [1"}),
    ],
)
async def test_a_suggestion_that_does_not_hold_is_dropped_and_the_finding_stays(
    reviews: Reviews, quote: str, path: str, change: JsonObject
) -> None:
    result = await review(reviews, proposed(quote, path=path, suggestion=change))
    [finding] = result["findings"]
    assert finding["suggestion"] is None
    assert result["coverage"]["suggestions_dropped"] == 1


async def test_a_suggestion_that_holds_names_its_lines(reviews: Reviews) -> None:
    [finding] = (await review(reviews, proposed(PAGE, suggestion=GOOD)))["findings"]
    assert finding["suggestion"] == {
        "existing": PAGE,
        "improved": "    start = (page - 1) * 20",
        "start_line": 2,
        "end_line": 2,
        "parses": True,
    }


DEEP = "def f():\n    if a:\n" + "        x = 1\n" * 9 + "    v = (2)\n    w = [3]\n"


async def suggested(reviews: Reviews, status: int | None = None) -> list[bool]:
    """Whether each of two suggestions is made that the hunk alone cannot judge; the file is
    answered with that `status`."""
    base = DEEP.replace("(2)", "2").replace("[3]", "3")
    url = reviews.change({"a.py": base + "# end\n"}, {"a.py": DEEP + "# end\n"})
    reviews.github.script = lambda _, request: (
        JSONResponse({}, status) if status and request.url.path.endswith("a.py") else None
    )
    reviews.reviewer.findings = lambda _: [
        proposed(
            quote, path="a.py", title=quote, suggestion={"existing": quote, "improved": improved}
        )
        for quote, improved in (("    v = (2)", "    v = 4"), ("    w = [3]", "    w = [4"))
    ]
    return [one["suggestion"] is not None for one in (await reviews.review(url))["findings"]]


def reads_of_a_file(reviews: Reviews) -> int:
    return sum(asked.path.endswith("/contents/a.py") for asked in reviews.github.asked)


async def test_a_file_is_read_once_when_the_diff_alone_cannot_judge(reviews: Reviews) -> None:
    assert await suggested(reviews) == [True, False]
    assert reads_of_a_file(reviews) == 1


async def test_what_cannot_be_judged_is_not_suggested(reviews: Reviews) -> None:
    assert await suggested(reviews, 503) == [False, False]
    assert reads_of_a_file(reviews) == 1


async def test_random_quotes_always_land_on_lines_that_can_be_commented(reviews: Reviews) -> None:
    chance = random.Random(7)
    words = ["a = 1", "b = compute(a)", "", "    return b", "# é", "x" * 1500, "if a:\r"]
    base = {f"d{n}/f.py": [chance.choice(words) for _ in range(80)] for n in range(4)}
    head = {name: list(lines) for name, lines in base.items()}
    for lines in head.values():
        for _ in range(6):
            at = chance.randrange(len(lines))
            lines[at : at + chance.randrange(4)] = chance.choices(words, k=chance.randrange(5))
    url = reviews.change(
        {name: "\n".join(lines) for name, lines in base.items()},
        {name: "\n".join(lines) for name, lines in head.items()},
    )

    def quotes(__: str) -> list[JsonObject]:
        made: list[JsonObject] = []
        for _ in range(60):
            lines = chance.choice([*base.values(), *head.values()])
            at = chance.randrange(len(lines))
            quote = "\n".join(lines[at : at + chance.randrange(1, 6)])
            path = chance.choice([*base, "nowhere.py"])
            made.append(proposed(quote, path=path, title=str(len(made))))
        return made

    reviews.reviewer.findings = quotes
    result = await reviews.review(url, post_review=True)
    diffs = reviews.diffs()
    assert len(result["findings"]) > 5
    for finding in result["findings"]:
        check_placed(finding, diffs)
    assert reviews.posts() == [200]


async def test_whatever_the_model_writes_is_shown_and_does_nothing(reviews: Reviews) -> None:
    reviews.reviewer.summary = HOSTILE
    hostile = proposed(PAGE, title=HOSTILE, body=HOSTILE * 40, suggestion=GOOD)
    written = {**HEAD_FILES, "conf.yaml": f"a:\n  b: 1\n  c: 2\n{HOSTILE}\n"}
    url = reviews.change(BASE_FILES, written)
    reviews.reviewer.findings = lambda _: [hostile, proposed("RATE = 7", path="shop/tax.py")]
    result = await reviews.review(url)
    assert result["findings"][0]["title"].startswith("<img"), "every word of it is in the diff"
    text = pr_review.task_type.render(result, "md")
    assert text == result["review_analysis"]
    page = MarkdownIt("commonmark").enable("table").render(str(text))
    for active in ("<img", "<a ", "<b>"):
        assert active not in page, active
    assert page.count("<h1>") == 1
    headings = [part.partition("</h2>")[0] for part in page.split("<h2>")[1:]]
    assert headings == ["Findings", "Coverage"], "nothing swallows what follows"
    for finding in result["findings"]:
        assert len(finding["title"]) <= 200
        assert len(finding["body"]) <= 2000

    log = json.loads(pr_review.task_type.render(result, "sarif"))
    validator = Draft7Validator(SCHEMA, format_checker=Draft7Validator.FORMAT_CHECKER)
    assert [error.message for error in validator.iter_errors(log)] == []
    assert "](" not in json.dumps(log["runs"][0]["results"])
    payload = json.loads(pr_review.task_type.render(result, "github-review"))
    assert (payload["event"], len(payload["comments"])) == ("COMMENT", 2)
    for comment in payload["comments"]:
        told = re.sub(r"(?s)^```.*?^```", "", comment["body"], flags=re.MULTILINE)
        assert "@octocat" not in told
