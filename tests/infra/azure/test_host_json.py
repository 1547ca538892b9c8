"""Each value of host.json is justified in docs/operations.md."""

import json
import re
from collections.abc import Iterator
from typing import Any

from infra.checks.bicep import ROOT

NOT_A_CHOICE = {"version", "id"}


def values(section: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The innermost keys with their values, as the page names them."""
    for key, value in section.items():
        if isinstance(value, dict) and key != "extensionBundle":
            yield from values(value)
        elif isinstance(value, dict):
            yield key, value["version"]
        elif key not in NOT_A_CHOICE or value == "V2":
            yield key, str(value).lower() if isinstance(value, bool) else str(value)


def words(value: str) -> str:
    """How a person writes it: 10 min for 00:10:00."""
    if found := re.fullmatch(r"00:(\d\d):(\d\d)", value):
        minutes, seconds = map(int, found.groups())
        return f"{minutes} min" if minutes else f"{seconds} s"
    return value


def test_every_value_has_its_reason() -> None:
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8").replace("\\*", "*")
    table = page.partition("\n## host.json\n")[2].partition("\n## ")[0]
    rows = [row for row in table.splitlines() if row.startswith("| ")][1:]
    host = json.loads((ROOT / "host.json").read_text())
    missing = [
        f"{key} {value}"
        for key, value in values(host)
        if not any(key in row.split("|")[1] and words(value) in row.split("|")[1] for row in rows)
    ]
    assert missing == []
    assert all(len(row.split("|")[2].strip()) > 5 for row in rows)
