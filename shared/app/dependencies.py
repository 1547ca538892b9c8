"""What the app has for task types, by class."""

from collections.abc import Callable

from shared.app.clients import Clients
from shared.settings import Settings
from shared.tasks.call_sizes import CallSizes
from shared.tasks.dependencies import Dependencies
from shared.tasks.signer import Signer


def dependencies(clients: Clients, settings: Settings) -> Dependencies:
    """A class that is not among them makes itself of the settings."""
    known: dict[str, Callable[[], object]] = {
        "shared.clients.github.client.GitHubClient": lambda: clients.github,
        "shared.documents.extraction.Extractor": lambda: clients.extractor,
        "shared.tasks.call_sizes.CallSizes": lambda: CallSizes(
            chunk_tokens=settings.tasks.chunk_tokens, batch_tokens=settings.tasks.batch_tokens
        ),
        "shared.tasks.pr_review.reading.rights.ReviewRights": lambda: _review_rights(settings),
        "shared.tasks.signer.Signer": lambda: Signer(settings.accounts.tokens.secret_key),
    }
    return Dependencies(known, settings.environment)


def _review_rights(settings: Settings) -> object:
    from shared.tasks.pr_review.reading.rights import ReviewRights

    return ReviewRights(settings.github.reviewable, settings.github.postable)
