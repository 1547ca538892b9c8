"""Who may have which repository reviewed, and whose reviews may be posted there.

The app's token sees more than most users may, so that what it sees is nobody's right. A public
repository may be reviewed by all but those from whom an empty list takes it; any other, and posting
anywhere, only by those for whose role or department a setting names it.
"""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import chain

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import Pull, PullRef, Repository
from shared.clients.github.responses import NoAccess
from shared.errors import Forbidden, PermanentFailure
from shared.models import Role, StoredUser
from shared.tasks.base import Context
from shared.tasks.dependencies import Provider
from shared.tasks.pr_review.models import TaskData

Patterns = Mapping[str, Sequence[str]]
"""Of `owner/name`, in lower case, by role or department."""

_NO_POSTING = (
    "You may not post reviews{}: an administrator can name repositories for your role or "
    "department in the setting REVIEW_POSTING_REPOSITORIES."
)


class _Grants:
    """Repositories by role or department. Who holds several has what each of them names."""

    def __init__(self, patterns: Patterns) -> None:
        self._patterns = patterns

    def find_patterns(self, user: StoredUser | None) -> list[str] | None:
        """Those of a user; None where nothing is said of anything that they hold. A user who is
        there no more has the lowest role."""
        role, department = (user.role, user.given_department) if user else (Role.USER, None)
        lists = [self._patterns[one] for one in (role, department or "") if one in self._patterns]
        return list(chain.from_iterable(lists)) if lists else None

    def names(self, user: StoredUser | None, repository: str) -> bool:
        """Whether this `owner/name`, in any case, is named for the user. `*` is any part of one
        name, and never more."""
        parts = repository.lower().split("/")
        return any(
            all(map(fnmatchcase, parts, pattern.split("/")))
            for pattern in self.find_patterns(user) or ()
        )


class ReviewRights:
    """What users may, by their role and the department that an administrator gave them."""

    def __init__(self, reviewable: Patterns, postable: Patterns) -> None:
        self._reviewable = _Grants(reviewable)
        self._postable = _Grants(postable)

    def may_ask(self, user: StoredUser | None) -> bool:
        """Whether there is anything that this user may have reviewed."""
        return self._reviewable.find_patterns(user) != []

    def may_review(self, user: StoredUser | None, repository: Repository) -> bool:
        may = repository.is_public or self.is_named(user, repository.full_name)
        return may and self.may_ask(user)

    def is_named(self, user: StoredUser | None, repository: str) -> bool:
        """Whether this `owner/name` may be reviewed by this user even if it is not public."""
        return self._reviewable.names(user, repository)

    def may_post_anywhere(self, user: StoredUser | None) -> bool:
        return bool(self._postable.find_patterns(user))

    def may_post(self, user: StoredUser | None, repository: str) -> bool:
        return self._postable.names(user, repository)


def check_requester(user: StoredUser, data: TaskData, use: Provider) -> None:
    """Raises Forbidden for who may have nothing reviewed, or nothing posted that is to be."""
    rights = use(ReviewRights)
    if not rights.may_ask(user):
        raise Forbidden(
            "You may not have pull requests reviewed: an administrator can name repositories for "
            "your role or department in the setting REVIEW_REPOSITORIES."
        )
    if data.post_review and not rights.may_post_anywhere(user):
        raise Forbidden(_NO_POSTING.format(""))


async def open_pull(context: Context[TaskData], ref: PullRef) -> tuple[PullRef, Pull]:
    """The pull request, by the name that its repository has now, if the ticket's owner may have it
    reviewed; else all is as if it were not there. Raises StepError."""
    owner, rights, github = (
        await context.find_owner(),
        context.use(ReviewRights),
        context.use(GitHubClient),
    )
    try:
        pull = await github.pull(ref)
    except NoAccess:
        if rights.is_named(owner, ref.repository):
            raise
        raise github.no_such_pull() from None
    repository = pull.base.repo
    if repository is None or not rights.may_review(owner, repository):
        raise github.no_such_pull()
    return ref.at(repository), pull


async def check_posting(context: Context[TaskData], ref: PullRef) -> None:
    """Raises PermanentFailure unless reviews of the ticket's owner may be posted there."""
    rights = context.use(ReviewRights)
    if not rights.may_post(await context.find_owner(), ref.repository):
        raise PermanentFailure(_NO_POSTING.format(f" to {ref.repository}"))
