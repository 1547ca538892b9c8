"""Artifacts of which several lie in one blob, each as a text of its own: pieces of work that begin
together read about the same."""

from collections.abc import Sequence

from shared.clients.side_by_side import gather_within
from shared.tasks.artifacts import Artifacts, Keep

_CALLS_AT_ONCE = 16
_TOGETHER = 8
"""Texts in a blob."""


async def keep_texts(keep: Keep, name: str, texts: Sequence[str]) -> None:

    async def keep_group(begin: int) -> None:
        await keep(_name_group(name, begin), texts[begin : begin + _TOGETHER])

    await gather_within(_CALLS_AT_ONCE, keep_group, range(0, len(texts), _TOGETHER))


async def load_text(artifacts: Artifacts, name: str, number: int) -> str | None:
    """None where no texts of that name were kept together."""
    texts = await artifacts.load(_name_group(name, number))
    return None if texts is None else str(texts[number % _TOGETHER])


def _name_group(name: str, number: int) -> str:
    return f"{name}-{number // _TOGETHER}"
