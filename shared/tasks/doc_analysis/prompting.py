"""How the model is asked, the same for all steps: what is wanted by the requester beside what the
step wants. Where only one document is asked about its name is left out, so that the same text under
another name is the same question."""

from collections import Counter
from collections.abc import Mapping

from shared.models import Question
from shared.tasks import base
from shared.tasks.base import Context
from shared.tasks.doc_analysis.models import TaskData


def question(data: TaskData, step: str, material: Mapping[str, str]) -> Question:
    """`step` names the prompt beside this module."""
    system = base.read_prompt(__file__, step)
    kind = base.read_prompt(__file__, f"kinds/{data.kind}") if data.kind else ""
    user = f"# Kind of analysis\n{kind or data.show('analysis_type')}"
    if data.instructions:
        user += f"\n\n# Instructions\n{data.show('instructions')}"
    return Question(system, user, material)


def names(context: Context[TaskData]) -> list[str]:
    """What the documents are called, by number; of several with one name each but the first gets a
    number: `report.pdf (2)`."""
    seen: Counter[str] = Counter()
    found = []
    for file in context.ticket.attachments:
        seen[file.filename] += 1
        count = seen[file.filename]
        found.append(file.filename if count == 1 else f"{file.filename} ({count})")
    return found
