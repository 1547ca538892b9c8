"""What an analyst tool, as Snowflake's Cortex Analyst, answers to a question: SQL, not rows.

https://docs.snowflake.com/en/user-guide/snowflake-cortex/cortex-analyst/rest-api
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from shared.text import strict_json

_MAX_DEPTH = 8
_MAX_SUGGESTIONS = 10


@dataclass(frozen=True, slots=True)
class AnalystAnswer:
    """`sql` is empty when the analyst wrote none and offers `suggestions` instead; `verified` tells
    that it rests on a query that people verified."""

    sql: str
    text: str
    suggestions: tuple[str, ...]
    verified: bool


def answer_of(texts: Sequence[str], structured: Any) -> AnalystAnswer:
    """Read an answer; what is no block of a known type counts as text."""
    sql, said, suggestions, verified = "", [], [], False
    blocks = [block for text in texts for block in _blocks(_parse(text))]
    for block in blocks or list(_blocks(structured)):
        if isinstance(block, str):
            said.append(block)
            continue
        statement = block.get("statement") or block.get("sql")
        if isinstance(statement, str) and not sql:
            sql, verified = statement, _is_verified(block)
        elif isinstance(block.get("suggestions"), list):
            suggestions += [one for one in block["suggestions"] if isinstance(one, str)]
        elif isinstance(block.get("text"), str):
            said.append(block["text"])
    text = "\n".join(part.strip() for part in said if part.strip())
    return AnalystAnswer(sql, text, tuple(suggestions[:_MAX_SUGGESTIONS]), verified)


def _parse(text: str) -> Any:
    if strict_json.has_more_values(text.encode(errors="replace"), strict_json.MAX_VALUES):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _blocks(value: Any, depth: int = 0) -> Iterator[dict[str, Any] | str]:
    """The blocks within what wraps them: `message`, `content`, `result`."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _blocks(item, depth + 1)
    elif isinstance(value, dict):
        inner = [value[name] for name in ("message", "content", "result") if value.get(name)]
        yield from _own(value)
        for item in inner:
            yield from _blocks(item, depth + 1)


def _own(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A block by its content: some servers put text, SQL and suggestions into one."""
    for name in ("text", "statement", "sql", "suggestions"):
        if block.get(name):
            shared = {"confidence": block.get("confidence"), "verified": block.get("verified")}
            yield {name: block[name], **shared}


def _is_verified(block: dict[str, Any]) -> bool:
    confidence = block.get("confidence")
    used = confidence.get("verified_query_used") if isinstance(confidence, dict) else None
    return bool(used or block.get("verified") is True)
