"""Tickets that were in flight when the app was upgraded: `in_flight.json` holds the rows and blobs
of two, and what their last activity answered, as the version before task types were objects wrote
them: a `custom` that was planned, and a `doc_analysis` of whose chunks the first was read."""

from pathlib import Path
from typing import Any

import pytest

from shared.models import Status
from tests.support.product.app import AppUnderTest
from tests.support.product.stored import read_fixture, restore
from tests.support.product.workflow import go_on, shown
from tests.support.servers.model import as_the_stand_in
from tests.support.tasks.analyses import Reader, form_of

IN_FLIGHT = read_fixture(Path(__file__).parent / "in_flight.json")


@pytest.mark.parametrize("ticket", IN_FLIGHT["tickets"], ids=lambda one: one["order"]["task_type"])
async def test_it_ends_as_if_nothing_had_happened(app: AppUnderTest, ticket: Any) -> None:
    app.model.reset(Reader() if ticket["worked"] else as_the_stand_in)
    await restore(app, IN_FLIGHT)

    await go_on(app.activities, ticket["order"], ticket["step"], ticket["worked"])

    ended = await shown(app, ticket["order"])
    assert ended.status is Status.COMPLETED, ended.error_message
    assert ended.result_data["usage"]["calls"] > len(ticket["worked"])
    read = [body for body in app.model.bodies if form_of(body) in ("Analysis", "Answer")]
    assert len(read) == len(ticket["step"]["items"]) - len(ticket["worked"])
