"""Users' schemas at work: each time in a child process with limits, as a schema of a few hundred
bytes can ask for more steps than there is time."""

import json
from collections.abc import Sequence
from typing import Any

from shared.errors import BadSchema, SchemaMismatch
from shared.sandbox.runner import Limits, run_in_child

LIMITS = Limits(seconds=10, megabytes=512)
_MODULE = "shared.text.json_schema_child"


async def compile_patterns(patterns: Sequence[str]) -> None:
    """Raises BadSchema for one that cannot be used."""
    if patterns:
        await _ask({"patterns": list(patterns)})


async def validate(value: Any, schema: dict[str, Any], limits: Limits = LIMITS) -> None:
    """Raises SchemaMismatch for the first fault of `value`, BadSchema if `schema`, which has been
    checked, cannot be applied to it within the limits."""
    answer = await _ask({"schema": schema, "value": value}, limits)
    if fault := answer.get("fault"):
        raise SchemaMismatch(fault)


async def _ask(asked: dict[str, Any], limits: Limits = LIMITS) -> dict[str, str]:
    data = json.dumps(asked).encode()
    try:
        returned, output = await run_in_child(_MODULE, "", "", data, limits)
    except (TimeoutError, ValueError):
        raise BadSchema("the schema takes too long to apply") from None
    if returned != 0:
        raise BadSchema("the schema takes too much to apply")
    answer: dict[str, str] = json.loads(output)
    if bad := answer.get("bad"):
        raise BadSchema(bad)
    return answer
