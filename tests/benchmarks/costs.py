"""What a ticket of each type costs in Azure, in counts: calls of storage by the app and by the
Durable extension, and tokens. docs/operations.md turns them into money."""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx2

from infra.local.azurite import Azurite, Ports
from infra.local.demo import SAMPLE
from tests.benchmarks.verdicts import Row, tell
from tests.support.hosts.durable_extension import find_durable_host
from tests.support.hosts.process import HostKind
from tests.support.running_app import JsonObject, RunningApp, custom, run_app
from tests.support.servers.stand_ins import stand_in
from tests.support.servers.storage_proxy import Call, StorageProxy, storage_proxy

AS_SHIPPED = {"SWEEP_SCHEDULE": "0 0 3 * * *", "SWEEP_AFTER_SECONDS": "60"}
SETTLING_SECONDS = 5.0
TICKETS = 5
Send = Callable[[httpx2.Client], httpx2.Response]


def measure() -> list[Row]:
    """What was measured, and whether it holds its target."""
    if find_durable_host() is None:
        return [tell("costs on the Durable extension", "it is not here")]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        azurite = stack.enter_context(Azurite(folder / "azurite", Ports(0, 0, 0)))
        hub = stack.enter_context(storage_proxy(azurite.connection_string))
        model = stack.enter_context(stand_in("infra.local.model"))
        github = stack.enter_context(
            stand_in("infra.local.github", "--state", str(folder / "reviews.json"))
        )
        running_app = stack.enter_context(
            run_app(
                azurite.connection_string,
                folder / "host",
                HostKind.REAL,
                AzureWebJobsStorage=hub.connection_string,
                MODEL_BASE_URL=f"{model}/v1",
                GITHUB_API_URL=f"{github}/api/v3",
                **AS_SHIPPED,
            )
        )
        return [_measured(name, send, running_app, hub) for name, send in _tickets(github).items()]


def _tickets(github: str) -> dict[str, Send]:
    document = {"title": "T", "task_type": "doc_analysis", "task_data": {}}
    review = {"pr_url": f"{github}/example/shop/pull/1"}
    return {
        "custom": lambda api: api.post("/tickets", json=custom()),
        "doc_analysis, 11 pages": lambda api: api.post(
            "/tickets",
            files={
                "ticket": (None, json.dumps(document), "application/json"),
                "files": (SAMPLE.name, SAMPLE.read_bytes(), "application/pdf"),
            },
        ),
        "pr_review, the sample": lambda api: api.post(
            "/tickets", json={"title": "T", "task_type": "pr_review", "task_data": review}
        ),
    }


def _measured(name: str, send: Send, running_app: RunningApp, hub: StorageProxy) -> Row:
    # After the first one tables and containers are there; answers may come from the cache then.
    first, _ = _run(send, running_app)
    running_app.storage.reset()
    hub.reset()
    polls = sum(_run(send, running_app)[1] for _ in range(TICKETS))
    time.sleep(SETTLING_SECONDS)
    app = Counter(_class_of(call) for call in running_app.storage.calls)
    app["table"] -= polls
    work = [call for call in hub.calls if not _is_poll(call)]
    durable = Counter(call.service for call in work)
    usage = first["result_data"]["usage"]
    tokens = f"{usage['prompt_tokens']:,} + {usage['completion_tokens']:,} tokens"
    return tell(f"a ticket, {name}", f"app {_each(app)}; hub {_each(durable)}; {tokens}")


def _run(send: Send, running_app: RunningApp) -> tuple[JsonObject, int]:
    """One ticket at its end, and how often it was looked at."""
    answer = send(running_app.api)
    assert answer.status_code == 201, answer.text
    looks = 0
    ticket: JsonObject = answer.json()
    while ticket["status"] in ("pending", "processing"):
        time.sleep(0.5)
        ticket = running_app.read(ticket["id"])
        looks += 1
    assert ticket["status"] == "completed", ticket["error_message"]
    return ticket, looks


def _class_of(call: Call) -> str:
    """What is priced alike: of blobs what reads one, and what writes one or lists them."""
    if call.service != "blob":
        return call.service
    reads = call.method in ("GET", "HEAD") and call.path.count("/") > 2  # /account/container/name
    return "blob reads" if reads else "blob writes"


def _is_poll(call: Call) -> bool:
    """Asking a queue for messages, or renewing what a host holds, is done without a ticket too."""
    return (call.service == "queue" and call.method == "GET") or "leases" in call.path


def _each(counts: Counter[str]) -> str:
    return ", ".join(f"{n / TICKETS:.0f} {service}" for service, n in sorted(counts.items()))
