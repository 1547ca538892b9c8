"""Chunks of documents as an attempt keeps them, by the number of the document and their own."""

from collections.abc import Sequence

from shared.clients.side_by_side import gather_within
from shared.tasks.base import Artifacts, Keep
from shared.tasks.evidence.models import Chunk

_CALLS_AT_ONCE = 16


async def save_chunks(keep: Keep, document: int, chunks: Sequence[Chunk]) -> None:

    async def save(number: int) -> None:
        await keep(_chunk(document, number), chunks[number].model_dump(mode="json"))

    await gather_within(_CALLS_AT_ONCE, save, range(len(chunks)))


async def load_chunk(artifacts: Artifacts, document: int, number: int) -> Chunk:
    return Chunk.model_validate(await artifacts.load(_chunk(document, number)))


def _chunk(document: int, number: int) -> str:
    return f"chunk-{document}-{number}"
