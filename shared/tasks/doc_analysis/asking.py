"""How the model is asked, the same for all steps: what is wanted by the requester beside what the
step wants. Names of files are left out, so that the same text under another name is the same
question."""

from collections.abc import Mapping

from shared.models import Question
from shared.tasks import base
from shared.tasks.doc_analysis.models import TaskData


def question(data: TaskData, step: str, material: Mapping[str, str]) -> Question:
    """`step` names the prompt beside this module."""
    system = base.prompt(__file__, step)
    wanted = base.prompt(__file__, f"kinds/{data.kind}") if data.kind else data.analysis_type
    user = f"# Kind of analysis\n{wanted}"
    if data.instructions:
        user += f"\n\n# Instructions\n{data.instructions}"
    return Question(system, user, material)
