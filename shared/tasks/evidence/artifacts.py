"""Chunks of documents as an attempt keeps them, by the number of the document and their own.

Several lie in one blob, each as a text of its own: pieces of work that begin together read about
the same.
"""

from collections.abc import Sequence

from shared.clients.side_by_side import gather_within
from shared.tasks.base import Artifacts, Keep
from shared.tasks.evidence.models import Chunk

_CALLS_AT_ONCE = 16
_TOGETHER = 8
"""Chunks in a blob."""


async def save_chunks(keep: Keep, document: int, chunks: Sequence[Chunk]) -> None:

    async def save(begin: int) -> None:
        texts = [chunk.model_dump_json() for chunk in chunks[begin : begin + _TOGETHER]]
        await keep(_name_group(document, begin), texts)

    await gather_within(_CALLS_AT_ONCE, save, range(0, len(chunks), _TOGETHER))


async def load_chunk(artifacts: Artifacts, document: int, number: int) -> Chunk:
    texts = await artifacts.load(_name_group(document, number))
    if texts is None:  # Of attempts that an older version began.
        return Chunk.model_validate(await artifacts.load(f"chunk-{document}-{number}"))
    return Chunk.model_validate_json(texts[number % _TOGETHER])


def _name_group(document: int, number: int) -> str:
    return f"chunks-{document}-{number // _TOGETHER}"
