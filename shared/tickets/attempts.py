"""What one attempt at a ticket leaves in Blob storage: outcomes, its model calls, the result.

`work/{ticket}/{attempt}/` is scaffolding, `results/{ticket}/{attempt}.json` is what clients get.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.clients.blobs import Container
from shared.clients.side_by_side import gather_within
from shared.errors import NotFound
from shared.models import Call, StepRun, Usage
from shared.storage.schemas import SCHEMA, StoredKind, present_version
from shared.text import strict_json

_READS_AT_ONCE = 16
_STEP = "step"
"""The only name in a line of the ledger that is a step, and no call."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """All model calls of an attempt; `model` is the one that served the last answered call."""

    usage: Usage
    model: str | None


def sum_calls(calls: Sequence[Call]) -> Ledger:
    """What calls come to, in the order in which they were made."""
    reused = sum(call.reused for call in calls)
    usage = Usage(
        calls=len(calls) - reused,
        reused=reused,
        prompt_tokens=sum(call.prompt_tokens for call in calls),
        completion_tokens=sum(call.completion_tokens for call in calls),
        cached=sum(call.cached for call in calls),
    )
    return Ledger(usage, next((call.model for call in reversed(calls) if call.model), None))


class Attempt:
    """The blobs of one attempt."""

    def __init__(self, container: Container, ticket_id: str, number: int) -> None:
        self._container = container
        self._work = f"work/{ticket_id}/{number}"
        self._result = f"results/{ticket_id}/{number}.json"

    async def open(self) -> None:
        """Make the ledger; doing it again keeps what is in it."""
        await self._container.open_log(f"{self._work}/calls.jsonl")

    async def record(self, *calls: Call, steps: Sequence[StepRun] = ()) -> None:
        """Calls, and lines of the course with them. Raises NotFound once the ticket has been
        deleted with all its blobs."""
        lines = [strict_json.dumps(call.model_dump(mode="json")) for call in calls]
        lines += map(_step_line, steps)
        if not await self._container.append_log(f"{self._work}/calls.jsonl", b"\n".join(lines)):
            raise NotFound("There is no such ticket.")

    async def course(self) -> tuple[list[StepRun], list[Call]]:
        """All runs of its activities, by their end, and all calls of the model."""
        lines = await self._lines()
        steps = [StepRun.model_validate(line[_STEP]) for line in lines if _STEP in line]
        return steps, _calls_in(lines)

    async def ledger(self) -> Ledger:
        return sum_calls(_calls_in(await self._lines()))

    async def answers(self) -> set[str]:
        """Where the answers to its calls are remembered."""
        return {call.answer for call in _calls_in(await self._lines()) if call.answer}

    async def _lines(self) -> list[dict[str, Any]]:
        """A line that storage wrote although it reported a failure is there twice, and counts
        once."""
        data = await self._container.read(f"{self._work}/calls.jsonl") or b""
        return [strict_json.loads(line) for line in dict.fromkeys(data.splitlines())]

    def blob_of(self, name: str) -> str:
        """Where an artifact lies."""
        return f"{self._work}/kept/{name}.json"

    async def save(self, name: str, value: Any) -> None:
        await self._container.write_json(self.blob_of(name), value)

    async def save_text(self, name: str, text: bytes) -> None:
        """The same for a value that is JSON already."""
        await self._container.write_json_text(self.blob_of(name), text)

    hand_on = save

    async def load(self, name: str) -> Any:
        return await self._container.read_json(self.blob_of(name))

    def start_of(self, step: str) -> str:
        """The blob in which the starts of a step are counted."""
        return f"{self._work}/starts/{step}.json"

    async def has_outcome(self, number: int, index: int) -> bool:
        return await self._container.exists(self._outcome(number, index))

    async def store_outcome(self, number: int, index: int, outcome: Any) -> None:
        await self._container.write_json(self._outcome(number, index), outcome)

    async def count_outcomes(self, number: int) -> int:
        """How many pieces of work of a round are done."""
        return len(await self._container.names(f"{self._work}/{number}/"))

    async def outcomes(self, number: int, count: int) -> Sequence[Any]:
        """The outcomes of a round, in the order of its items."""

        async def read(index: int) -> Any:
            return await self._container.read_json(self._outcome(number, index))

        return await gather_within(_READS_AT_ONCE, read, range(count))

    async def store_chain(self, step: str, reached: Any) -> None:
        """Keep the round that a step has reached by itself; those before it are done."""
        await self._container.write_json(self._chain(step), reached)

    async def load_chain(self, step: str) -> Any:
        """None when the step has not gone further than what it began with."""
        return await self._container.read_json(self._chain(step))

    async def store_result(self, result: dict[str, Any]) -> dict[str, Any]:
        """The result as it is stored."""
        stored = result | {SCHEMA: present_version(StoredKind.RESULT)}
        await self._container.write_json(self._result, stored)
        return stored

    async def result(self) -> dict[str, Any]:
        """The result as it is stored, empty when there is none."""
        return await self._container.read_json(self._result) or {}

    def _chain(self, step: str) -> str:
        return f"{self._work}/chains/{step}.json"

    def _outcome(self, number: int, index: int) -> str:
        return f"{self._work}/{number}/{index:05d}.json"


def _step_line(step: StepRun) -> bytes:
    return strict_json.dumps({_STEP: step.model_dump(mode="json", exclude_defaults=True)})


def _calls_in(lines: Sequence[dict[str, Any]]) -> list[Call]:
    calls = (Call.model_validate(line) for line in lines if _STEP not in line)
    return list({call.id: call for call in calls}.values())
