"""A stand-in for Snowflake's managed MCP server, over sales data that a seeded script makes.

    python -m infra.local.snowflake --port 8804 --until 2026-06-30

It runs in an environment of its own (`environment`), because fakesnow, which runs Snowflake's SQL
on DuckDB, wants other versions than the app. Served at the managed server's path, with a bearer
token: an SQL tool that only reads, and an analyst that understands plain questions about sales.
Each token is a role: one sees the schema PUBLIC, one FINANCE as well, one may do nothing. Sales are
made up to the day `--until`, each day's by its date alone, so that a later end changes nothing
before it.
"""

from pathlib import Path

DATABASE = "SALES"
SEMANTIC_LAYER = Path(__file__).with_name("semantic_layer.yaml")
"""What people call things in the sample sales, as the app is told by SNOWFLAKE_MODEL."""
PATH = "/api/v2/databases/SALES/schemas/PUBLIC/mcp-servers/SALES_MCP"
SALES_TOKEN = "local-sales"  # noqa: S105  of a server on loopback with made-up data
FINANCE_TOKEN = "local-finance"  # noqa: S105
OUTSIDER_TOKEN = "local-outsider"  # noqa: S105
ROLES = {
    SALES_TOKEN: ("PUBLIC",),
    FINANCE_TOKEN: ("PUBLIC", "FINANCE"),
    OUTSIDER_TOKEN: (),
}
"""The schemas that the role of each token sees."""
