"""What the first ticket needs is imported in the background once the first answer is out: most of a
cold start is the import of clients, and whoever has signed in still writes the ticket."""

from functools import cache
from importlib import import_module

from shared.telemetry.background import do_in_background

_NEEDED = (
    "shared.tickets.opening",
    "shared.app.dependencies",
    "shared.clients.llm.client",
    "openai.resources.chat.chat",  # The SDK imports these at its first call,
    "openai.resources.chat.completions.completions",
    "openai.types.chat.completions",
    "httpcore2",  # and its HTTP client these.
    "anyio._backends._asyncio",
    "anyio.abc",
    "shared.tasks.custom",
    "shared.workflow.activities",
    "shared.workflow.contexts",
    "shared.workflow.step_runs",
    "shared.tickets.results",
    "shared.tickets.realtime.notifications",
    "shared.clients.realtime",
    "azure.messaging.webpubsubservice.aio",
    "shared.tickets.statistics.ended_sums",
    "shared.attachments.inbox",
)


@cache
def begin_early_imports() -> None:
    """Do so once a process."""
    do_in_background(_import_all)


def _import_all() -> None:
    for name in _NEEDED:
        import_module(name)
    import_module("shared.clients.http").read_certificates()
