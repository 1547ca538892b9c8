"""Documents cut into what goes into one call of the model."""

import asyncio

from shared.documents.chunks import cut_chunks
from shared.documents.extract import HOLE, Extract, Places
from shared.tasks.evidence.models import Chunk

OVERLAP = 0.04
"""Of a chunk, repeated from the one before, so that a sentence at the seam is whole in one."""


async def cut(extract: Extract, budget: int) -> list[Chunk]:
    """The chunks of a document, of at most `budget` tokens each."""
    return await asyncio.to_thread(_cut, extract, budget)


def _cut(extract: Extract, budget: int) -> list[Chunk]:
    found = cut_chunks(extract, budget, int(budget * OVERLAP))
    places, text = Places(extract.blocks), extract.text
    return [
        Chunk(
            start=start,
            headings=headings,
            blocks=places.part(start, end),
            left_out=extract.left_out if HOLE in text[start:end] else [],
        )
        for start, end, headings in found
    ]
