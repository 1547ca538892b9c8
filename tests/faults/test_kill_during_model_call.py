"""kill -9 while the model is thinking: the answer is lost, the ticket is not."""

from threading import Event

import pytest
from starlette.responses import Response

from tests.support.running_app import RunningApp, kill_now
from tests.support.servers.model import Body, Thinking


def test_killed_while_the_model_thinks(running_app: RunningApp) -> None:
    asked = Event()

    def think_once(number: int, _: Body) -> Response | None:
        return Thinking(asked) if number == 1 else None

    running_app.model.reset(think_once)
    ticket = running_app.open()
    assert asked.wait(60)
    kill_now(running_app.host.pid)
    running_app.restart()
    ticket = running_app.until_ended(ticket["id"])
    assert ticket["status"] == "completed", ticket["error_message"]
    assert len(running_app.model.bodies) == 2
    running_app.durable.wait(f"{ticket['id']}-1")
    history = running_app.durable.history(f"{ticket['id']}-1")
    done = [e["FunctionName"] for e in history if e["EventType"] == "TaskCompleted"]
    assert done == ["custom_plan"]
    assert "is begun again: nothing was heard of an earlier start." in ticket["processing_logs"]
    told = running_app.api.get(f"/tickets/{ticket['id']}/timeline").json()
    [lost] = [entry for entry in told["entries"] if entry["waits_for"] == "restart"]
    assert lost["seconds"] > 0
    spent = sum(share["seconds"] for share in told["shares"])
    assert spent == pytest.approx(told["seconds"], abs=0.01), "to the rounding of each"
