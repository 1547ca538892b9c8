"""`python -m infra.local.snowflake`: serves the sample sales until it is told to stop."""

import logging
import warnings
from datetime import UTC, date, datetime
from pathlib import Path

from infra.local.serving import main, parser
from infra.local.snowflake.app import application


def run() -> None:
    """Parse the command line and serve."""
    # fakesnow's, about how it copies rows, and the session managers' greetings.
    warnings.filterwarnings("ignore", module="fakesnow")
    logging.getLogger("mcp").setLevel(logging.WARNING)
    arguments = parser("infra.local.snowflake", "A stand-in for Snowflake's MCP server.", port=8804)
    arguments.add_argument(
        "--until", type=date.fromisoformat, metavar="DATE", help="the last day of sales (today)"
    )
    arguments.add_argument(
        "--script", type=Path, metavar="FILE", help="SQL to run first, a statement a line"
    )
    arguments.add_argument("--writes", action="store_true", help="let the SQL tool write, too")
    given = arguments.parse_args()
    until = given.until or datetime.now(UTC).date()
    script = given.script.read_text() if given.script else ""
    main(
        "Snowflake stand-in",
        given.port,
        lambda _: application(until, script, reads_only=not given.writes),
    )


if __name__ == "__main__":
    run()
