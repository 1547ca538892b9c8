"""What managers and administrators see of everybody's tickets."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from tests.support.hosts.process import wait_for
from tests.support.running_app import PASSWORD, JsonObject, RunningApp, run_app
from tests.support.servers.model import completion

ADMIN = "root@example.com"
SETTINGS = {"USER_CACHE_SECONDS": "0", "MODEL_MAX_WAIT_SECONDS": "600"}
PRICES = {"PRICE_PROMPT_TOKENS": "100000", "PRICE_COMPLETION_TOKENS": "400000"}
GOOD = completion('{"summary": "S", "task_result": "R"}')


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    admin = {"BOOTSTRAP_ADMIN_EMAIL": ADMIN, "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD}
    folder = tmp_path_factory.mktemp("running_app")
    with run_app(storage, folder, **admin, **PRICES, **SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def admin(running_app: RunningApp) -> httpx2.Client:
    return running_app.sign_in(ADMIN)


def member(
    running_app: RunningApp, admin: httpx2.Client, name: str, **changes: Any
) -> httpx2.Client:
    """A signed-in user whom the administrator has changed."""
    user = running_app.log_in(name).get("/users/me").json()
    assert admin.put(f"/users/{user['id']}", json=changes).status_code == 200
    return running_app.log_in(name)


def run(running_app: RunningApp, client: httpx2.Client) -> JsonObject:
    return replace(running_app, api=client).run()


def statistics(client: httpx2.Client, **query: str) -> JsonObject:
    answer = client.get("/statistics", params=query)
    assert answer.status_code == 200, answer.text
    found: JsonObject = answer.json()
    return found


def counted(client: httpx2.Client, ended: int) -> JsonObject:
    """The statistics once so many attempts are in them: an end is counted after it is stored."""

    def look() -> JsonObject | None:
        found = statistics(client)
        total = found["total"]
        return found if total["completed"] + total["failed"] == ended else None

    return wait_for(look, f"{ended} attempts to be counted")


def test_each_sees_the_figures_of_whom_they_answer_for(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    running_app.model.reset(
        lambda number, _: completion("", "content_filter") if number == 2 else GOOD
    )
    ann = member(running_app, admin, "ann-sales", department="Sales")
    bob = member(running_app, admin, "bob-research", department="Research")
    chief = member(running_app, admin, "chief-sales", department="Sales", role="manager")
    assert [run(running_app, ann)["status"], run(running_app, ann)["status"]] == [
        "completed",
        "failed",
    ]
    assert run(running_app, bob)["status"] == "completed"

    own = counted(chief, 2)
    assert own["tickets"] == {"completed": {"custom": 1}, "failed": {"custom": 1}}
    assert (own["total"]["completed"], own["total"]["failed"], own["total"]["cancelled"]) == (
        1,
        1,
        0,
    )
    assert (own["total"]["prompt_tokens"], own["total"]["completion_tokens"]) == (20, 10)
    assert own["total"]["cost"] == 20 * 0.1 + 10 * 0.4
    assert [(one["username"], one["failed"]) for one in own["users"]] == [("ann-sales", 1)]
    assert own["failures"] == {"model": 1}
    [kind] = own["types"]
    assert kind["task_type"] == "custom"
    assert 0 < kind["mean_seconds"] <= kind["longest_seconds"]
    assert own["running"] == []

    whole = counted(admin, 3)
    assert whole["total"]["completed"] == 2
    by_name = {one["username"]: one["completed"] for one in whole["users"]}
    assert (by_name["ann-sales"], by_name["bob-research"]) == (1, 1)
    assert whole["currency"] == "USD"
    assert statistics(admin, since="2199-01-01T00:00:00Z")["total"]["completed"] == 0
    assert ann.get("/statistics").status_code == 403
    assert admin.get("/statistics", params={"since": "yesterday"}).status_code == 422


def test_what_runs_has_an_age_and_what_was_cancelled_its_tokens(
    running_app: RunningApp, admin: httpx2.Client
) -> None:
    running_app.model.reset(lambda _, __: Response(status_code=429, headers={"Retry-After": "30"}))
    held = running_app.open()

    def running() -> Any:
        return [one for one in statistics(admin)["running"] if one["ticket_id"] == held["id"]]

    [one] = wait_for(running, "the ticket to run")
    assert one["title"] == held["title"]
    assert one["age_seconds"] >= 0
    wait_for(lambda: running_app.model.bodies, "the model to be asked")
    before = statistics(admin)["total"]["cancelled"]
    for _ in range(2):  # The second changes nothing, and is counted no second time.
        assert running_app.api.post(f"/tickets/{held['id']}/cancel").status_code == 200
    after = statistics(admin)
    assert after["total"]["cancelled"] == before + 1
    assert held["id"] not in {one["ticket_id"] for one in after["running"]}
