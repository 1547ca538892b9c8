"""How long the inputs of a ticket are, and what its row keeps of one that is too long, pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from typing import Any

from shared.errors import TooLarge
from shared.models import LargeInput, StoredTicket
from shared.text.strict_json import dumps

INPUTS = ("task_data", "description")
"""The fields of a ticket that its requester may fill at length."""
MAX_TASK_DATA = 2 * 1024 * 1024
"""Bytes of compact JSON."""
MAX_DESCRIPTION = 1024 * 1024
"""Bytes of UTF-8."""
SEARCHED = 8_000
"""So many characters of a description are searched, and shown in lists of one that is long."""

# What a column holds: 64 KiB of bytes, or 32 Ki units of UTF-16, of which a character may be two.
_MAX_BYTES = 64 * 1024
_MAX_CHARACTERS = 16_000


@dataclass(frozen=True, slots=True)
class MeasuredInputs:
    """New inputs of a ticket by name, and which of them are too long for its row."""

    values: Mapping[str, Any]
    large: Mapping[str, LargeInput]

    def fit(self, ticket: StoredTicket, name: str) -> bool:
        """Whether the ticket has this value already."""
        mine, known = self.large.get(name), ticket.large_inputs.get(name)
        if mine is None and known is None:
            return bool(getattr(ticket, name) == self.values[name])
        return mine is not None and known is not None and mine.sha256 == known.sha256

    def change(self, ticket: StoredTicket, names: set[str]) -> dict[str, Any]:
        """The fields of `ticket` once the inputs of these names are its own."""
        changed = {name: self.values[name] for name in names}
        left = {name: one for name, one in ticket.large_inputs.items() if name not in names}
        large = left | {name: one for name, one in self.large.items() if name in names}
        if large != ticket.large_inputs:
            changed["large_inputs"] = large
            changed["shortened"] = [name for name in ticket.shortened if name not in names]
        return changed


NO_INPUTS = MeasuredInputs({}, {})


def measure_inputs(values: Mapping[str, Any]) -> MeasuredInputs:
    """Of `values`, fields of a ticket, those that are inputs. Raises TooLarge."""
    given = {name: values[name] for name in INPUTS if name in values}
    found = {name: _measure(name, value) for name, value in given.items()}
    return MeasuredInputs(given, {name: one for name, one in found.items() if one})


def count_bytes(ticket: StoredTicket, name: str) -> int:
    """How long an input of a ticket is as JSON, whether or not it is here."""
    known = ticket.large_inputs.get(name)
    return known.size if known else len(dumps(getattr(ticket, name)))


def shorten_input(name: str, value: Any) -> Any:
    """What a row keeps of an input that is too long for it; of that, the same."""
    return value[:SEARCHED] if name == "description" else {}


def _measure(name: str, value: Any) -> LargeInput | None:
    """Raises TooLarge."""
    if name == "description":
        if len(value) <= _MAX_CHARACTERS:
            return None
        size, limit = len(value.encode()), MAX_DESCRIPTION
        content = dumps(value)
    else:
        content = dumps(value)
        size, limit = len(content), MAX_TASK_DATA
    if size > limit:
        raise TooLarge(f"{name} has {size} bytes; at most {limit} are allowed.")
    if name != "description" and size <= _MAX_BYTES:
        return None
    return LargeInput(id=token_hex(8), size=len(content), sha256=sha256(content).hexdigest())
