"""The files around the resources fit them: azd's, the hooks, the workflow, the container's."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.checks.bicep import INFRA, ROOT
from tests.support.azure import Deployment

HOOKS = ("postdeploy.sh", "postdeploy.ps1")
SET_BY_AZD = {"AZURE_SUBSCRIPTION_ID", "AZURE_PRINCIPAL_ID"}
READ_BY_THE_HOST = {"AzureWebJobsStorage", "FUNCTIONS_WORKER_RUNTIME"}


def read_yaml(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_azd_finds_the_app_by_its_tag(public_deployment: Deployment) -> None:
    [service] = read_yaml("azure.yaml")["services"]
    assert public_deployment.one("Microsoft.Web/sites")["tags"]["azd-service-name"] == service


def test_azd_runs_the_hook_that_lets_dropped_blobs_be_seen() -> None:
    hook = read_yaml("azure.yaml")["hooks"]["postdeploy"]
    for platform, name in zip(("posix", "windows"), HOOKS, strict=True):
        assert hook[platform]["run"] == f"infra/hooks/{name}"
        assert "infra/subscription.bicep" in (INFRA / "hooks" / name).read_text()
    assert (INFRA / "hooks/postdeploy.sh").stat().st_mode & 0o111


@pytest.mark.parametrize("name", HOOKS)
def test_a_hook_reads_what_the_deployment_says(public_deployment: Deployment, name: str) -> None:
    text = (INFRA / "hooks" / name).read_text(encoding="utf-8")
    read = set(re.findall(r"\$(?:env:)?([A-Z]+_[A-Z_]+)", text))
    assert read <= set(public_deployment.outputs) | SET_BY_AZD
    bicep = (INFRA / "subscription.bicep").read_text(encoding="utf-8")
    required = set(re.findall(r"^param (\w+) string$", bicep, re.MULTILINE))
    assert {given for given in re.findall(r"(\w+)=\W", text) if given in required} == required


def test_the_workflow_gives_azd_what_the_parameters_read() -> None:
    env = read_yaml(".github/workflows/ci.yml")["jobs"]["deploy"]["env"]
    parameters = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    read = set(re.findall(r"readEnvironmentVariable\(\s*'(\w+)'", parameters))
    signs_in = {"AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_SUBSCRIPTION_ID"}
    assert set(env) - read == signs_in
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    undocumented = {name for name in read if name not in page} - SET_BY_AZD
    assert undocumented == set()


def test_the_container_gets_settings_that_there_are() -> None:
    services = read_yaml("compose.yaml")["services"]
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    settings = set(services["app"]["environment"])
    assert settings <= set(sample) | READ_BY_THE_HOST
    assert set(services["app"]["depends_on"]) <= set(services)
