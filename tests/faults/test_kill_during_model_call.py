"""kill -9 while the model is thinking: the answer is lost, the ticket is not."""

from threading import Event

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tests.model_server import Body
from tests.world import World, kill_now


class Thinking(Response):
    """Tells that it was asked, and never answers."""

    def __init__(self, asked: Event) -> None:
        super().__init__()
        self._asked = asked

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait until whoever asks is gone."""
        self._asked.set()
        while (await receive())["type"] != "http.disconnect":
            pass


def test_killed_while_the_model_thinks(world: World) -> None:
    asked = Event()

    def think_once(number: int, _: Body) -> Response | None:
        return Thinking(asked) if number == 1 else None

    world.model.reset(think_once)
    ticket = world.open()
    assert asked.wait(20)
    kill_now(world.host.pid)
    world.restart()
    ticket = world.until_ended(ticket["id"])
    assert ticket["status"] == "completed", ticket["error_message"]
    assert len(world.model.bodies) == 2
    world.durable.wait(f"{ticket['id']}-1")
    history = world.durable.history(f"{ticket['id']}-1")
    done = [e["FunctionName"] for e in history if e["EventType"] == "TaskCompleted"]
    assert done == ["custom_plan", "custom_work", "custom_combine", "finish_ticket"]
