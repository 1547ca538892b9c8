"""Task type `snowflake_query`: a question in plain language becomes SQL, which runs on Snowflake
under a guard of our own, and comes back with numbers that are reckoned again.

    exploring    which tables there are, by the program's own statements
    writing      SQL: verified by people, of the server's analyst, or the model's; then the guard
    running      the query, and beside it what it is checked and compared with; errors are mended
    explaining   facts of the program in the words of the model, each number proved; the chart
    concluding   the result with its receipt

`task_type` is the door.
"""

from shared.charts.rendering import ChartRenderer
from shared.tasks.base import TaskType
from shared.tasks.snowflake_query import report, rounds
from shared.tasks.snowflake_query.explaining import EXPLAINING
from shared.tasks.snowflake_query.exploring import EXPLORING
from shared.tasks.snowflake_query.models import Result, TaskData
from shared.tasks.snowflake_query.running import RUNNING
from shared.tasks.snowflake_query.warehouse import Warehouses, check_requester, find_fault
from shared.tasks.snowflake_query.writing import WRITING

task_type = TaskType(
    data=TaskData,
    result=Result,
    example={
        "query_request": "Show me sales trends for the last quarter by region",
        "clarify": False,
    },
    formats={
        "md": report.to_markdown,
        "csv": report.to_table,
        "vega-lite": report.to_vega_lite,
    },
    saved_formats=("png", "svg"),
    plan=rounds.plan,
    stages=(
        EXPLORING.then(rounds.after_exploring),
        WRITING.then(rounds.after_writing),
        RUNNING.then(rounds.after_running),
        EXPLAINING.then(rounds.after_explaining),
    ),
    needs=(Warehouses, ChartRenderer),
    check_requester=check_requester,
    find_fault=find_fault,
)
