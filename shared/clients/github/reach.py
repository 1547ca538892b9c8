"""Whether GitHub is there, takes our token, and has calls left for us: at no cost of its limit.

Source: https://docs.github.com/en/rest/rate-limit, version 2022-11-28.
"""

from datetime import UTC, datetime

from pydantic import TypeAdapter

from shared.clients.github.client import GitHubClient
from shared.clients.github.responses import github_away, parse_answer
from shared.errors import ServiceFailure
from shared.models import Model


class _Rate(Model):
    remaining: int
    reset: int


class _Resources(Model):
    core: _Rate


class _RateLimits(Model):
    resources: _Resources


_RATE_LIMITS = TypeAdapter(_RateLimits)


async def check_reach(client: GitHubClient) -> None:
    """Raises StepError unless a pull request could be read now."""
    answer = await client.send("GET", "/rate_limit")
    if answer.status == 404:
        # An Enterprise Server without limits says so, and nothing else would.
        if b"rate limit" in (answer.body or b"").lower():
            return
        raise ServiceFailure("There is no GitHub API (HTTP 404): check GITHUB_API_URL.")
    client.check(answer)
    core = parse_answer(_RATE_LIMITS, answer.body or b"").resources.core
    if core.remaining <= 0:
        again = datetime.fromtimestamp(core.reset, UTC)
        raise github_away(f"GitHub's rate limit is used up until {again:%H:%M} UTC.")
