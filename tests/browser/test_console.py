"""The console, and the page that describes the API, in a real browser: the journeys of those who
use them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.local import webpubsub
from tests.support.browser.chromium import Browser, open_browser
from tests.support.git.history import History
from tests.support.hosts.process import ROOT, wait_for
from tests.support.running_app import PASSWORD, JsonObject, RunningApp, custom, run_app
from tests.support.servers.entra import AUDIENCE, CLIENT_ID, TENANT, Entra, entra_server
from tests.support.servers.github import GitHubServer
from tests.support.servers.model import completion
from tests.support.servers.stand_ins import stand_in
from tests.support.tasks.papers import Author
from tests.support.tasks.reviewer import BASE, HEAD, Reviewer, proposed

ADMIN = "root@example.com"
AGREEMENT = ROOT / "infra/local/samples/harbour-services-agreement.pdf"
MARKUP = "<img src=x onerror=alert(1)> & <script>alert(2)</script>"
LETTER = "".join(f"Point {n}: vessel {n} waits {n * 3} hours for a tug.\n\n" for n in range(1, 9))
PHONE: JsonObject = {"viewport": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def entra() -> Iterator[Entra]:
    with entra_server() as tenant:
        yield tenant


@pytest.fixture(scope="module")
def running_app(
    storage: str, github: GitHubServer, entra: Entra, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """The whole app, with realtime, a tenant and an administrator."""
    with stand_in("infra.local.webpubsub") as realtime:
        settings = {
            "BOOTSTRAP_ADMIN_EMAIL": ADMIN,
            "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
            **github.settings,
            "WEBPUBSUB_CONNECTION_STRING": webpubsub.connection_string(
                int(realtime.rpartition(":")[2])
            ),
            "ENTRA_AUTHORITY": entra.authority,
            "ENTRA_TENANT_ID": TENANT,
            "ENTRA_AUDIENCE": AUDIENCE,
            "ENTRA_CLIENT_ID": CLIENT_ID,
        }
        with run_app(storage, tmp_path_factory.mktemp("running_app"), **settings) as running:
            yield running


@pytest.fixture(scope="module")
def browser(running_app: RunningApp) -> Iterator[Browser]:
    with open_browser(f"{running_app.host.base_url}/api/v1") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _honest_model(running_app: RunningApp) -> None:
    running_app.model.reset()


@pytest.fixture(scope="module")
def ada(running_app: RunningApp) -> JsonObject:
    """Who signs in with a password."""
    name = running_app.api.get("/users/me").json()["username"]
    return {"user": name, "password": PASSWORD}


@pytest.fixture(scope="module")
def documents(running_app: RunningApp) -> str:
    """The id of a finished document analysis."""
    body = {"title": "Letters", "task_type": "doc_analysis", "task_data": {}}
    form: list[Any] = [
        ("ticket", (None, json.dumps(body), "application/json")),
        ("files", ("letter.txt", LETTER.encode())),
    ]
    made = running_app.api.post("/tickets", files=form)
    assert made.status_code == 201, made.text
    return str(running_app.until_ended(made.json()["id"])["id"])


@pytest.fixture(scope="module")
def review(running_app: RunningApp, github: GitHubServer, tmp_path_factory: Any) -> str:
    """The address of a pull request."""
    history = History(tmp_path_factory.mktemp("history") / "app")
    history.commit({"shop/orders.py": BASE})
    history.branch("feature")
    history.commit({"shop/orders.py": HEAD})
    return github.serve(history)


def test_the_page_is_there_before_the_api_and_says_what_is_wrong(browser: Browser) -> None:
    browser.go("firstPaint")


def test_it_can_be_used_by_keyboard(browser: Browser, ada: JsonObject) -> None:
    browser.go("keyboard", **ada)


def test_a_custom_ticket_from_its_form_to_its_report(browser: Browser, ada: JsonObject) -> None:
    browser.go("custom", title="<b>Notes</b> & more", **ada)


def test_documents_are_dropped_and_quotes_shown_in_their_text(
    browser: Browser, ada: JsonObject
) -> None:
    browser.go("document", files=[["letter.txt", LETTER]], **ada)


def test_findings_stand_beside_their_lines(
    running_app: RunningApp, browser: Browser, ada: JsonObject, review: str
) -> None:
    faults = [proposed("require_admin(user)", category="security"), proposed("start = page * 20")]
    running_app.model.reset(Reviewer(lambda _: faults))
    browser.go("review", url=review, **ada)


def test_papers_and_queries_read_as_what_they_are(
    running_app: RunningApp, browser: Browser, ada: JsonObject
) -> None:
    shared = {"summary": "In short.", "warnings": [], "formats": ["json", "md"]}
    paper = {
        "title": "On berths",
        "outline": [{"title": "Beginnings", "level": 1, "words_asked": 1100, "words": 1200}],
        "word_counts": {"asked": 1100, "got": 1200, "sections": []},
        "references": [],
        "targets": [{"name": "length", "held": True, "detail": "within a tenth"}],
        "paper_content": "…",
    }
    query = {
        "interpretation": {"text": "By region.", "metrics": ["SUM(amount)"], "filters": []},
        "suggestions": ["By month?"],
        "sql": "SELECT region, SUM(amount) FROM sales GROUP BY region",
        "columns": [{"name": "region"}, {"name": "amount"}],
        "rows": [["North", "12.50"], ["<b>South</b>", None]],
        "row_count": 2,
        "truncated": False,
        "insights": [
            {"text": "12.50 in all.", "numbers": [{"shown": "12.50", "formula": "SUM(a)"}]}
        ],
        "chart": {"mark": "bar"},
    }
    results = {
        "paper_writing": shared | paper,
        "snowflake_query": shared | query | {"formats": ["json", "md", "svg"]},
    }
    found = browser.go("otherResults", ticket=running_app.run()["id"], results=results, **ada)
    for text in ("Outline", "Beginnings", "1,200 of 1,100 words", "length: within a tenth"):
        assert text in found["paper_writing"]
    for text in (
        "By region.",
        "12.50 = SUM(a)",
        "metrics: SUM(amount)",
        "<b>South</b>",
        "null",
        "2 rows",
        "SELECT region",
    ):
        assert text in found["snowflake_query"]


def test_a_paper_is_read_within_the_page(
    running_app: RunningApp, browser: Browser, ada: JsonObject
) -> None:
    running_app.model.reset(Author())
    browser.go("paper", title="A paper", **ada)


def test_ten_thousand_tickets_are_pages(browser: Browser, ada: JsonObject) -> None:
    browser.go("many", **ada)


def test_a_ticket_that_asks_is_answered(
    running_app: RunningApp, browser: Browser, ada: JsonObject
) -> None:
    ticket = running_app.run()["id"]
    assert browser.go("question", ticket=ticket, **ada) == {"answer": {"sections": ["One", "Two"]}}


def test_a_type_that_a_team_adds_has_its_form(browser: Browser, ada: JsonObject) -> None:
    sent = browser.go("unknownType", **ada)
    assert sent["task_type"] == "team_type"
    assert sent["task_data"] == {
        "name": "a name",
        "size": 7,
        "colour": "green_blue",
        "tags": ["one", "two"],
        "loud": True,
        "more": {"a": 1},
        "pace": "slow",
        "speed": 12,
        "points": ["12", "[b"],
    }


def test_what_happens_shows_by_itself_and_a_lost_connection_is_mended(
    running_app: RunningApp, browser: Browser, ada: JsonObject
) -> None:
    token = running_app.api.headers["Authorization"].removeprefix("Bearer ")
    body = custom() | {"title": "Made elsewhere"}
    browser.go("live", title="Made elsewhere", token=token, body=body, **ada)


def test_what_others_wrote_is_text(
    running_app: RunningApp, browser: Browser, ada: JsonObject
) -> None:
    answer = json.dumps({"summary": MARKUP, "task_result": f"# {MARKUP}\n\n![x](http://x/y.png)"})
    running_app.model.reset(lambda _, __: completion(answer))
    body = custom() | {"title": MARKUP, "description": MARKUP}
    made = running_app.api.post("/tickets", json=body).json()
    running_app.until_ended(made["id"])
    shown = browser.go("hostile", ticket=made["id"], markup=MARKUP, **ada)
    assert shown.count(MARKUP) == 4  # title, description, summary, report


def test_administrators_see_figures_audit_and_users(
    running_app: RunningApp, browser: Browser
) -> None:
    name = "bo-browser"
    person = running_app.log_in(name)
    running_app.model.reset(lambda _, __: completion("", "content_filter"))
    made = person.post("/tickets", json=custom()).json()

    def failed() -> str | None:
        ticket = person.get(f"/tickets/{made['id']}").json()
        return str(ticket["error_message"]) if ticket["status"] == "failed" else None

    reason = wait_for(failed, "the ticket to fail")
    admin: JsonObject = {"user": ADMIN, "password": PASSWORD}
    browser.go("admin", person=name, failed=reason, **admin)


def test_the_apis_page_signs_in_uploads_a_file_and_reads_the_result(
    browser: Browser, ada: JsonObject
) -> None:
    ticket = {"title": "By the page", "task_type": "doc_analysis", "task_data": {}}
    shown = browser.go("docs", file=["letter.txt", LETTER], ticket=ticket, **ada)
    assert "vessel" in shown


def test_people_of_a_tenant_sign_in_by_code(browser: Browser, entra: Entra) -> None:
    browser.go("entra")
    assert entra.exchanges == ["authorization_code", "refresh_token"]
    assert entra.challenges == {}


@pytest.mark.parametrize("view", [{}, {**PHONE, "colorScheme": "dark"}], ids=["wide", "phone"])
def test_nothing_stands_in_anybodys_way(
    running_app: RunningApp, browser: Browser, documents: str, view: JsonObject
) -> None:
    admin: JsonObject = {"user": ADMIN, "password": PASSWORD}
    tickets = [documents, running_app.run()["id"]]
    assert browser.go("barriers", view, tickets=tickets, **admin) == []
