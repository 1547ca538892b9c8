"""Deployments as Microsoft's compiler evaluates them, made once."""

from typing import Any

import pytest

from infra.checks.bicep import subscription_snapshot
from tests.support.azure import PRIVATE, PUBLIC, Deployment, evaluated, need_compiler


@pytest.fixture(scope="session", params=["public", "private"])
def deployment(request: pytest.FixtureRequest) -> Deployment:
    return request.getfixturevalue(f"{request.param}_deployment")  # type: ignore[no-any-return]


@pytest.fixture(scope="session")
def public_deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return evaluated(tmp_path_factory.mktemp("public"), PUBLIC)


@pytest.fixture(scope="session")
def private_deployment(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return evaluated(tmp_path_factory.mktemp("private"), PRIVATE)


@pytest.fixture(scope="session")
def event_subscription(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    need_compiler()
    parameters = {"appName": "func-x", "topicName": "evgt-x"}
    taken = subscription_snapshot(tmp_path_factory.mktemp("subscription"), parameters)
    [resource] = taken["predictedResources"]
    return resource  # type: ignore[no-any-return]
