"""Somebody who wants another's account, or keeps them out of it, over HTTP."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest

from tests.support.running_app import PASSWORD, RunningApp, run_app

ADMIN = "stra\u00dfe@example.com"
JsonObject = dict[str, Any]


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    settings = {
        "BOOTSTRAP_ADMIN_EMAIL": ADMIN,
        "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
        "REFRESH_GRACE_SECONDS": "120",
    }
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **settings) as running:
        yield running


@pytest.fixture(scope="module")
def admin(running_app: RunningApp) -> httpx2.Client:
    return running_app.sign_in(ADMIN)


@pytest.fixture
def anyone(running_app: RunningApp) -> Iterator[httpx2.Client]:
    with visitor(running_app, "127.0.0.1") as client:
        yield client


@pytest.fixture
def user(admin: httpx2.Client) -> JsonObject:
    """A user whom nobody else knows."""
    name = f"user-{secrets.token_hex(4)}"
    body = {"email": f"{name}@example.com", "username": name, "password": PASSWORD}
    answer = admin.post("/users", json=body)
    assert answer.status_code == 201, answer.text
    made: JsonObject = answer.json()
    return made


def visitor(running_app: RunningApp, address: str) -> httpx2.Client:
    """A client that comes from an address of this machine."""
    base = f"{running_app.host.base_url}/api/v1"
    transport = httpx2.HTTPTransport(local_address=address)
    return httpx2.Client(base_url=base, timeout=60, transport=transport)


def sign_in(client: httpx2.Client, name: str, password: str = PASSWORD) -> httpx2.Response:
    return client.post("/auth/login/json", json={"username": name, "password": password})


def bearer(tokens: JsonObject) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


def test_eight_refreshes_at_once_and_a_retry_get_the_same_pair(
    anyone: httpx2.Client, user: JsonObject
) -> None:
    first = sign_in(anyone, user["username"]).json()
    body = {"refresh_token": first["refresh_token"]}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: anyone.post("/auth/refresh", json=body), range(8)))
    pairs = [answer.json() for answer in [*answers, anyone.post("/auth/refresh", json=body)]]
    assert all(pair == pairs[0] for pair in pairs)
    assert anyone.get("/users/me", headers=bearer(pairs[0])).json()["id"] == user["id"]
    body = {"refresh_token": pairs[0]["refresh_token"]}
    assert anyone.post("/auth/refresh", json=body).status_code == 200


@pytest.mark.parametrize("target", ["user", "admin"])
def test_guesses_lock_nobody_out_elsewhere(
    running_app: RunningApp, admin: httpx2.Client, user: JsonObject, target: str
) -> None:
    """Ten guesses are to be had, at all names together, whatever the header says."""
    known = admin.get("/users/me").json() if target == "admin" else user
    address = {"user": "127.0.0.2", "admin": "127.0.0.3"}[target]
    with visitor(running_app, address) as attacker, visitor(running_app, "127.0.0.4") as owner:
        for number in range(10):
            name = (known["username"], known["email"])[number % 2]
            attacker.headers["X-Forwarded-For"] = f"203.0.113.{number}"
            assert sign_in(attacker, name, "wrong").status_code == 401
        for name in (known["username"], known["email"], known["email"].upper()):
            refused = sign_in(attacker, name)
            assert refused.status_code == 429
            assert 0 < int(refused.headers["Retry-After"]) <= 900
        for name in (known["username"], known["email"]):
            assert sign_in(owner, name).status_code == 200


def test_a_signed_in_browser_is_not_enough_to_take_an_account_away(
    anyone: httpx2.Client, admin: httpx2.Client, user: JsonObject
) -> None:
    headers = bearer(sign_in(anyone, user["username"]).json())
    for change in ({"email": "eve@example.com"}, {"username": "eve"}, {"password": "x" * 8}):
        for password in ({}, {"current_password": "wrong"}):
            answer = anyone.put("/users/me", json={**change, **password}, headers=headers)
            assert answer.status_code == 403, answer.text
    assert anyone.get("/users/me", headers=headers).json()["email"] == user["email"]
    body = {"email": f"new-{user['email']}", "current_password": PASSWORD}
    assert anyone.put("/users/me", json=body, headers=headers).status_code == 200
    events = admin.get("/audit", params={"entity_id": user["id"]}).json()["events"]
    changed = next(event for event in events if event["action"] == "user_updated")
    assert changed["new_values"]["email"] == body["email"]
    assert changed["user_id"] == user["id"]


@pytest.mark.parametrize(
    ("email", "status"),
    [
        ("strasse@example.com", 409),
        ("STRA\u1e9eE@example.com", 409),
        ("\uff53tra\u00dfe@example.com", 409),
        ("stra\u00dfe\u200f@example.com", 422),
        ("\u202estra\u00dfe@example.com", 422),
        ("stra\u00dfe\x00@example.com", 422),
    ],
    ids=ascii,
)
def test_nobody_else_gets_the_first_admins_address(
    anyone: httpx2.Client, user: JsonObject, email: str, status: int
) -> None:
    new = {"email": email, "username": "straight", "password": PASSWORD}
    assert anyone.post("/auth/register", json=new).status_code == status
    headers = bearer(sign_in(anyone, user["username"]).json())
    change = {"email": email, "current_password": PASSWORD}
    assert anyone.put("/users/me", json=change, headers=headers).status_code == status


def test_a_reset_token_counts_once_and_ends_all_sessions(
    running_app: RunningApp, anyone: httpx2.Client, admin: httpx2.Client, user: JsonObject
) -> None:
    session = sign_in(anyone, user["username"]).json()
    answer = admin.post(f"/users/{user['id']}/password-reset")
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"token", "expires_at"}
    token = answer.json()["token"]

    def redeem(number: int) -> int:
        body = {"token": token, "password": f"password {number}"}
        return anyone.post("/auth/password-reset", json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(redeem, range(8)))
    assert sorted(statuses) == [204, *[401] * 7]
    password = f"password {statuses.index(204)}"
    assert anyone.get("/users/me", headers=bearer(session)).status_code == 401
    body = {"refresh_token": session["refresh_token"]}
    assert anyone.post("/auth/refresh", json=body).status_code == 401
    with visitor(running_app, "127.0.0.5") as owner:
        assert sign_in(owner, user["username"]).status_code == 401
        assert sign_in(owner, user["username"], password).status_code == 200
    events = admin.get("/audit", params={"entity_id": user["id"]}).text
    assert "password_reset_issued" in events
    for secret in (token, token.partition(".")[2], password):
        assert secret not in events
        assert secret not in running_app.host.log


def test_a_reset_token_is_made_by_administrators_alone(
    anyone: httpx2.Client, admin: httpx2.Client, user: JsonObject
) -> None:
    headers = bearer(sign_in(anyone, user["username"]).json())
    for user_id in (user["id"], admin.get("/users/me").json()["id"], "0" * 16):
        path = f"/users/{user_id}/password-reset"
        assert anyone.post(path, headers=headers).status_code == 403
        assert anyone.post(path).status_code == 401
    assert admin.post(f"/users/{'0' * 16}/password-reset").status_code == 404
