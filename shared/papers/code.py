"""Whether the blocks of code in a paper are well-formed, asked in a process of its own, as a parser
may be made to crash or to tire."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Self

from shared.papers.languages import find_ending
from shared.sandbox.runner import Limits, run_in_child
from shared.statements.prose import CodeBlock, code_blocks

MAX_CHARACTERS = 400_000
LIMITS = Limits(seconds=20, megabytes=512)
"""Of all the code of a section."""

log = logging.getLogger(__name__)


class CodeParsers:
    """Parses code within these limits."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits

    @classmethod
    def from_environment(cls, _: Mapping[str, str]) -> Self:
        return cls()

    async def broken_blocks(self, text: str) -> list[CodeBlock]:
        """The blocks of a Markdown text that do not parse in the language that their fence names,
        or that have no end. Nothing is said of a language without a parser here, of blocks that are
        too long to ask, and of any when their parsers crash or take too long."""
        blocks = code_blocks(text)
        asked = [one for one in blocks if one.closed and _can_be_asked(one)]
        verdicts = dict(zip(asked, await _verdicts(asked, self._limits), strict=True))
        return [one for one in blocks if not one.closed or verdicts.get(one) is False]


def _can_be_asked(block: CodeBlock) -> bool:
    return len(block.code) <= MAX_CHARACTERS and find_ending(block.language) is not None


async def _verdicts(blocks: Sequence[CodeBlock], limits: Limits) -> list[bool | None]:
    if not blocks:
        return []
    data = json.dumps([[one.language, one.code] for one in blocks]).encode()
    nothing: list[bool | None] = [None] * len(blocks)
    try:
        returned, output = await run_in_child("shared.papers.code_worker", "", "", data, limits)
    except (TimeoutError, ValueError):
        log.warning("the parsers of code took too long")
        return nothing
    if returned != 0:
        log.warning("the parsers of code ended with %d", returned)
        return nothing
    found: list[bool | None] = json.loads(output)
    return found
