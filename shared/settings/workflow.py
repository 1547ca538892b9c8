"""The work on tickets: its steps, what is swept up after it, what is remembered of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import SettingsError
from shared.settings.environment import Environment

_MAX_STEP_SECONDS = 540.0
"""A minute less than host.json's `functionTimeout`, after which the platform ends the process with
all that runs in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSettings:
    """`step_seconds` bounds one step, `max_parallel_work` how many steps of one ticket run at once.
    A ticket whose workflow has not begun after `sweep_after` is started again. Answers of the model
    are remembered for `answer_cache_days`, 0 for never. People have `answer_days` to answer what a
    ticket asks. `max_waits` is how long a ticket waits in all for each service outside that is busy
    or away, by its name: first after `first_wait`."""

    step_seconds: float
    max_parallel_work: int
    sweep_after: float
    answer_cache_days: int
    answer_days: float
    first_wait: float
    max_waits: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSettings:
    """How much text one question to the model has: a document's chunk, a review's batch."""

    chunk_tokens: int
    batch_tokens: int


def read_workflow(env: Environment) -> WorkflowSettings:
    _check_schedule(env)
    return WorkflowSettings(
        step_seconds=env.number("STEP_SECONDS", 480, 1, _MAX_STEP_SECONDS),
        max_parallel_work=env.integer("MAX_PARALLEL_WORK", 8, 1),
        sweep_after=env.number("SWEEP_AFTER_SECONDS", 60, 1),
        answer_cache_days=env.integer("ANSWER_CACHE_DAYS", 30, 0),
        answer_days=env.number("ANSWER_DAYS", 7, 0.00001, 365),
        first_wait=env.number("MODEL_RETRY_SECONDS", 5, 0.01),
        max_waits={
            "storage": env.number("STORAGE_MAX_WAIT_SECONDS", 900, 0),
            "github": env.number("GITHUB_MAX_WAIT_SECONDS", 900, 0),
            "snowflake": env.number("SNOWFLAKE_MAX_WAIT_SECONDS", 900, 0),
            "model": env.number("MODEL_MAX_WAIT_SECONDS", 900, 0),
            "turn": env.number("TURN_MAX_WAIT_SECONDS", 86_400, 0),
        },
    )


def read_tasks(env: Environment) -> TaskSettings:
    return TaskSettings(
        chunk_tokens=env.integer("CHUNK_TOKENS", 6_000, 200),
        batch_tokens=env.integer("REVIEW_BATCH_TOKENS", 12_000, 500),
    )


def _check_schedule(env: Environment) -> None:
    """The platform reads the schedule itself, but says little when it is not there."""
    advice = 'put an NCRONTAB schedule there, "0 * * * * *" for once a minute.'
    if len(env.require_text("SWEEP_SCHEDULE", advice).split()) not in (5, 6):
        raise SettingsError(f"The setting SWEEP_SCHEDULE is no schedule: {advice}")
