"""Secrets lie nowhere but where they are kept, and content nowhere but in tickets and their files:
one text for each that must not be found is sent through tickets of all kinds, and looked for in
logs, telemetry, workflow histories, tables, blobs, audit and errors."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from starlette.responses import JSONResponse

from infra.local.webpubsub import DEFAULT_KEY
from tests.support.git.history import History
from tests.support.hosts.process import wait_for
from tests.support.running_app import JsonObject, RunningApp
from tests.support.servers.entra import AUDIENCE, TENANT, Entra, entra_server
from tests.support.servers.github import TOKEN, GitHubServer
from tests.support.servers.realtime import run_with_realtime
from tests.support.servers.snowflake import LocalSnowflake
from tests.support.tasks.questions import Writer
from tests.support.tasks.reviewer import BASE, HEAD, Reviewer, proposed
from tests.support.telemetry import TelemetryFile

SECRETS = {
    "SECRET_KEY": "canary-jwt-key-0123456789abcdef0123456789",
    "AUDIT_KEY": "canary-audit-key-0123456789abcdef01234567",
    "BOOTSTRAP_ADMIN_PASSWORD": "canary-admin-password",
    "AZURE_OPENAI_API_KEY": "canary-model-key",
}
PASSWORD, NEW_PASSWORD, WRONG_PASSWORD = (f"canary-{word}-password" for word in ("a", "b", "c"))
_WORDS = """title description context prompt schema document filename topic notes question code chat
reply fault invalid broken query header dropped"""
CONTENT = {word: f"canary{word}zqx" for word in _WORDS.split()}
HOMES = {"amida-work", "uploads", "rejected"}
"""Containers in which content belongs."""
ADMIN = "root@example.com"


@pytest.fixture(scope="module")
def entra() -> Iterator[Entra]:
    with entra_server() as server:
        yield server


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> TelemetryFile:
    return TelemetryFile(tmp_path_factory.mktemp("told") / "told.jsonl")


@pytest.fixture(scope="module")
def running_app(
    storage: str,
    github: GitHubServer,
    snowflake: LocalSnowflake,
    entra: Entra,
    told: TelemetryFile,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningApp]:
    settings = {
        **snowflake.settings(),
        **github.settings,
        **SECRETS,
        "ENTRA_TENANT_ID": TENANT,
        "ENTRA_AUDIENCE": AUDIENCE,
        "ENTRA_AUTHORITY": entra.authority,
        "BOOTSTRAP_ADMIN_EMAIL": ADMIN,
        "TELEMETRY_FILE": str(told.path),
        "TELEMETRY_TRACES_PER_SECOND": "1000",
        "AUDIT_DIGEST_SECONDS": "1",
    }
    folder = tmp_path_factory.mktemp("running_app")
    with run_with_realtime(storage, folder, **settings) as (running, _):
        yield running


class Canaries:
    """What was sent, and the answers that were errors."""

    def __init__(self, app: RunningApp) -> None:
        self.app = app
        self.secrets = {**SECRETS, "GITHUB_TOKEN": TOKEN, "WEBPUBSUB": DEFAULT_KEY}
        self.secrets |= {"old": PASSWORD, "new": NEW_PASSWORD, "wrong": WRONG_PASSWORD}
        self.errors: list[str] = []
        self.instances: list[str] = []

    def sign_in(self, name: str, password: str) -> httpx2.Client:
        client = httpx2.Client(base_url=f"{self.app.host.base_url}/api/v1", timeout=30)
        answer = client.post("/auth/login", data={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        signed = answer.json()
        self.secrets[f"access of {name}"] = signed["access_token"]
        self.secrets[f"refresh of {name}"] = signed["refresh_token"]
        client.headers["Authorization"] = f"Bearer {signed['access_token']}"
        return client

    def use_account(self) -> httpx2.Client:
        """Register, fail to sign in, change the password, and send a token in a path."""
        new = {"email": "eve@example.com", "username": "eve", "password": PASSWORD}
        assert self.app.api.post("/auth/register", json=new).status_code == 201
        wrong = {"username": "eve", "password": WRONG_PASSWORD}
        self.fail(self.app.api.post("/auth/login", data=wrong))
        eve = self.sign_in("eve", PASSWORD)
        change = {"password": NEW_PASSWORD, "current_password": PASSWORD}
        assert eve.put("/users/me", json=change).status_code == 200
        eve = self.sign_in("eve", NEW_PASSWORD)
        eve.get(f"/ws/ws/{eve.headers['Authorization'].removeprefix('Bearer ')}")
        self.secrets["forged"] = "eyJhbGciOiJub25lIn0.canary-forged-token."
        forged = {"Authorization": f"Bearer {self.secrets['forged']}"}
        self.fail(eve.get("/users/me", headers=forged))
        return eve

    def use_realtime(self, client: httpx2.Client) -> None:
        """Ask for an address to listen at, and pose as the service."""
        url = client.get("/ws/negotiate").raise_for_status().json()["url"]
        self.secrets["realtime"] = url.partition("access_token=")[2]
        self.secrets["signature"] = "sha256=canary-signature"
        headers = {"ce-connectionId": "x", "ce-signature": self.secrets["signature"]}
        self.fail(client.post("/ws/events", content=b"{}", headers=headers))

    def use_entra(self, entra: Entra) -> None:
        """Tokens of Microsoft Entra ID: one that counts, also in a path, and two that do not."""
        good, late, foreign = (
            entra.token(oid="canary"),
            entra.token(oid="canary", exp=1),
            entra.token(oid="canary", aud="api://canary"),
        )
        self.secrets |= {"entra": good, "late entra": late, "foreign entra": foreign}
        anyone = httpx2.Client(base_url=f"{self.app.host.base_url}/api/v1", timeout=30)
        me = anyone.get("/users/me", headers={"Authorization": f"Bearer {good}"})
        assert me.status_code == 200, me.text
        assert anyone.get(f"/ws/ws/{good}").status_code == 200
        for token in (late, foreign):
            self.fail(anyone.get("/users/me", headers={"Authorization": f"Bearer {token}"}))
            self.fail(anyone.get(f"/ws/ws/{token}"))

    def use_reset(self, admin: httpx2.Client, user: httpx2.Client) -> None:
        """A token to set a password, and one that is wrong."""
        user_id = user.get("/users/me").json()["id"]
        token = admin.post(f"/users/{user_id}/password-reset").raise_for_status().json()["token"]
        self.secrets["reset"] = token.partition(".")[2]
        body = {"token": f"{token}x", "password": NEW_PASSWORD}
        self.fail(admin.post("/auth/password-reset", json=body))

    def run(self, client: httpx2.Client, task_type: str, status: str, **data: Any) -> JsonObject:
        """A ticket of this type, once it has ended as it should."""
        body: JsonObject = {"task_type": task_type, "task_data": data}
        body |= {"title": CONTENT["title"], "description": CONTENT["description"]}
        answer = client.post("/tickets", json=body)
        assert answer.status_code == 201, answer.text
        ticket: JsonObject = answer.json()
        if task_type == "doc_analysis":
            text = f"The mole of {CONTENT['document']} is closed in winter for all ships."
            files = {"file": (f"{CONTENT['filename']}.txt", text.encode())}
            added = client.post(f"/tickets/{ticket['id']}/attachments", files=files)
            assert added.status_code == 201, added.text

        def ended() -> JsonObject | None:
            found: JsonObject = client.get(f"/tickets/{ticket['id']}").json()
            return found if found["status"] in ("completed", "failed") else None

        found = wait_for(ended, f"the end of {task_type}", 60)
        assert found["status"] == status, found["error_message"]
        self.instances.append(f"{ticket['id']}-1")
        return found

    def fail(self, answer: httpx2.Response) -> None:
        """Keep what an error says."""
        assert answer.status_code >= 400, answer.text
        self.errors.append(f"{answer.status_code} {answer.headers} {answer.text}")


def send_mistakes(canaries: Canaries, eve: httpx2.Client) -> None:
    """Requests that are refused for what is in them."""
    json_type = {"Content-Type": "application/json", "X-Odd": CONTENT["header"]}
    broken = f'{{"title": "{CONTENT["broken"]}'.encode()
    canaries.fail(eve.post("/tickets", content=broken, headers=json_type))
    wrong = {"title": {"a": CONTENT["invalid"]}, "task_type": CONTENT["invalid"], "task_data": 1}
    canaries.fail(eve.post("/tickets", json=wrong))
    schema = {"type": CONTENT["schema"], CONTENT["schema"]: {"$ref": "http://127.0.0.1:9/"}}
    data = {"task_description": "x", "output_schema": schema}
    bad = {"title": "x", "task_type": "custom", "task_data": data}
    canaries.fail(eve.post("/tickets", json=bad))
    form = {"file": (f"../{CONTENT['filename']}\x01.exe", CONTENT["document"].encode())}
    canaries.fail(eve.post("/tickets/nobody/attachments", files=form))
    canaries.fail(eve.get(f"/tickets?cursor={CONTENT['query']}"))


@pytest.fixture(scope="module")
def canaries(
    running_app: RunningApp,
    github: GitHubServer,
    entra: Entra,
    tmp_path_factory: pytest.TempPathFactory,
) -> Canaries:
    """All was sent, and all tickets have ended."""
    sent, model = Canaries(running_app), running_app.model
    eve = sent.use_account()
    admin = sent.sign_in(ADMIN, SECRETS["BOOTSTRAP_ADMIN_PASSWORD"])
    sent.use_realtime(eve)
    sent.use_entra(entra)
    sent.use_reset(admin, eve)
    prompt = {"task_description": CONTENT["prompt"], "context": CONTENT["context"]}
    sent.run(eve, "custom", "completed", **prompt)
    sent.run(eve, "doc_analysis", "completed", instructions=CONTENT["prompt"])
    paper = {"topic": CONTENT["topic"], "research_notes": f"{CONTENT['notes']} sings at dawn."}
    sent.run(eve, "paper_writing", "completed", **paper)
    model.reset(Reviewer(lambda _: [proposed(f"start = 1 # {CONTENT['reply']}")]))
    history = History(tmp_path_factory.mktemp("review") / "app")
    history.commit({"shop/orders.py": BASE})
    history.branch("feature")
    history.commit({"shop/orders.py": f"{HEAD}# {CONTENT['code']}\n"})
    url = github.serve(history)
    sent.run(eve, "pr_review", "completed", pr_url=url, additional_instructions=CONTENT["chat"])
    model.reset(Writer(["SELECT REGION_NAME FROM SALES.PUBLIC.REGIONS"]))
    sent.run(eve, "snowflake_query", "completed", query_request=f"Sales of {CONTENT['question']}?")
    model.reset(lambda *_: JSONResponse({"error": {"message": CONTENT["fault"]}}, 400))
    sent.run(eve, "custom", "failed", **prompt)
    model.reset()
    send_mistakes(sent, eve)
    with BlobServiceClient.from_connection_string(running_app.storage.upstream) as service:
        with suppress(ResourceExistsError):
            service.create_container("uploads")
        dropped = f"nobody/{CONTENT['dropped']}.txt"
        service.get_container_client("uploads").upload_blob(dropped, CONTENT["dropped"].encode())
        reason = service.get_blob_client("rejected", f"{dropped}.reason.json")
        wait_for(reason.exists, "the rejected file")
    return sent


@pytest.fixture(scope="module")
def tables(running_app: RunningApp, canaries: Canaries) -> dict[str, str]:
    """The rows of all tables, by table and keys."""
    upstream = running_app.storage.upstream
    with TableServiceClient.from_connection_string(upstream) as service:
        return {
            f"{table.name} {row['PartitionKey']} {row['RowKey']}": str(dict(row))
            for table in service.list_tables()
            for row in service.get_table_client(table.name).list_entities()
        }


@pytest.fixture(scope="module")
def blobs(running_app: RunningApp, canaries: Canaries) -> dict[str, str]:
    """All blobs, by container and name."""
    upstream = running_app.storage.upstream
    with BlobServiceClient.from_connection_string(upstream) as service:
        return {
            f"{container.name}/{blob.name}": service.get_blob_client(container.name, blob.name)
            .download_blob()
            .readall()
            .decode("latin-1")
            + str(blob.metadata)
            for container in service.list_containers()
            for blob in service.get_container_client(container.name).list_blobs(
                include=["metadata"]
            )
        }


@pytest.fixture(scope="module")
def elsewhere(running_app: RunningApp, canaries: Canaries, told: TelemetryFile) -> dict[str, str]:
    """Where neither secrets nor content belong."""
    found = {"log": running_app.host.log, "telemetry": told.path.read_text()}
    found["errors"] = "\n".join(canaries.errors)
    for path in sorted(running_app.host.state.glob("durable.sqlite*")):
        found[path.name] = path.read_bytes().decode("latin-1")
    for instance in canaries.instances:
        found[f"history of {instance}"] = json.dumps(running_app.durable.history(instance))
    admin = canaries.sign_in(ADMIN, SECRETS["BOOTSTRAP_ADMIN_PASSWORD"])
    cursor, number = "", 0
    while cursor is not None:
        page = admin.get("/audit", params={"cursor": cursor} if cursor else {}).json()
        found[f"audit {number}"] = json.dumps(page["events"])
        cursor, number = page["next_cursor"], number + 1
    return found


def find(wanted: dict[str, str], places: dict[str, str]) -> list[tuple[str, str]]:
    """Which of them is where."""
    return [
        (name, place)
        for place, text in places.items()
        for name, value in wanted.items()
        if value in text or value.encode().hex() in text
    ]


def test_all_places_are_looked_at(
    elsewhere: dict[str, str], tables: dict[str, str], blobs: dict[str, str]
) -> None:
    """The search would find them: content is found where it belongs."""
    found = {name for name, _ in find(CONTENT, tables | blobs)}
    assert {"title", "document", "code", "notes", "filename", "dropped"} <= found
    for kind in ('"span"', '"metric"', '"log"'):
        assert kind in elsewhere["telemetry"]
    assert "custom_plan" in elsewhere["log"]
    assert any(place.startswith("audit-digests/") for place in blobs)


def test_secrets_are_nowhere(
    canaries: Canaries, elsewhere: dict[str, str], tables: dict[str, str], blobs: dict[str, str]
) -> None:
    assert find(canaries.secrets, elsewhere | tables | blobs) == []


def test_content_is_in_no_log_history_span_metric_or_error(elsewhere: dict[str, str]) -> None:
    audited = {place: text for place, text in elsewhere.items() if place.startswith("audit")}
    others = {place: text for place, text in elsewhere.items() if place not in audited}
    # The local host names the paths of blobs, as the platform does.
    assert set(find(CONTENT, others)) <= {("dropped", "log")}
    # An administrator sees by its name which file was added, and what was set aside.
    names = {"filename", "dropped", "title"}
    assert {name for name, _ in find(CONTENT, audited)} <= names


def test_content_is_in_the_rows_of_tickets_and_blobs_of_their_own(
    tables: dict[str, str], blobs: dict[str, str]
) -> None:
    homes = {place.partition("/")[0] for _, place in find(CONTENT, blobs)}
    assert homes <= HOMES
    strays = [name for name, place in find(CONTENT, tables) if not place.startswith("tickets ")]
    assert set(strays) <= {"dropped"}, "but that a file of nobody's was set aside"
