"""Files: how large they may be, how long they are waited for, what reading one may take."""

from dataclasses import dataclass

from shared.settings.environment import Environment

_MAX_BODY = 100 * 1024 * 1024
"""The platform answers a longer request with an empty 500.
https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits"""
_PART = 0.45
"""Of a step: the most that reading one document may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """In bytes, the most that a file may have which is sent to the API, a request with all its
    files, and a blob."""

    file: int
    upload: int
    blob: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """A ticket that waits for its files starts when none has come for `quiet_seconds`, and ends
    after `max_wait` without one. What was rejected is kept for `rejected_days`, 0 for ever."""

    quiet_seconds: float
    max_wait: float
    rejected_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractionSettings:
    """What reading one document may take."""

    seconds: float
    megabytes: int


def read_sizes(env: Environment) -> Sizes:
    return Sizes(
        file=env.integer("MAX_FILE_SIZE", 10_485_760, 1, _MAX_BODY),
        upload=env.integer("MAX_UPLOAD_SIZE", 52_428_800, 1, _MAX_BODY),
        blob=env.integer("MAX_BLOB_SIZE", 104_857_600, 1),
    )


def read_files(env: Environment) -> FileSettings:
    return FileSettings(
        quiet_seconds=env.number("FILES_QUIET_SECONDS", 2, 0.01),
        max_wait=env.number("WAIT_FOR_FILES_HOURS", 24, 0.0001) * 3600,
        rejected_days=env.integer("REJECTED_DAYS", 30, 0),
    )


def read_extraction(env: Environment, step_seconds: float) -> ExtractionSettings:
    return ExtractionSettings(
        seconds=env.number("EXTRACT_SECONDS", 60, 0.1, step_seconds * _PART),
        megabytes=env.integer("EXTRACT_MEGABYTES", 512, 64),
    )
