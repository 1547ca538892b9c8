"""Instances carry the version of the host.json that they are started under."""

from pathlib import Path

import pytest

from tests.support.hosts.durable_api import Durable
from tests.support.hosts.process import HostKind, StartHost

APP = Path(__file__).parent / "apps/versions"
DEFAULT = "AzureFunctionsJobHost__extensions__durableTask__defaultVersion"
long_real = pytest.mark.parametrize(
    "host_kind", [pytest.param(HostKind.REAL, marks=pytest.mark.long)], indirect=True
)


def test_an_instance_knows_its_version(start_either: StartHost) -> None:
    durable = Durable(start_either(APP))
    instance = durable.start("waiter")
    durable.wait_for_step(instance, "waiting")
    assert durable.status(instance)["version"] == "1"
    durable.raise_event(instance, "go", None)
    assert durable.wait(instance)["output"] == "started with 1"


@long_real
def test_a_new_host_goes_on_with_older_instances_and_an_old_one_leaves_newer_alone(
    start_either: StartHost,
) -> None:
    host = start_either(APP)
    durable = Durable(host)
    older = durable.start("waiter")
    durable.wait_for_step(older, "waiting")

    host.env[DEFAULT] = "2"
    host.restart()
    newer = durable.start("waiter")
    durable.wait_for_step(newer, "waiting")
    durable.raise_event(older, "go", None)
    assert durable.wait(older)["output"] == "started with 1"

    host.env[DEFAULT] = "1"
    host.restart()
    durable.raise_event(newer, "go", None)
    own = durable.start("waiter")
    durable.wait_for_step(own, "waiting")
    durable.raise_event(own, "go", None)
    assert durable.wait(own)["output"] == "started with 1"
    assert durable.status(newer)["runtimeStatus"] == "Running"

    host.env[DEFAULT] = "2"
    host.restart()
    assert durable.wait(newer)["output"] == "started with 2"
