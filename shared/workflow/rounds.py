"""Rounds as they pass through the workflow's history, which takes only so much."""

from shared.errors import PermanentFailure
from shared.tasks.base import Round
from shared.text import strict_json
from shared.workflow.messages import RoundBegins, RoundFacts

_MAX_ITEM_BYTES = 40_000


def begin_round(made: Round, number: int) -> RoundBegins:
    """Raises PermanentFailure for more items than there is room for."""
    size = len(strict_json.dumps(made.items))
    if size > _MAX_ITEM_BYTES:
        raise PermanentFailure(
            f"This ticket needs {len(made.items)} pieces of work, whose items have {size:,} bytes; "
            f"a round takes {_MAX_ITEM_BYTES:,}. Its task type must save texts as artifacts, or it "
            "asks for too much at once."
        )
    facts = RoundFacts(
        number=number,
        stage=made.stage,
        total=len(made.items),
        starts_at=made.starts_at,
        ends_at=made.ends_at,
    )
    return RoundBegins(kind="round", facts=facts, items=made.items)
