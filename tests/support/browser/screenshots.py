"""`python -m tests.support.browser.screenshots`: the pictures of the console that the README shows,
of the app with its stand-ins and a ticket of each kind."""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2

from infra.local.run import Ready, running
from tests.support.browser.chromium import find_chromium, open_browser

_ROOT = Path(__file__).parents[3]
_AGREEMENT = _ROOT / "infra/local/samples/harbour-services-agreement.pdf"
_PORT = 7771
_SECONDS = 120.0
_POLL = 0.2


def main() -> None:
    if find_chromium() is None:
        sys.exit("There is no Chromium here: apt-get install chromium, or set CHROMIUM.")
    with (
        tempfile.TemporaryDirectory() as state,
        running(_PORT, Path(state), lambda _: None) as copy,
        open_browser(copy.ready.api_url) as browser,
    ):
        ready = copy.ready
        tickets = _open_tickets(ready)
        admin: dict[str, Any] = {"user": ready.admin_email, "password": ready.admin_password}
        made = browser.go("pictures", tickets=tickets, folder=str(_ROOT / "docs"), **admin)
    print("\n".join(made))  # noqa: T201 - it is what was made


def _open_tickets(ready: Ready) -> list[str]:
    """The ids of a document analysis and a review, both at their end."""
    with httpx2.Client(base_url=ready.api_url, timeout=30) as api:
        who = {"username": ready.admin_email, "password": ready.admin_password}
        token = api.post("/auth/login", data=who).json()["access_token"]
        api.headers["Authorization"] = f"Bearer {token}"
        analysis = {
            "title": "Harbour services agreement",
            "task_type": "doc_analysis",
            "task_data": {"analysis_type": "contract"},
        }
        files: list[Any] = [
            ("ticket", (None, json.dumps(analysis), "application/json")),
            ("files", (_AGREEMENT.name, _AGREEMENT.read_bytes())),
        ]
        review = {
            "title": "Orders, faster",
            "task_type": "pr_review",
            "task_data": {"pr_url": f"{ready.github.partition('/api/')[0]}/example/shop/pull/1"},
        }
        opened = [api.post("/tickets", files=files), api.post("/tickets", json=review)]
        ids = [answer.raise_for_status().json()["id"] for answer in opened]
        deadline = time.monotonic() + _SECONDS
        while any(_runs(api, ticket) for ticket in ids) and time.monotonic() < deadline:
            time.sleep(_POLL)
    return ids


def _runs(api: httpx2.Client, ticket: str) -> bool:
    return api.get(f"/tickets/{ticket}").json()["status"] in ("pending", "processing")


if __name__ == "__main__":
    main()
