"""How much is being done, and what it costs."""

import azure.durable_functions as df
import azure.functions as func

from functions.composition import product
from functions.http import answer_json, principal_of, query_of
from functions.registration import endpoint

bp = df.Blueprint(http_auth_level=func.AuthLevel.ANONYMOUS)


@endpoint(bp, "GET", "statistics", query="StatisticsQuery", answer="Statistics", errors=(403,))
async def read_statistics(req: func.HttpRequest) -> func.HttpResponse:
    """Counts, durations, tokens and cost of all tickets, for administrators, or of those of the
    department, for managers. What it costs to answer does not grow with the number of tickets."""
    from shared.models import StatisticsQuery

    principal, query = await principal_of(req), query_of(req, StatisticsQuery)
    return answer_json(await product().ticket_statistics.report(principal, query))
