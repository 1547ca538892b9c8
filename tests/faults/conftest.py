"""What kills share."""

from collections.abc import Iterator

import pytest

from tests.support.running_app import RunningApp, run_app


@pytest.fixture(scope="module")
def running_app(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """An app that soon takes a ticket for dead whose opening was broken off."""
    soon = {"SWEEP_AFTER_SECONDS": "2"}
    with run_app(storage, tmp_path_factory.mktemp("running_app"), **soon) as running:
        yield running
