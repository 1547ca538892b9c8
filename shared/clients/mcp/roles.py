"""Which of a server's tools runs SQL, and which answers questions.

Their names are the owner's choice; what they take is not. Snowflake's own take `sql`, `message` or
`text`, the server of Snowflake Labs `statement`; a search takes a `query`, too, but never SQL.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_SQL = ("sql", "statement", "sql_statement", "sql_text", "sql_query", "query")
_QUESTION = ("message", "question", "text", "query", "prompt")
_SAYS_SQL = re.compile(r"\bsql\b", re.IGNORECASE)
_SAYS_QUESTION = re.compile(r"analyst|natural language|question|semantic", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool, and the argument that its text goes into."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class Tools:
    """What a server offers; None where it does not."""

    sql: Tool | None
    analyst: Tool | None


@dataclass(frozen=True, slots=True)
class Offered:
    """A tool as the server describes it."""

    name: str
    description: str
    schema: Mapping[str, Any]
    read_only: bool = False


def assign_roles(offered: Sequence[Offered]) -> Tools:
    """Of several for one role those that are declared to only read come before, then those whose
    argument is named more plainly."""
    return Tools(_best(offered, _SQL, _is_sql), _best(offered, _QUESTION, _is_analyst))


def _best(offered: Sequence[Offered], names: Sequence[str], fits: Any) -> Tool | None:
    found = [
        (not tool.read_only, names.index(argument), place, Tool(tool.name, argument))
        for place, tool in enumerate(offered)
        for argument in [_argument(tool, names)]
        if argument and fits(tool, argument)
    ]
    return min(found)[3] if found else None


def _argument(tool: Offered, names: Sequence[str]) -> str:
    """The one text that the tool must be given, if it has one of these names."""
    properties, required = tool.schema.get("properties"), tool.schema.get("required") or []
    if not isinstance(properties, dict) or not isinstance(required, list) or len(required) > 1:
        return ""
    texts = [name for name in names if name in properties and _is_text(properties[name])]
    return next((name for name in texts if not required or name in required), "")


def _is_text(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return False
    kind = schema.get("type", "string")
    return kind == "string" or (isinstance(kind, list) and "string" in kind)


def _is_sql(tool: Offered, argument: str) -> bool:
    """A `query` may be anything; then the description must say SQL."""
    return argument != "query" or bool(_SAYS_SQL.search(tool.description))


def _is_analyst(tool: Offered, argument: str) -> bool:
    if argument == "message":
        return True
    says_sql = argument == "query" and _SAYS_SQL.search(tool.description)
    return bool(_SAYS_QUESTION.search(tool.description)) and not says_sql
