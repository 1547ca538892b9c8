"""What an attempt at a paper keeps between its steps. Everything is saved under a name that says
what it is of, so that a step that runs twice replaces what it had saved itself, no more."""

from collections.abc import Mapping, Sequence

from shared.clients.side_by_side import gather_within
from shared.documents.export.template import Template
from shared.tasks.base import Artifacts
from shared.tasks.evidence.models import Claim
from shared.tasks.paper_writing.models import (
    MAX_REPAIRS,
    Draft,
    Polished,
    SavedOutline,
    SourceFacts,
    Verdict,
)

_AT_ONCE = 16


async def save_sources(artifacts: Artifacts, sources: Sequence[SourceFacts]) -> None:
    await artifacts.save("sources", [one.model_dump(mode="json") for one in sources])


async def load_sources(artifacts: Artifacts) -> list[SourceFacts]:
    return [SourceFacts.model_validate(one) for one in await artifacts.load("sources")]


async def save_template(artifacts: Artifacts, template: Template) -> None:
    await artifacts.save("template", template.model_dump(mode="json"))


async def load_template(artifacts: Artifacts) -> Template | None:
    known = await artifacts.load("template")
    return None if known is None else Template.model_validate(known)


async def save_outline(artifacts: Artifacts, outline: SavedOutline) -> None:
    await artifacts.save("outline", outline.model_dump(mode="json"))


async def find_outline(artifacts: Artifacts) -> SavedOutline | None:
    known = await artifacts.load("outline")
    return None if known is None else SavedOutline.model_validate(known)


async def save_earlier(artifacts: Artifacts, outline: SavedOutline) -> None:
    """The outline of an earlier attempt."""
    await artifacts.save("outline-before", outline.model_dump(mode="json"))


async def find_earlier(artifacts: Artifacts) -> SavedOutline | None:
    known = await artifacts.load("outline-before")
    return None if known is None else SavedOutline.model_validate(known)


async def save_claims(
    artifacts: Artifacts, claims: Sequence[Claim], chosen: Sequence[Sequence[int]]
) -> None:
    """All claims by number, from 0, and the numbers of those that each section is given."""
    known = [one.model_dump(mode="json") for one in claims]
    await artifacts.save("claims", {"claims": known, "chosen": [list(one) for one in chosen]})


async def load_claims(artifacts: Artifacts) -> tuple[list[Claim], list[list[int]]]:
    known = await artifacts.load("claims") or {"claims": [], "chosen": []}
    return [Claim.model_validate(one) for one in known["claims"]], known["chosen"]


async def save_draft(artifacts: Artifacts, draft: Draft) -> None:
    name = f"section-{draft.section}-{draft.tries}"
    await artifacts.save(name, draft.model_dump(mode="json"))


async def load_draft(artifacts: Artifacts, section: int, tries: int) -> Draft:
    return Draft.model_validate(await artifacts.load(f"section-{section}-{tries}"))


async def save_tries(artifacts: Artifacts, tries: Mapping[int, int]) -> None:
    """How often each section has been rewritten."""
    await artifacts.save("tries", {str(section): count for section, count in tries.items()})


async def load_tries(artifacts: Artifacts) -> dict[int, int]:
    known = await artifacts.load("tries") or {}
    return {int(section): count for section, count in known.items()}


async def load_drafts(artifacts: Artifacts) -> list[Draft]:
    """The sections as they are now, in order."""
    known = sorted((await load_tries(artifacts)).items())
    return await gather_within(_AT_ONCE, lambda pair: load_draft(artifacts, *pair), known)


async def find_drafts(artifacts: Artifacts, sections: int) -> list[Draft]:
    """The sections that there are, each as it was written last, while others are still open."""

    async def find(section: int) -> Draft | None:
        for tries in range(MAX_REPAIRS, -1, -1):
            known = await artifacts.load(f"section-{section}-{tries}")
            if known is not None:
                return Draft.model_validate(known)
        return None

    found = await gather_within(_AT_ONCE, find, range(sections))
    return [one for one in found if one is not None]


async def save_verdicts(artifacts: Artifacts, verdicts: Sequence[Verdict]) -> None:
    await artifacts.save("verdicts", [one.model_dump(mode="json") for one in verdicts])


async def load_verdicts(artifacts: Artifacts) -> list[Verdict]:
    return [Verdict.model_validate(one) for one in await artifacts.load("verdicts") or []]


async def save_polished(artifacts: Artifacts, name: str, polished: Polished) -> None:
    await artifacts.save(name, polished.model_dump(mode="json"))


async def load_polished(artifacts: Artifacts, name: str) -> Polished:
    return Polished.model_validate(await artifacts.load(name))
