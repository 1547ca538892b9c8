"""Tickets as models that know their task type: what the API description says of them."""

from collections.abc import Iterable
from functools import cached_property, reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, create_model
from typing_extensions import TypeAliasType

from shared.models import Model, NewTicket, Ticket, TicketPage, TicketsQuery, Usage
from shared.tasks.registry import TASK_TYPES, find_task_type


class Empty(Model):
    """Without members: what is not there, or too long for a list."""

    model_config = ConfigDict(json_schema_extra={"maxProperties": 0})


class TypedTickets:
    """New tickets are of the types that are `enabled`; others may be of one that was so once, or
    failed because it is not."""

    def __init__(self, enabled: Iterable[str]) -> None:
        self._enabled = list(enabled)
        self.data = {name: _type_data(name) for name in TASK_TYPES}
        self._results = {name: _type_result(name) for name in TASK_TYPES}

    @cached_property
    def new_ticket(self) -> Any:
        """What opens a ticket."""
        return _tell_apart("TicketCreate", map(self._type_new_ticket, self._enabled))

    @cached_property
    def ticket(self) -> Any:
        """A ticket, whatever its status, whole or in a list."""
        return _tell_apart("Ticket", map(self._type_ticket, TASK_TYPES))

    @cached_property
    def ticket_page(self) -> type[TicketPage]:
        """Several of them."""
        tickets: Any = (list[self.ticket], ...)  # type: ignore[name-defined]
        return create_model("TicketPage", __base__=TicketPage, tickets=tickets)

    @cached_property
    def tickets_query(self) -> type[TicketsQuery]:
        """The filters of tickets."""
        task_type: Any = (Literal[tuple(TASK_TYPES)] | None, None)
        return create_model("TicketsQuery", __base__=TicketsQuery, task_type=task_type)

    @cached_property
    def result(self) -> Any:
        """A whole result; or a part of one, or another form that is JSON, too."""
        return reduce(or_, [*self._results.values(), dict[str, Any]])

    def _type_new_ticket(self, name: str) -> type[NewTicket]:
        data: Any = self.data[name]
        is_needed = any(field.is_required() for field in data.model_fields.values())
        fields: Any = {
            "task_type": (Literal[name], ...),
            "task_data": (data, ... if is_needed else {}),
        }
        example = {
            "title": "A ticket",
            "task_type": name,
            "task_data": find_task_type(name).example,
        }
        extra = {"json_schema_extra": {"examples": [example]}}
        made: type[NewTicket] = create_model(
            f"{_title(name)}TicketCreate", __base__=NewTicket, __cls_kwargs__=extra, **fields
        )
        return made

    def _type_ticket(self, name: str) -> type[Ticket]:
        fields: Any = {
            "task_type": (Literal[name], ...),
            "result_data": (self._results[name] | Empty, ...),
        }
        made: type[Ticket] = create_model(f"{_title(name)}Ticket", __base__=Ticket, **fields)
        return made


def _title(task_type: str) -> str:
    return task_type.title().replace("_", "")


def _tell_apart(name: str, kinds: Iterable[Any]) -> Any:
    kind: Any = Annotated[reduce(or_, kinds), Field(discriminator="task_type")]
    return TypeAliasType(name, kind)


def _type_data(name: str) -> Any:
    return create_model(f"{_title(name)}TaskData", __base__=find_task_type(name).data)


def _type_result(name: str) -> Any:
    """A result as it is stored: with what the workflow adds."""
    fields: Any = {"model": (str | None, ...), "usage": (Usage, ...), "formats": (list[str], ...)}
    return create_model(f"{_title(name)}Result", __base__=find_task_type(name).result, **fields)
