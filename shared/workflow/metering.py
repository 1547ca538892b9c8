"""What the model read, wrote and cost, as metrics by type of ticket and user."""

from shared.models import Call, Record, StoredTicket
from shared.settings.model import PriceSettings
from shared.telemetry.metrics import record as measure
from shared.telemetry.names import Attribute, Metric


class Metering:
    """Measures calls of the model by this price table."""

    def __init__(self, prices: PriceSettings) -> None:
        self._prices = prices

    def of(self, ticket: StoredTicket, record: Record) -> Record:
        """`record`, as somebody who measures what goes there. A call that was remembered was no
        call."""

        async def note(call: Call) -> None:
            if not call.reused:
                self._measure(ticket, call)
            await record(call)

        return note

    def _measure(self, ticket: StoredTicket, call: Call) -> None:
        facts: dict[Attribute, str | int] = {
            Attribute.TASK_TYPE: ticket.task_type,
            Attribute.OWNER: ticket.created_by,
            Attribute.MODEL: call.model or "",
        }
        for kind, count in (
            ("input", call.prompt_tokens - call.cached),
            ("cached", call.cached),
            ("output", call.completion_tokens),
        ):
            if count:
                measure(Metric.TOKENS, count, {**facts, Attribute.TOKEN_TYPE: kind})
        cost = self._prices.cost(call.prompt_tokens, call.cached, call.completion_tokens)
        if cost:
            measure(Metric.COST, cost, facts)
