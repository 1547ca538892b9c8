"""Text to one syntax tree, with bounded effort.

sqlglot's parser tries alternatives and goes back, so that the time for some texts doubles with each
nested bracket. Its steps are counted instead of its seconds: the same text is refused everywhere.
"""

import logging

from sqlglot import exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.snowflake import SnowflakeParser
from sqlglot.tokenizer_core import Token, TokenType

from shared.errors import QueryFault, QueryRefused
from shared.sql.policy import MAX_CHARACTERS

_ARROWS = (TokenType.ARROW, TokenType.DARROW)
_MAX_STEPS = 200_000
_MAX_NODES = 8_000
_MAX_DEPTH = 120

DIALECT = Snowflake()

# It would log the text of what it does not understand.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)


class _TooManyStepsError(Exception):
    pass


class _Parser(SnowflakeParser):
    """Gives up after so many steps, forward or back."""

    steps = 0

    def _advance(self, times: int = 1) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise _TooManyStepsError
        super()._advance(times)


def parse(sql: str) -> exp.Expr:
    """The one statement that the text is. Raises QueryRefused."""
    if len(sql) > MAX_CHARACTERS or "\0" in sql:
        raise QueryRefused(
            QueryFault.TOO_LARGE,
            f"The SQL must have at most {MAX_CHARACTERS:,} characters, and none of them NUL.",
        )
    try:
        tokens = DIALECT.tokenize(sql)
        _check_arrows(tokens)
        found = _Parser(dialect=DIALECT).parse(tokens, sql)
    except (ParseError, TokenError) as error:
        raise QueryRefused(QueryFault.SYNTAX, _describe(error)) from None
    except (_TooManyStepsError, RecursionError):
        raise _too_complex() from None
    statements = [one for one in found if one is not None]
    if len(statements) != 1:
        raise QueryRefused(QueryFault.SYNTAX, "Exactly one SQL statement is wanted, a SELECT.")
    _check_size(statements[0])
    return statements[0]


def _check_arrows(tokens: list[Token]) -> None:
    """To Snowflake `->>` begins another statement, `->` a function; sqlglot takes both for JSON."""
    if any(token.token_type in _ARROWS for token in tokens):
        raise QueryRefused(QueryFault.CONSTRUCT, "-> and ->> are not allowed; JSON is read with :.")


def write(tree: exp.Expr) -> str:
    """The SQL of a tree, without comments. Raises QueryRefused."""
    try:
        return tree.sql(dialect=DIALECT, comments=False)
    except RecursionError:
        raise _too_complex() from None


def _check_size(tree: exp.Expr) -> None:
    """Breadth first, so that depth costs no stack."""
    level, nodes = [tree], 0
    for _ in range(_MAX_DEPTH):
        nodes += len(level)
        level = [child for node in level for child in node.iter_expressions()]
        if not level:
            break
    if level or nodes > _MAX_NODES:
        raise _too_complex()


def _too_complex() -> QueryRefused:
    return QueryRefused(
        QueryFault.TOO_LARGE, "The SQL is too long or too deeply nested; write a simpler query."
    )


def _describe(error: ParseError | TokenError) -> str:
    """Where the parser stopped; never the text around it."""
    place = error.errors[0] if isinstance(error, ParseError) and error.errors else {}
    line, column = place.get("line"), place.get("col")
    where = f" at line {line}, column {column}" if line and column else ""
    return f"The SQL cannot be parsed{where}: {place.get('description') or 'it is malformed'}."[
        :300
    ]
