"""The page with the description: it works from the app alone."""

import re

import pytest

from tests.support.hosts.process import ROOT
from tests.support.running_app import RunningApp


@pytest.mark.parametrize("path", ["/docs", "/docs/", "/Docs"])
def test_the_page_loads_only_what_the_app_serves(running_app: RunningApp, path: str) -> None:
    page = running_app.api.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    parts = [address for address in loaded if not address.startswith("data:")]
    assert len(parts) == 3
    for address in parts:
        assert address.startswith("/api/v1/docs/")
        part = running_app.host.client.get(address)
        assert part.status_code == 200
        assert part.headers["x-content-type-options"] == "nosniff"


def test_the_browser_is_told_to_load_nothing_else(running_app: RunningApp) -> None:
    policy = running_app.api.get("/docs").headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule in rules.values():
        assert set(rule.split()) <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
    assert rules["script-src"] == "'self'"


def test_its_script_asks_nobody_else(running_app: RunningApp) -> None:
    script = running_app.api.get("/docs/start.js").text
    assert '"/api/v1/openapi.json"' in script
    assert "http" not in script
    assert "validatorUrl: null" in script
    assert "prefers-color-scheme: dark" in script
    style = running_app.api.get("/docs/swagger-ui.css").text
    assert "html.dark-mode" in style
    assert not re.findall(r"url\((?!['\"]?data:)|@import|sourceMappingURL", style)
    assert "sourceMappingURL" not in running_app.api.get("/docs/swagger-ui-bundle.js").text[-500:]


@pytest.mark.parametrize(
    "name", ["index.html", "LICENSE", "..%2Fmeta.py", "%2e%2e/meta.py", "nothing.js"]
)
def test_no_other_file_can_be_had(running_app: RunningApp, name: str) -> None:
    assert running_app.api.get(f"/docs/{name}").status_code == 404


def test_it_is_deployed() -> None:
    ignored = (ROOT / ".funcignore").read_text().split()
    for path in (ROOT / "functions" / "swagger").iterdir():
        assert not {*path.relative_to(ROOT).parts, path.name} & set(ignored)
    assert (ROOT / "functions" / "swagger" / "LICENSE").exists()


def test_tickets_come_first(running_app: RunningApp) -> None:
    tags = [tag["name"] for tag in running_app.api.get("/openapi.json").json()["tags"]]
    assert tags[0] == "tickets"
    assert tags[1:] == sorted(tags[1:])
