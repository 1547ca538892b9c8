"""Tickets that were in flight when the app was upgraded: `in_flight.json` holds the rows and blobs
of two, and what their last activity answered, as the version before task types were objects wrote
them: a `custom` that was planned, and a `doc_analysis` of whose chunks the first was read."""

import base64
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from shared.clients.tables import Verb, Write
from shared.documents.file_types import InMemory
from shared.models import Status
from tests.support.product.app import AppUnderTest
from tests.support.product.workflow import go_on, shown
from tests.support.servers.model import as_the_stand_in
from tests.support.tasks.analyses import Reader, form_of

IN_FLIGHT = json.loads((Path(__file__).parent / "in_flight.json").read_text(encoding="utf-8"))
_READ: dict[str, Callable[[str], Any]] = {
    "bytes": base64.b64decode,
    "time": datetime.fromisoformat,
}


def value_of(stored: Any) -> Any:
    """A value of a row, as storage gives it."""
    if not isinstance(stored, dict):
        return stored
    [(kind, text)] = stored.items()
    return _READ[kind](text)


async def restore(app: AppUnderTest) -> None:
    """Put storage back as the older version left it."""
    for row in IN_FLIGHT["rows"]:
        values = {name: value_of(value) for name, value in row.items()}
        await app.table.write([Write(Verb.INSERT, values)])
    for blob in IN_FLIGHT["blobs"]:
        data = base64.b64decode(blob["data"])
        if blob["type"] == "AppendBlob":
            await app.container.open_log(blob["name"])
            for line in data.splitlines():
                await app.container.append_log(blob["name"], line)
        else:
            await app.container.write_file(blob["name"], InMemory(memoryview(data)))


@pytest.mark.parametrize("ticket", IN_FLIGHT["tickets"], ids=lambda one: one["order"]["task_type"])
async def test_it_ends_as_if_nothing_had_happened(app: AppUnderTest, ticket: Any) -> None:
    app.model.reset(Reader() if ticket["worked"] else as_the_stand_in)
    await restore(app)

    await go_on(app.activities, ticket["order"], ticket["step"], ticket["worked"])

    ended = await shown(app, ticket["order"])
    assert ended.status is Status.COMPLETED, ended.error_message
    assert ended.result_data["usage"]["calls"] > len(ticket["worked"])
    read = [body for body in app.model.bodies if form_of(body) in ("Analysis", "Answer")]
    assert len(read) == len(ticket["step"]["items"]) - len(ticket["worked"])
