"""Chunks of documents as an attempt keeps them, by the number of the document and their own."""

import asyncio
from collections.abc import Sequence

from shared.tasks.base import Artifacts
from shared.tasks.evidence.models import Chunk

_CALLS_AT_ONCE = 16


async def save_chunks(artifacts: Artifacts, document: int, chunks: Sequence[Chunk]) -> None:
    slots = asyncio.Semaphore(_CALLS_AT_ONCE)

    async def save(number: int, chunk: Chunk) -> None:
        async with slots:
            await artifacts.save(_chunk(document, number), chunk.model_dump(mode="json"))

    await asyncio.gather(*(save(*pair) for pair in enumerate(chunks)))


async def load_chunk(artifacts: Artifacts, document: int, number: int) -> Chunk:
    return Chunk.model_validate(await artifacts.load(_chunk(document, number)))


def _chunk(document: int, number: int) -> str:
    return f"chunk-{document}-{number}"
