"""`python -m shared.documents.tables.worker`: the process that reads one table, answers what is
asked of it, and ends."""

import sys
from enum import StrEnum

from pydantic import TypeAdapter

from shared.documents.tables.objects import read_objects
from shared.documents.tables.queries import Computed, Query, compute, profile
from shared.documents.tables.reading import NoTableError, read_table
from shared.documents.text.encodings import decode_text
from shared.errors import Unreadable
from shared.models import Model
from shared.sandbox.child import read_data, read_request

QUERIES = TypeAdapter(list[Query])


class TableKind(StrEnum):
    """How a table is written."""

    DELIMITED = "delimited"
    OBJECTS = "objects"


class TableAnswer(Model):
    """How large a table is, and what came of its profile and then of what was asked. It is none
    where it has no columns."""

    rows: int = 0
    columns: list[str] = []
    computed: list[Computed] = []


def main() -> None:
    """Answer the one request, whose `name` holds the queries as JSON."""
    asked = read_request()
    queries = QUERIES.validate_json(asked["name"])
    try:
        read = read_objects if asked["kind"] == TableKind.OBJECTS else read_table
        table = read(decode_text(read_data(asked)).text)
    except (NoTableError, Unreadable):
        answer = TableAnswer()
    else:
        made = [one for query in (*profile(table), *queries) for one in compute(table, query)]
        answer = TableAnswer(rows=len(table.rows), columns=table.columns, computed=made)
    sys.stdout.buffer.write(answer.model_dump_json().encode())


if __name__ == "__main__":
    main()
