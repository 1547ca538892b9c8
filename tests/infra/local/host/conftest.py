"""A host that serves instances in all states of their life."""

from pathlib import Path

import pytest

from tests.durable import Durable
from tests.host_process import StartHost

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="module")
def durable(start_module_host: StartHost) -> Durable:
    return Durable(start_module_host(APPS / "lifecycle"))


@pytest.fixture(scope="module")
def finished(durable: Durable) -> str:
    instance = durable.start("one_step", {"a": 1})
    durable.wait(instance)
    return instance
