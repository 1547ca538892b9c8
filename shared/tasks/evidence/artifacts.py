"""Chunks of documents as an attempt keeps them, by the number of the document and their own."""

from collections.abc import Sequence

from shared.tasks.base import Artifacts, Keep
from shared.tasks.evidence.models import Chunk
from shared.tasks.grouped_texts import keep_texts, load_text


async def save_chunks(keep: Keep, document: int, chunks: Sequence[Chunk]) -> None:
    texts = [chunk.model_dump_json() for chunk in chunks]
    await keep_texts(keep, _name_chunks(document), texts)


async def load_chunk(artifacts: Artifacts, document: int, number: int) -> Chunk:
    text = await load_text(artifacts, _name_chunks(document), number)
    if text is None:  # Of attempts that an older version began.
        return Chunk.model_validate(await artifacts.load(f"chunk-{document}-{number}"))
    return Chunk.model_validate_json(text)


def _name_chunks(document: int) -> str:
    return f"chunks-{document}"
