"""The page for people, as a browser is given it."""

import re

import pytest

from tests.support.hosts.process import ROOT
from tests.support.running_app import RunningApp

PAGE = ROOT / "functions" / "console_page"
MAX_BYTES = 150_000


def test_all_of_it_is_small() -> None:
    served = [path for path in PAGE.rglob("*") if path.suffix in (".html", ".js", ".css")]
    assert sum(path.stat().st_size for path in served) <= MAX_BYTES


@pytest.mark.parametrize("path", ["/console", "/console/"])
def test_all_that_it_loads_the_app_serves(running_app: RunningApp, path: str) -> None:
    page = running_app.api.get(path)
    assert page.headers["content-type"].startswith("text/html")
    todo = re.findall(r'(?:src|href)="(/[^"]*)"', page.text)
    seen: set[str] = set()
    while todo:
        address = todo.pop()
        if address in seen:
            continue
        seen.add(address)
        part = running_app.host.client.get(address)
        assert part.status_code == 200, address
        assert part.headers["x-content-type-options"] == "nosniff"
        todo += [
            f"/api/v1/console/{name}" for name in re.findall(r'from ?"\./([\w.]+)"', part.text)
        ]
        assert not re.search(r"sourceMappingURL|@import|\burl\(|eval\(|new Function", part.text)
    assert len(seen) == len(list(PAGE.rglob("*.js"))) + 1


def test_the_browser_is_told_to_run_and_load_nothing_else(running_app: RunningApp) -> None:
    policy = running_app.api.get("/console").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert (rules["script-src"], rules["style-src"]) == ("'self'", "'self'")
    assert rules["connect-src"] == "'self'"  # There is no realtime service here, and no tenant.
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"


def test_what_is_known_already_is_not_sent_again(running_app: RunningApp) -> None:
    for path in ("/console", "/console/app.js"):
        first = running_app.api.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = running_app.api.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["index.html", "LICENSE", "..%2Fhttp.py", "vendor%2Fpreact.js"])
def test_no_other_file_can_be_had(running_app: RunningApp, name: str) -> None:
    assert running_app.api.get(f"/console/{name}").status_code == 404
