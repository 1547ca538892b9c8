"""Results that cannot be shown: the ticket fails before it is completed, or one format of many is
not to be had."""

import logging
from io import BytesIO
from zipfile import ZipFile

import pytest

from shared.errors import Conflict, FormatFailed
from shared.models import NewTicket, ResultQuery, Status, StoredTicket, StoredUser, validate_model
from shared.sandbox.runner import Limits
from shared.tasks.registry import TASK_TYPES
from shared.tickets.rendering.files import ResultFormat, render_content, render_result
from shared.workflow.messages import StartInput
from tests.support.product.accounts import by
from tests.support.product.app import AppUnderTest
from tests.support.product.workflow import order_of, run, shown
from tests.support.tasks.faulty import BEGUN, CANARY, Fault


@pytest.fixture(autouse=True)
def _faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TASK_TYPES, "faulty", "tests.support.tasks.faulty")


async def opened(app: AppUnderTest, owner: StoredUser, fault: Fault) -> StartInput:
    body = {"title": "T", "task_type": "faulty", "task_data": {"fault": fault.value}}
    made = await app.ticket_opening.open_ticket(by(owner), validate_model(NewTicket, body))
    return order_of(made.ticket)


async def ended(app: AppUnderTest, order: StartInput) -> StoredTicket:
    end = await run(app.activities, order)
    if end["kind"] == "failure":
        await app.activities.fail(order, end["reason"], end["cause"])
    return await shown(app, order)


@pytest.mark.parametrize(
    ("fault", "form", "kind"),
    [
        (Fault.MD, "as md", "KeyError"),
        (Fault.MD_OF_NOTHING, "as md", "ValueError"),
        (Fault.TOO_DEEP, "as json", "ValueError"),
        (Fault.NO_UNICODE, "as json", "NoJsonError"),
        (Fault.NO_TEXT, "as JSON", "NoJsonError"),
        (Fault.NO_JSON, "as JSON", "PydanticSerializationError"),
    ],
)
async def test_what_nobody_could_read_fails_the_ticket(
    app: AppUnderTest,
    owner: StoredUser,
    caplog: pytest.LogCaptureFixture,
    fault: Fault,
    form: str,
    kind: str,
) -> None:
    order = await opened(app, owner, fault)
    with caplog.at_level(logging.ERROR):
        ticket = await ended(app, order)
    assert ticket.status is Status.FAILED
    assert form in (ticket.error_message or "")
    assert "task type" in (ticket.error_message or "")
    record = caplog.records[0]
    assert (ticket.id in record.getMessage(), kind in caplog.text) == (True, True)
    *_, event = await app.tickets.events(ticket.id)
    assert event.metadata["exception"] == kind, "administrators find it in the audit trail"
    assert CANARY not in caplog.text
    assert CANARY not in ticket.model_dump_json()
    with pytest.raises(Conflict):
        await app.ticket_queries.result(by(owner), ticket.id, ResultQuery(format="json"))


def test_markdown_may_be_bytes() -> None:
    result = {"summary": "", "fault": Fault.MD_OF_BYTES}
    content = render_content("faulty", result, ResultFormat.DOCX, "section")
    with ZipFile(BytesIO(content)) as package:
        text = package.read("word/document.xml").decode()
    assert ">Made<" in text, "as Markdown, not as Python shows bytes"
    assert "section" in text


async def test_a_format_that_fails_is_named_and_the_others_stay(
    app: AppUnderTest, owner: StoredUser, caplog: pytest.LogCaptureFixture
) -> None:
    order = await opened(app, owner, Fault.HTML)
    ticket = await ended(app, order)
    assert ticket.status is Status.COMPLETED
    with pytest.raises(FormatFailed) as raised:
        await app.ticket_queries.result(by(owner), ticket.id, ResultQuery(format="html"))
    assert raised.value.status == 501
    assert "cannot be shown as html" in raised.value.detail
    assert raised.value.detail.endswith("Try another of its formats: json, md, docx.")
    assert "rendered as html: KeyError" in caplog.text
    assert CANARY not in caplog.text + raised.value.detail
    for form in ("json", "md", "docx"):
        file = await app.ticket_queries.result(by(owner), ticket.id, ResultQuery(format=form))
        assert file.content


async def test_a_rendering_that_does_not_end_takes_one_thread_and_then_processes_that_are_ended(
    app: AppUnderTest, owner: StoredUser, caplog: pytest.LogCaptureFixture
) -> None:
    ticket = await ended(app, await opened(app, owner, Fault.ENDLESS))
    for _ in range(3):
        with pytest.raises(FormatFailed):
            await render_result(ticket, ResultFormat.HTML, limits=Limits(seconds=0.2))
    assert len(BEGUN) == 1
    assert caplog.text.count("as html: TimeoutError") == 3
    assert (await render_result(ticket, ResultFormat.MD)).content == b"# Made\n"
