"""Task type `pr_review`: what is wrong with a pull request, each finding on lines of its diff.

reading (plan)   the pull request, if its reader may have it → files → diffs in batches, a blob each
reviewing        a batch → findings; one whose quoted code is not in the diff is dropped
grounding        what is said of it all, without what no line of the diff proves
checking         all findings → those that a second look does not refute; suggestions that apply
posting          if asked for: one review on GitHub

`task_type` is the door.
"""

from shared.clients.github.client import GitHubClient
from shared.diffs.suggestion_checks import SuggestionChecks
from shared.tasks.base import TaskType
from shared.tasks.call_sizes import CallSizes
from shared.tasks.pr_review import concluding, payload, report, sarif
from shared.tasks.pr_review.addresses import find_fault
from shared.tasks.pr_review.checking import CHECKING
from shared.tasks.pr_review.models import Result, TaskData
from shared.tasks.pr_review.planning import plan
from shared.tasks.pr_review.posting.publishing import POSTING
from shared.tasks.pr_review.reading.rights import ReviewRights, check_requester
from shared.tasks.pr_review.reviewing import REVIEWING
from shared.tasks.signer import Signer

task_type = TaskType(
    data=TaskData,
    result=Result,
    example={
        "pr_url": "example/shop#1",
        "additional_instructions": "Look at the SQL first.",
        "post_review": False,
    },
    formats={
        "md": report.markdown,
        "sarif": sarif.sarif_log,
        "github-review": payload.render_payload,
    },
    plan=plan,
    stages=(
        REVIEWING.then(concluding.after_review),
        CHECKING.then(concluding.after_check),
        POSTING.then(concluding.after_posting),
    ),
    needs=(GitHubClient, CallSizes, ReviewRights, Signer, SuggestionChecks),
    find_fault=find_fault,
    check_requester=check_requester,
    reuses_answers=True,
)
