"""Text of a result before it is there: checked sections, and the model's words as they come.

It is sent to those who may read the ticket at that moment, never stored, and has no `seq`: the
result replaces it. A ticket has at most one such message a second, of at most 4 KB.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from pydantic_core import from_json

from shared.clients.llm.stream import TextListener
from shared.errors import Problem
from shared.models import Message, StoredTicket, rfc3339
from shared.models.clock import Clock
from shared.tasks.audience import NOBODY, Audience
from shared.tickets.repository import Tickets
from shared.tickets.workflow_changes import runs
from shared.workflow.messages import AttemptRef

_SECONDS = 1.0
_LOOKS_AGAIN_SECONDS = 0.05
_MAX_BYTES = 3_600
"""Of a section's name and a text as JSON; the rest of the message takes less than what is left of
4 KB."""
_MAX_CHARS = 3_000
_MAX_WAITING = 64
_MAX_SECTION = 200


class Sender(Protocol):
    """Sends messages about a ticket to those who may read it."""

    @property
    def is_on(self) -> bool: ...

    async def send(self, ticket: StoredTicket, messages: Sequence[Message]) -> None: ...


@dataclass(slots=True)
class _Piece:
    section: str
    number: int
    text: str
    unchecked: bool


class PartialTexts:
    """Those of all tickets that this process works on."""

    def __init__(self, tickets: Tickets, sender: Sender, clock: Clock) -> None:
        self._tickets = tickets
        self._sender = sender
        self._clock = clock
        self._speakers: dict[str, _Speaker] = {}

    def audience(self, ref: AttemptRef) -> Audience:
        """Who watches an attempt."""
        return _Audience(self, ref) if self._sender.is_on else NOBODY

    def say(self, ref: AttemptRef, piece: _Piece) -> None:
        """Send a piece when its turn comes; one for which there is no room is left out."""
        speaker = self._speakers.get(ref["ticket_id"])
        if speaker is None:
            speaker = _Speaker(ref, self._tickets, self._sender, clock=self._clock)
            self._speakers[ref["ticket_id"]] = speaker
            task = asyncio.create_task(speaker.run())
            speaker.task = task  # Else nobody would hold it.
            task.add_done_callback(lambda _: self._speakers.pop(ref["ticket_id"]))
        speaker.add(piece)


class _Speaker:
    """Sends the pieces of one ticket, one a second; ends a second after the last."""

    def __init__(self, ref: AttemptRef, tickets: Tickets, sender: Sender, *, clock: Clock) -> None:
        self._ref = ref
        self._tickets = tickets
        self._sender = sender
        self._clock = clock
        self._waiting: deque[_Piece] = deque()
        self.task: asyncio.Task[None] | None = None

    def add(self, piece: _Piece) -> None:
        if len(self._waiting) < _MAX_WAITING:
            self._waiting.append(piece)

    async def run(self) -> None:
        while self._waiting:
            piece = self._waiting.popleft()
            try:
                ticket = await self._tickets.read(self._ref["ticket_id"])
            except Problem:
                return
            if not runs(ticket, self._ref["attempt"]):
                return
            message = _message(self._ref, piece, self._clock.now())
            await self._sender.send(ticket, [message])
            await asyncio.sleep(_SECONDS)


class _Audience:
    """Those who watch one attempt."""

    def __init__(self, texts: PartialTexts, ref: AttemptRef) -> None:
        self._texts = texts
        self._ref = ref

    def show(self, section: str, text: str) -> None:
        section = section[:_MAX_SECTION]
        for number, part in enumerate(_parts(section, text), 1):
            self._texts.say(self._ref, _Piece(section, number, part, unchecked=False))

    def listener(self, field: str) -> TextListener | None:
        return _FieldListener(field, self._texts, self._ref)


class _FieldListener:
    """Reads one text field out of JSON that is still coming, a second's worth at a time."""

    def __init__(self, field: str, texts: PartialTexts, ref: AttemptRef) -> None:
        self._field = field
        self._texts = texts
        self._ref = ref
        self.begin()

    def begin(self) -> None:
        self._heard: list[str] = []
        self._shown = 0
        self._number = 0
        self._due = 0.0

    def hear(self, text: str) -> None:
        self._heard.append(text)
        moment = asyncio.get_running_loop().time()
        if moment < self._due:
            return
        part = next(iter(_parts(self._field, self._value()[self._shown :])), "")
        self._due = moment + (_SECONDS if part else _LOOKS_AGAIN_SECONDS)
        if part:
            self._shown += len(part)
            self._number += 1
            self._texts.say(self._ref, _Piece(self._field, self._number, part, unchecked=True))

    def _value(self) -> str:
        """As far as it has come."""
        try:
            read = from_json("".join(self._heard), allow_partial="trailing-strings")
        except ValueError:
            return ""
        value = read.get(self._field) if isinstance(read, dict) else None
        return value if isinstance(value, str) else ""


def _parts(section: str, text: str) -> list[str]:
    """`text` in pieces each of which fits into a message of `section`."""
    room = _MAX_BYTES - len(json.dumps(section))
    parts = []
    while text:
        size = min(len(text), _MAX_CHARS)
        while len(json.dumps(text[:size])) > room:
            size = size * 3 // 4
        parts.append(text[:size])
        text = text[size:]
    return parts


def _message(ref: AttemptRef, piece: _Piece, at: datetime) -> Message:
    return {
        "type": "partial_text",
        "ticket_id": ref["ticket_id"],
        "attempt": ref["attempt"],
        "section": piece.section,
        "n": piece.number,
        "text": piece.text,
        "unchecked": piece.unchecked,
        "timestamp": rfc3339(at),
    }
