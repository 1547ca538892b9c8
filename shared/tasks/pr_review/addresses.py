"""Whether the pr_url of a ticket is an address at all, told when the ticket is opened."""

from shared.clients.github.client import GitHubClient
from shared.errors import PermanentFailure
from shared.tasks.base import DataFault
from shared.tasks.dependencies import Provider
from shared.tasks.pr_review.models import TaskData


async def find_fault(data: TaskData, use: Provider) -> DataFault | None:
    """Costs no call. Where no GitHub is set up the ticket fails with a sentence that says so."""
    try:
        github = use(GitHubClient)
    except PermanentFailure:
        return None
    try:
        github.pull_of(data.pr_url)
    except PermanentFailure as error:
        return DataFault(key="pr_url", text=error.reason)
    return None
