"""What an attempt keeps between its steps."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator

from shared.clients.github.models import PullRef
from shared.diffs.changes import FileDiff, file_diff
from shared.models import Model
from shared.tasks.base import Artifacts
from shared.tasks.grouped_texts import keep_texts, load_text
from shared.tasks.pr_review.models import Coverage, Finding, Result, SuggestedChange

_BATCHES = "batches"


class Artifact(Model):
    """Known by the name of its class, and a number where there are several."""

    async def hand_on(self, artifacts: Artifacts, number: int = 0) -> None:
        await artifacts.hand_on(self._name(number), self.model_dump(mode="json"))

    @classmethod
    async def load(cls, artifacts: Artifacts, number: int = 0) -> Self:
        return cls.model_validate(await artifacts.load(cls._name(number)))

    @classmethod
    async def find(cls, artifacts: Artifacts) -> Self | None:
        """None where there is none yet."""
        known = await artifacts.load(cls._name(0))
        return None if known is None else cls.model_validate(known)

    @classmethod
    def _name(cls, number: int) -> str:
        return f"{cls.__name__.lower()}-{number}"


class Facts(Artifact):
    """A pull request as it was read, in so many batches; of files that are `made_here` the diff is
    not GitHub's own. `base` is the name of the branch, `base_sha` its commit, `request` a hash of
    what was asked for. Where only what changed `since` a head that was reviewed before is read,
    `summary` is of the whole."""

    ref: PullRef
    title: str
    body: str
    url: str
    head_sha: str
    instructions: str
    made_here: list[str]
    batches: int = 0
    base: str = ""
    base_sha: str = ""
    request: str = ""
    summary: str = ""
    since: str | None = None


class Seen(Artifact):
    """What of the pull request is reviewed, what people should know of it, and what the program
    found by itself."""

    coverage: Coverage
    warnings: list[str]
    noticed: list[Finding] = []


class Diff(Model):
    """A FileDiff, or the part of one."""

    path: str
    status: str
    patch: str
    previous_path: str | None

    @classmethod
    def of(cls, diff: FileDiff) -> Self:
        return cls(
            path=diff.path,
            status=diff.status.value,
            patch=diff.patch,
            previous_path=diff.previous_path,
        )

    def read(self) -> FileDiff:
        return file_diff(self.path, self.status, self.patch, self.previous_path)


class ReviewBatch(Artifact):
    """What one call of the model reviews."""

    files: list[Diff]

    @classmethod
    async def hand_on_all(cls, artifacts: Artifacts, batches: Sequence[Self]) -> None:
        texts = [batch.model_dump_json() for batch in batches]
        await keep_texts(artifacts.hand_on, _BATCHES, texts)

    @classmethod
    async def load(cls, artifacts: Artifacts, number: int = 0) -> Self:
        text = await load_text(artifacts, _BATCHES, number)
        if text is None:  # Of attempts that an older version began.
            return await super().load(artifacts, number)
        return cls.model_validate_json(text)

    @classmethod
    def of(cls, diffs: Sequence[FileDiff]) -> Self:
        return cls(files=[Diff.of(diff) for diff in diffs])

    def diffs(self) -> list[FileDiff]:
        return [file.read() for file in self.files]


class Candidate(Finding):
    """A finding on its way: `batch` is where its diff is kept, `excerpt` the code around it, and
    `proposal` the change that is not checked yet."""

    batch: int
    excerpt: str
    proposal: SuggestedChange | None = None

    def make_finding(self) -> Finding:
        return Finding.model_validate(self.model_dump())


class TextPart(StrEnum):
    """What sentences of the model are part of, as people are told of those that go."""

    SUMMARY = "of the summary"
    FINDINGS = "of findings"


Unproved = dict[TextPart, int]
"""How many sentences went because no line of the diff proves them."""


class Told(Model):
    """A sentence on what a batch changes in a file, and the lines around what it quotes."""

    batch: int
    path: str
    text: str
    lines: str


def _leave_unfounded(said: Any) -> Any:
    """Texts that quote no lines, as earlier versions kept them, are not proved."""
    texts = said if isinstance(said, list) else []
    return [one for one in texts if not isinstance(one, str)]


Sentences = Annotated[list[Told], BeforeValidator(_leave_unfounded)]


class Outcome(Model):
    """What came of a batch, or of a `half` of one (see BatchItem): findings whose quote is not in
    the diff are dropped, and so are sentences that it does not prove. `fault` is why there is no
    answer, of files with these `paths`; what is `divisible` can be asked about in two parts."""

    batch: int = 0
    half: str = ""
    paths: list[str] = []
    fault: str | None = None
    divisible: bool = False
    summary: Sentences = []
    candidates: list[Candidate] = []
    dropped: int = 0
    unproved: Unproved = {}


class Gathered(Artifact):
    """What came of the rounds so far, by how often batches were halved."""

    outcomes: list[Outcome]


class Unread(Model):
    """A file about which the model had no proper answer: as a `whole`, or in part."""

    path: str
    reason: str
    whole: bool


class Reviewed(Artifact):
    """What came of all batches: the candidates, the first by rank; how many more there are that are
    left out, how many had no place, and how many said the same as another; what is unread."""

    summaries: Sentences
    candidates: list[Candidate]
    left_out: int = 0
    unplaced: int
    merged: int
    unread: list[Unread] = []
    unproved: Unproved = {}


class Held(Model):
    """What is left of candidates after the second look; `told` are the sentences on a change in
    several parts, `unchecked` is how many findings nobody has looked at again."""

    told: list[str] = []
    unproved: Unproved = {}
    findings: list[Finding]
    refuted: int
    suggestions_dropped: int
    unchecked: int = 0


class Draft(Artifact):
    """The result that is to be posted."""

    result: Result
