"""What files there are in a commit."""

from urllib.parse import quote

from pydantic import TypeAdapter

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import PullRef, Tree
from shared.errors import PermanentFailure

_TREE = TypeAdapter(Tree)


async def list_blobs(github: GitHubClient, ref: PullRef, sha: str) -> dict[str, str] | None:
    """The files of a commit, each with its blob's sha; None where they cannot be told. Raises
    RetryLater."""
    path = f"/repos/{ref.repository}/git/trees/{quote(sha, safe='')}?recursive=1"
    try:
        found = await github.read(path, _TREE)
    except PermanentFailure:
        return None
    if found.truncated:
        return None
    return {entry.path: entry.sha for entry in found.tree if entry.type == "blob"}
