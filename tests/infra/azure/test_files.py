"""The files around the resources fit them: azd's, the hooks, the workflow, the container's."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra import durable_backend
from infra.checks.bicep import INFRA, ROOT
from infra.durable_backend import name_backend
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


def test_azd_packs_a_host_json_that_names_the_backend() -> None:
    """Before each package, `azd deploy`'s too, which hooks of the project do not see."""
    hook = read_yaml("azure.yaml")["services"]["api"]["hooks"]["prepackage"]
    runs = {hook[platform]["run"].partition(" ")[2] for platform in ("posix", "windows")}
    assert runs == {f"-m {durable_backend.__name__}"}
    file = (ROOT / "host.json").read_text(encoding="utf-8")
    assert name_backend(file, "AzureStorage") == file
    scheduler = name_backend(file, "DurableTaskScheduler")
    assert name_backend(scheduler, "DurableTaskScheduler") == scheduler != file
    assert name_backend(scheduler, "AzureStorage") == file
    with pytest.raises(SystemExit, match="DURABLE_BACKEND"):
        name_backend(file, "Netherite")


def read_parameters() -> set[str]:
    text = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    return set(re.findall(r"readEnvironmentVariable\(\s*'(\w+)'", text))


def test_every_parameter_is_documented() -> None:
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    assert {name for name in read_parameters() if name not in page} - SET_BY_AZD == set()


def test_the_workflow_hands_on_every_variable_and_secret_that_a_parameter_reads(
    tmp_path: Path,
) -> None:
    """What it left out would have its default after the next deployment: another model, a public
    network, no key for old events."""
    deploy = read_yaml(".github/workflows/ci.yml")["jobs"]["deploy"]
    text = (INFRA / "main.bicepparam").read_text(encoding="utf-8")
    secrets = set(re.findall(r"^  (\w+): readEnv", text, re.MULTILINE))
    assert len(secrets) == 3
    given = {name: value for name, value in deploy["env"].items() if "secrets." in value}
    assert set(given) == secrets
    [step] = [one for one in deploy["steps"] if "toJSON(vars)" in str(one.get("env"))]
    variables = {name: f"{name} of mine" for name in read_parameters() - secrets}
    variables["APP_SETTINGS"] = '{\n  "MAX_PARALLEL_WORK": "16"\n}'
    file = tmp_path / "env"
    env = {
        **os.environ,
        "GITHUB_ENV": str(file),
        "VARIABLES": json.dumps(variables | {"ELSEWHERE": "x"}),
    }
    subprocess.run([sys.executable, "-c", step["run"]], check=True, cwd=ROOT, env=env)
    exported = dict(line.split("=", 1) for line in file.read_text().splitlines())
    assert set(exported) == set(variables)
    assert json.loads(exported["APP_SETTINGS"]) == {"MAX_PARALLEL_WORK": "16"}
    assert exported["PRIVATE_NETWORK"] == "PRIVATE_NETWORK of mine"


def test_the_container_gets_settings_that_there_are() -> None:
    services = read_yaml("compose.yaml")["services"]
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    settings = set(services["app"]["environment"])
    assert settings <= set(sample) | READ_BY_THE_HOST
    assert set(services["app"]["depends_on"]) <= set(services)


@pytest.mark.parametrize("failures", [0, 2, 99])
def test_the_hook_tries_until_the_app_has_started_and_says_when_it_gives_up(
    tmp_path: Path, failures: int
) -> None:
    asked, count = tmp_path / "asked", f"$(wc -l < {tmp_path}/asked)"
    for name, script in {
        "az": f'echo "$@" >> {asked}; [ {count} -gt {failures} ]',
        "sleep": "true",
    }.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    values = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "AZURE_SUBSCRIPTION_ID": "s",
        "AZURE_RESOURCE_GROUP": "a group",
        "FUNCTION_APP_NAME": "f",
        "SYSTEM_TOPIC_NAME": "t",
        "API_URL": "https://f/api/v1",
    }
    hook = INFRA / "hooks/postdeploy.sh"
    done = subprocess.run([hook], check=False, cwd=ROOT, env=values, capture_output=True, text=True)
    tries = asked.read_text().splitlines()
    assert len(tries) == min(failures + 1, 20)
    assert tries[0].startswith("deployment group create")
    assert "--resource-group a group" in tries[0]
    assert "--parameters appName=f topicName=t" in tries[0]
    if failures < 20:
        assert done.returncode == 0
        assert "become tickets" in done.stdout
    else:
        assert done.returncode == 1
        assert "azd hooks run postdeploy" in done.stderr
