"""The log of a ticket, for the people who wait for it: a line for what happened, with its time."""

import re
from datetime import datetime

from shared.models import StoredTicket, rfc3339

_MAX_LOG = 15_000
_LOG_HEAD = 3_000
_LONG = 10.0
"""Seconds in which a ticket should begin; of more it is told."""
_LINE = re.compile(
    r"(?P<at>\S+) (?P<text>.*?)(?: \((?P<times>\d+) times, the last at (?P<last>\S+)\))?"
)
WAITING = "Waiting:"
"""What the line of a wait begins with."""


def add_log_line(ticket: StoredTicket, moment: datetime, text: str) -> str:
    """The ticket's log with one more line; of a very long one the middle is left out."""
    line = f"{rfc3339(moment)[:19]}Z {text}\n"
    whole = ticket.processing_logs + line
    if len(whole) <= _MAX_LOG:
        return whole
    return f"{whole[:_LOG_HEAD]}…\n{whole[_LOG_HEAD - _MAX_LOG + 2 :]}"


def repeat_log_line(ticket: StoredTicket, moment: datetime, text: str) -> str:
    """The ticket's log with one more line; where that is the last one once more, the last says how
    often and until when, and nothing within the same second."""
    now = f"{rfc3339(moment)[:19]}Z"
    before, _, last = ticket.processing_logs.rstrip("\n").rpartition("\n")
    found = _LINE.fullmatch(last)
    if found is None or found["text"] != text:
        return add_log_line(ticket, moment, text)
    if (found["last"] or found["at"]) >= now:
        return ticket.processing_logs
    line = f"{found['at']} {text} ({int(found['times'] or 1) + 1} times, the last at {now})"
    return f"{before}\n{line}\n" if before else f"{line}\n"


def tell_beginning(ticket: StoredTicket, at: datetime, *, swept: bool) -> str:
    """A line of the log, with what has kept it from beginning at once."""
    asked = ticket.created_at if ticket.queued_at is None else ticket.queued_at
    files = [last_file(ticket)] if ticket.waits_for_files else []
    seconds = (at - max([asked, *files])).total_seconds()
    begins = f"Attempt {ticket.attempt} begins"
    if swept:
        return f"{begins}: its first start was lost, and it was started again."
    return f"{begins}." if seconds < _LONG else f"{begins}, after {seconds:.0f} s in the queue."


def last_file(ticket: StoredTicket) -> datetime:
    """When the last of its files came, of a ticket that has some."""
    return max(file.uploaded_at for file in ticket.attachments)


def is_held_up(ticket: StoredTicket) -> bool:
    """Whether the last line of the log says that something waits."""
    return f"Z {WAITING} " in ticket.processing_logs.rstrip().rpartition("\n")[2]
