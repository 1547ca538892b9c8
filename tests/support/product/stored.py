"""Rows and blobs that an older version of the app has written, put back into storage."""

import base64
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.clients.tables import Verb, Write
from shared.documents.file_types import InMemory
from tests.support.product.app import AppUnderTest

_READ: dict[str, Callable[[str], Any]] = {
    "bytes": base64.b64decode,
    "time": datetime.fromisoformat,
}


def read_fixture(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def value_of(stored: Any) -> Any:
    """A value of a row, as storage gives it."""
    if not isinstance(stored, dict):
        return stored
    [(kind, text)] = stored.items()
    return _READ[kind](text)


async def restore(app: AppUnderTest, fixture: Mapping[str, Any]) -> None:
    """Put storage back as the older version left it."""
    for row in fixture["rows"]:
        values = {name: value_of(value) for name, value in row.items()}
        await app.table.write([Write(Verb.INSERT, values)])
    for blob in fixture["blobs"]:
        data = base64.b64decode(blob["data"])
        if blob["type"] == "AppendBlob":
            await app.container.open_log(blob["name"])
            for line in data.splitlines():
                await app.container.append_log(blob["name"], line)
        else:
            await app.container.write_file(blob["name"], InMemory(memoryview(data)))
