"""How the model is asked, the same for all steps. What a section is asked with depends on nothing
but the brief, the outline, its own requirements and its sources, so that a section for which they
have not changed is the same question again, whose answer is known."""

import json
from collections.abc import Mapping, Sequence

from shared.models import Question
from shared.tasks import base
from shared.tasks.evidence.models import Claim
from shared.tasks.paper_writing.llm_output import Term
from shared.tasks.paper_writing.models import Outline, Section
from shared.tasks.paper_writing.task_data import TaskData


def question(data: TaskData, step: str, user: str, material: Mapping[str, str]) -> Question:
    """`step` names the prompt beside this module."""
    system = base.read_prompt(__file__, step)
    return Question(system, f"{brief(data)}\n\n{user}".strip(), material)


def brief(data: TaskData) -> str:
    """What is asked for, without the requirements and the sources."""
    kind = base.read_prompt(__file__, f"kinds/{data.kind}") if data.kind else ""
    lines = [
        ("Topic", data.show("topic")),
        ("Kind of paper", kind or data.show("paper_type")),
        ("Readers", data.show("target_audience")),
        ("Style", data.show("style")),
        ("Language", data.show("language") or "that of the topic"),
        ("Length", f"{data.words} words"),
    ]
    return "\n\n".join(f"# {name}\n{text}" for name, text in lines if text)


def render_outline(outline: Outline, mine: int | None = None) -> str:
    """The whole outline; the section that is written says so."""
    lines = [f"Voice: {outline.voice}", "", "# Outline"]
    for number, section in enumerate(outline.sections, start=1):
        here = "  ← the section to write" if number - 1 == mine else ""
        lines.append(f"{number}. {section.title}: {section.purpose}{here}")
        lines += [f"   - {one}" for one in section.subsections]
        lines += [f"   says alone: {one}" for one in section.claims]
    if outline.glossary:
        lines += ["", "# Glossary", *map(_term, outline.glossary)]
    return "\n".join(lines)


def render_requirements(section: Section, points: Sequence[str]) -> str:
    """The requirements that a section is to meet, without their numbers, which change when others
    come or go."""
    mine = [f"- {points[number - 1]}" for number in section.requirements]
    return "\n".join(["# Requirements that this section meets", *mine]) if mine else ""


def render_claims(claims: Sequence[Claim], numbers: Sequence[int]) -> str:
    """Claims as a writer is given them, with the quotes that back them."""
    lines = []
    for number in numbers:
        claim = claims[number]
        lines.append(f"[@{number}] {claim.text}")
        for proof in claim.evidence:
            quote = json.dumps(" ".join(proof.quote.split()), ensure_ascii=False)
            lines.append(f"  {proof.document}, {proof.place}: {quote}")
    return "\n".join(lines)


def _term(term: Term) -> str:
    others = f" (not: {', '.join(term.instead_of)})" if term.instead_of else ""
    return f"- {term.term}{others}: {term.meaning}"
