"""What an attempt keeps between its steps: the tables, the drafts of SQL, and what came of them."""

from shared.tasks.base import Artifacts
from shared.tasks.snowflake_query.catalogue import Catalogue
from shared.tasks.snowflake_query.models import Draft, Evidence

_CATALOGUE, _NARROWED, _EVIDENCE, _ANSWER = "catalogue", "narrowed", "evidence", "answer"


async def save_catalogues(artifacts: Artifacts, whole: Catalogue, narrowed: Catalogue) -> None:
    """All tables, and those that the question may be about."""
    await artifacts.save(_CATALOGUE, whole.model_dump(mode="json"))
    await artifacts.save(_NARROWED, narrowed.model_dump(mode="json"))


async def load_catalogue(artifacts: Artifacts) -> Catalogue:
    return Catalogue.model_validate(await artifacts.load(_CATALOGUE))


async def load_narrowed(artifacts: Artifacts) -> Catalogue:
    return Catalogue.model_validate(await artifacts.load(_NARROWED))


async def hand_on_draft(artifacts: Artifacts, draft: Draft) -> None:
    """That is to be run."""
    await artifacts.hand_on(_draft(draft.number), draft.model_dump(mode="json"))


async def load_draft(artifacts: Artifacts, number: int) -> Draft:
    return Draft.model_validate(await artifacts.load(_draft(number)))


async def hand_on_failure(artifacts: Artifacts, number: int, draft: Draft) -> None:
    """That the `number`-th draft is to mend."""
    await artifacts.hand_on(_failure(number), draft.model_dump(mode="json"))


async def load_failure(artifacts: Artifacts, number: int) -> Draft | None:
    known = await artifacts.load(_failure(number))
    return None if known is None else Draft.model_validate(known)


async def hand_on_answer(artifacts: Artifacts, answer: str) -> None:
    """What people said that they mean."""
    await artifacts.hand_on(_ANSWER, answer)


async def load_answer(artifacts: Artifacts) -> str:
    return str(await artifacts.load(_ANSWER) or "")


async def hand_on_evidence(artifacts: Artifacts, evidence: Evidence) -> None:
    await artifacts.hand_on(_EVIDENCE, evidence.model_dump(mode="json"))


async def load_evidence(artifacts: Artifacts) -> Evidence:
    return Evidence.model_validate(await artifacts.load(_EVIDENCE))


def _draft(number: int) -> str:
    return f"draft-{number}"


def _failure(number: int) -> str:
    return f"failure-{number}"
