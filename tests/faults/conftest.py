"""The app as the fault tests want it: a slow machine must not look like a slow model."""

from collections.abc import Iterator

import pytest

from tests.world import World, worlds


@pytest.fixture(scope="module")
def world(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The whole app, patient with its model."""
    patient = {"MODEL_TIMEOUT_SECONDS": "60", "MODEL_MAX_WAIT_SECONDS": "60"}
    with worlds(storage, tmp_path_factory.mktemp("world"), **patient) as running:
        yield running
