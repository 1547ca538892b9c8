"""Accounts through the running app: every row of the contract."""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.responses import Response

from tests.support.running_app import PASSWORD, RunningApp, custom, run_app
from tests.support.servers.entra import AUDIENCE, TENANT, Entra, entra_server

BOSS = "boss@example.com"
FIELDS = {
    *("id", "email", "username", "full_name", "department", "job_title", "is_active"),
    *("is_verified", "role", "created_at", "updated_at", "last_login"),
}
JSON = {"Content-Type": "application/json"}
JsonObject = dict[str, Any]


@pytest.fixture(scope="module")
def entra() -> Iterator[Entra]:
    with entra_server() as running:
        yield running


@pytest.fixture(scope="module")
def running_app(
    storage: str, entra: Entra, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningApp]:
    """An app with a first admin and a tenant of Entra ID."""
    settings = {
        "BOOTSTRAP_ADMIN_EMAIL": BOSS,
        "BOOTSTRAP_ADMIN_PASSWORD": PASSWORD,
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_AUDIENCE": AUDIENCE,
        "ENTRA_AUTHORITY": entra.authority,
    }
    folder: Path = tmp_path_factory.mktemp("running_app")
    with run_app(storage, folder, **settings) as running:
        yield running


@pytest.fixture
def anyone(running_app: RunningApp) -> Iterator[httpx2.Client]:
    """A client without a token."""
    with httpx2.Client(base_url=f"{running_app.host.base_url}/api/v1", timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def token_of_boss(running_app: RunningApp) -> str:
    base = f"{running_app.host.base_url}/api/v1"
    with httpx2.Client(base_url=base, timeout=60) as client:
        return str(tokens(client, BOSS)["access_token"])


@pytest.fixture
def boss(running_app: RunningApp, token_of_boss: str) -> Iterator[httpx2.Client]:
    """A client with the first admin's token."""
    with with_token(running_app, token_of_boss) as client:
        yield client


def with_token(running_app: RunningApp, token: str) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx2.Client(
        base_url=f"{running_app.host.base_url}/api/v1", timeout=30, headers=headers
    )


def tokens(client: httpx2.Client, name: str, password: str = PASSWORD) -> JsonObject:
    answer = client.post("/auth/login/json", json={"username": name, "password": password})
    assert answer.status_code == 200, answer.text
    body: JsonObject = answer.json()
    return body


def names() -> JsonObject:
    username = f"user-{secrets.token_hex(4)}"
    return {"email": f"{username}@example.com", "username": username, "password": PASSWORD}


def hired(boss: httpx2.Client, **more: Any) -> JsonObject:
    answer = boss.post("/users", json=names() | more)
    assert answer.status_code == 201, answer.text
    user: JsonObject = answer.json()
    assert answer.headers["Location"] == f"/api/v1/users/{user['id']}"
    return user


def signed_in(
    running_app: RunningApp, boss: httpx2.Client, **more: Any
) -> tuple[JsonObject, httpx2.Client]:
    user = hired(boss, **more)
    return user, with_token(running_app, tokens(boss, user["username"])["access_token"])


def problem(answer: httpx2.Response, status: int) -> str:
    """The problem's detail."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    body = answer.json()
    assert {"type", "title", "status", "detail", "instance"} <= set(body)
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    return str(body["detail"])


def test_registering(anyone: httpx2.Client) -> None:
    body = names() | {"full_name": "Ann", "role": "admin", "is_verified": True, "id": "0" * 16}
    answer = anyone.post("/auth/register", json=body)
    assert answer.status_code == 201, answer.text
    user = answer.json()
    assert set(user) == FIELDS
    assert (user["role"], user["is_verified"], user["is_active"]) == ("user", False, True)
    assert user["id"] != "0" * 16
    assert user["last_login"] is None
    assert user["created_at"].endswith("Z")

    problem(anyone.post("/auth/register", json=body | {"email": "new@example.com"}), 409)
    problem(anyone.post("/auth/register", json=names() | {"email": body["email"].upper()}), 409)
    problem(anyone.post("/auth/register", json=names() | {"email": BOSS}), 409)
    problem(anyone.post("/auth/register", json=names() | {"username": "tickets"}), 422)


def test_signing_in_by_form_and_json(anyone: httpx2.Client, boss: httpx2.Client) -> None:
    user = hired(boss)
    for name in (user["username"].upper(), user["email"]):
        given = {"username": name, "password": PASSWORD}
        for answer in (
            anyone.post("/auth/login", data=given),
            anyone.post("/auth/login/json", json=given),
            anyone.post("/auth/login/", data=given),
        ):
            assert answer.status_code == 200, answer.text
            body = answer.json()
            assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}
            assert (body["token_type"], body["expires_in"]) == ("bearer", 1800)
    claims = json.loads(base64.urlsafe_b64decode(body["access_token"].split(".")[1] + "=="))
    assert set(claims) == {"sub", "iat", "exp", "jti", "role"}
    wrong = {"username": user["username"], "password": "wrong"}
    unknown = {"username": "nobody", "password": "wrong"}
    details = {problem(anyone.post("/auth/login", data=d), 401) for d in (wrong, unknown)}
    assert len(details) == 1
    problem(anyone.post("/auth/login", data={"username": "x"}), 422)
    problem(anyone.post("/auth/login", json=wrong), 415)
    problem(anyone.post("/auth/login/json", content=b"{", headers=JSON), 400)


def test_a_login_takes_four_storage_calls_and_a_known_caller_none(
    running_app: RunningApp, anyone: httpx2.Client, boss: httpx2.Client
) -> None:
    user, client = signed_in(running_app, boss)
    assert running_app.storage_calls(lambda _: tokens(anyone, user["username"])) <= 4
    assert client.get("/users/me").json()["id"] == user["id"]
    assert running_app.storage_calls(lambda _: client.get("/users/me")) == 0


def test_refreshing_and_signing_out(
    running_app: RunningApp, anyone: httpx2.Client, boss: httpx2.Client
) -> None:
    user = hired(boss)
    first = tokens(anyone, user["username"])
    answer = anyone.post("/auth/refresh", json={"refresh_token": first["refresh_token"]})
    assert answer.status_code == 200, answer.text
    second = answer.json()
    client = with_token(running_app, second["access_token"])
    assert client.get("/users/me").json()["id"] == user["id"]

    body = {"refresh_token": second["refresh_token"]}
    problem(anyone.post("/auth/logout", json=body), 401)
    problem(client.post("/auth/logout", json={}), 422)
    gone = client.post("/auth/logout", json=body)
    assert (gone.status_code, gone.content) == (204, b"")
    problem(client.get("/users/me"), 401)
    problem(anyone.post("/auth/refresh", json=body), 401)

    body = {"refresh_token": tokens(anyone, user["username"])["refresh_token"]}
    third = anyone.post("/auth/refresh", json=body).json()
    assert anyone.post("/auth/refresh", json=body).json() == third, "within the grace"
    body = {"refresh_token": third["refresh_token"]}
    assert anyone.post("/auth/refresh", json=body).status_code == 200
    problem(anyone.post("/auth/refresh", json={}), 422)


def test_ones_own_account(running_app: RunningApp, boss: httpx2.Client) -> None:
    user, client = signed_in(running_app, boss)
    assert set(client.get("/users/me").json()) == FIELDS
    body = {"full_name": "Ann", "role": "admin", "is_active": False, "is_verified": True}
    answer = client.put("/users/me", json=body)
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert (changed["full_name"], changed["role"], changed["is_active"]) == ("Ann", "user", True)
    assert changed["is_verified"] is False
    assert client.get("/users/me").json() == changed
    assert client.get(f"/users/{user['id']}").json() == changed

    new = {"password": "another password"}
    problem(client.put("/users/me", json=new), 403)
    problem(client.put("/users/me", json=new | {"current_password": "wrong"}), 403)
    problem(client.put("/users/me", json={"username": "a b"}), 422)
    problem(client.put("/users/me", json={"username": "other", "email": "o@example.com"}), 403)
    assert client.put("/users/me", json=new | {"current_password": PASSWORD}).status_code == 200
    problem(client.get("/users/me"), 401)
    assert tokens(client, user["username"], "another password")


def test_managers_do_not_choose_their_department(
    running_app: RunningApp, boss: httpx2.Client
) -> None:
    _, client = signed_in(running_app, boss, role="manager", department="Sales")
    changed = client.put("/users/me", json={"department": "Research", "job_title": "M"}).json()
    assert (changed["department"], changed["job_title"]) == ("Sales", "M")


def test_users_for_admins(running_app: RunningApp, boss: httpx2.Client) -> None:
    user, client = signed_in(
        running_app, boss, role="manager", department="Sales", is_verified=True
    )
    assert (user["role"], user["is_verified"]) == ("manager", True)
    listed = boss.get("/users").json()
    assert isinstance(listed, list)
    assert user["id"] in {one["id"] for one in listed}
    assert boss.get("/users", params={"skip": 1, "limit": 2}).json() == listed[1:3]
    for odd in ({"skip": -1}, {"limit": 0}, {"limit": "x"}):
        problem(boss.get("/users", params=odd), 422)
    assert boss.get(f"/users/{user['id']}").json()["username"] == user["username"]

    answer = boss.put(f"/users/{user['id']}", json={"role": "user", "full_name": "X"})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["role"], answer.json()["full_name"]) == ("user", "X")
    problem(client.get("/users/me"), 401)
    problem(boss.put(f"/users/{user['id']}", json={"role": "king"}), 422)
    problem(boss.post("/users", json=names() | {"username": user["username"]}), 409)

    assert boss.put(f"/users/{user['id']}", json={"password": "set by admin"}).status_code == 200
    client = with_token(running_app, tokens(boss, user["username"], "set by admin")["access_token"])
    assert boss.put(f"/users/{user['id']}", json={"is_active": False}).status_code == 200
    problem(client.get("/users/me"), 401)
    given = {"username": user["username"], "password": "set by admin"}
    problem(boss.post("/auth/login/json", json=given), 401)

    assert boss.delete(f"/users/{user['id']}").status_code == 204
    for missing in (user["id"], "0" * 16, "x", "a%2Fb", "a%23", "x" * 1500):
        problem(boss.get(f"/users/{missing}"), 404)
        problem(boss.delete(f"/users/{missing}"), 404)
        problem(boss.put(f"/users/{missing}", json={}), 404)


def test_everybody_else_is_refused_existing_or_not(
    running_app: RunningApp, boss: httpx2.Client
) -> None:
    user, client = signed_in(running_app, boss, role="manager")
    other = hired(boss)
    for user_id in (other["id"], "0" * 16, "x"):
        body = problem(client.get(f"/users/{user_id}"), 403)
        assert body == problem(client.delete(f"/users/{user_id}"), 403)
        problem(client.put(f"/users/{user_id}", json={}), 403)
    problem(client.get("/users"), 403)
    problem(client.post("/users", json=names()), 403)
    problem(client.put(f"/users/{user['id']}", json={}), 403)
    anonymous = httpx2.Client(base_url=client.base_url, timeout=60)
    for path in ("/users", "/users/me", f"/users/{other['id']}"):
        problem(anonymous.get(path), 401)


def test_nobody_deletes_themselves_nor_who_has_work_under_way(
    running_app: RunningApp, boss: httpx2.Client
) -> None:
    problem(boss.delete(f"/users/{boss.get('/users/me').json()['id']}"), 403)
    user, client = signed_in(running_app, boss)
    busy = Response(status_code=429, headers={"Retry-After": "1"})
    running_app.model.reset(lambda number, _: busy if number == 1 else None)
    ticket = client.post("/tickets", json=custom()).json()
    problem(boss.delete(f"/users/{user['id']}"), 409)
    assert client.get(f"/tickets/{ticket['id']}").status_code == 200
    ended = running_app.with_client(boss).until_ended(ticket["id"])
    assert ended["status"] == "completed"
    assert boss.delete(f"/users/{user['id']}").status_code == 204
    problem(client.get("/users/me"), 401)
    assert boss.get(f"/tickets/{ticket['id']}").status_code == 200, "his tickets stay"


def test_hostile_tokens(running_app: RunningApp, boss: httpx2.Client) -> None:
    user = hired(boss)
    good = tokens(boss, user["username"])["access_token"]
    head, body, signature = good.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    admin = encoded({**claims, "role": "admin"})
    none = encoded({"alg": "none", "typ": "JWT"})
    for token in (
        f"{head}.{admin}.{signature}",
        f"{none}.{body}.",
        f"{none}.{admin}.{signature}",
        good[:-4],
        "x",
        "a.b.c",
        "é",
        "x" * 5000,
    ):
        headers = {b"Authorization": b"Bearer " + token.encode()}
        problem(httpx2.get(f"{boss.base_url}users/me", headers=headers, timeout=60), 401)


def encoded(value: JsonObject) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_entra_tokens(running_app: RunningApp, entra: Entra, boss: httpx2.Client) -> None:
    client = with_token(running_app, entra.token(oid="eve", roles=["manager"]))
    eve = client.get("/users/me").json()
    assert (eve["email"], eve["role"]) == ("eve@contoso.example", "manager")
    ticket = client.post("/tickets", json=custom()).json()["id"]
    assert running_app.with_client(client).until_ended(ticket)["status"] == "completed"
    admin = with_token(
        running_app, entra.token(oid="kim", roles=["admin"], preferred_username="kim@x.de")
    )
    assert admin.get(f"/users/{eve['id']}").json()["id"] == eve["id"]
    problem(with_token(running_app, entra.token(aud="another")).get("/users/me"), 401)
    assert client.post("/auth/logout", json={"refresh_token": ""}).status_code == 204
    problem(client.get("/users/me"), 401)
    problem(boss.put(f"/users/{eve['id']}", json={"role": "user"}), 409)


def test_after_ten_failures_a_name_has_to_wait_also_after_a_restart(
    running_app: RunningApp, anyone: httpx2.Client, boss: httpx2.Client
) -> None:
    known, unknown = hired(boss)["username"], f"nobody-{secrets.token_hex(4)}"
    for name in (known, unknown):
        for _ in range(10):
            given = {"username": name, "password": "wrong"}
            forged = {"X-Forwarded-For": f"203.0.113.{secrets.randbelow(255)}"}
            problem(anyone.post("/auth/login", data=given, headers=forged), 401)
    running_app.restart()
    base = f"{running_app.host.base_url}/api/v1"
    details = set()
    for name in (known, unknown):
        given = {"username": name, "password": PASSWORD}
        answer = httpx2.post(f"{base}/auth/login", data=given, timeout=60)
        details.add(problem(answer, 429))
        assert 0 < int(answer.headers["Retry-After"]) <= 900
    assert len(details) == 1


def test_no_secret_is_in_the_log(running_app: RunningApp, boss: httpx2.Client) -> None:
    signed_in(running_app, boss)
    log = running_app.host.log
    assert PASSWORD not in log
    assert "eyJ" not in log
    assert "argon2" not in log
