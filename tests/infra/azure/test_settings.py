"""The app's settings in Azure: all that it needs is there, and nothing that nobody reads."""

import json
import re

import pytest

from infra.checks.bicep import ROOT
from infra.durable_backend import name_backend
from shared.settings import read_settings
from tests.support.azure import Deployment

SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
READ_BY_THE_PLATFORM = re.compile(
    r"AzureWebJobsStorage__(blobServiceUri|queueServiceUri|tableServiceUri|credential|clientId)"
    # The blob trigger's; the app itself takes the addresses, and its identity from AZURE_CLIENT_ID.
    r"|STORAGE_CONNECTION__(blobServiceUri|queueServiceUri|tableServiceUri|credential|clientId)"
    r"|APPLICATIONINSIGHTS_(CONNECTION|AUTHENTICATION)_STRING"
    r"|PYTHON_ENABLE_OPENTELEMETRY"
    r"|AZURE_(CLIENT_ID|TOKEN_CREDENTIALS)"
    r"|DURABLE_TASK_SCHEDULER_CONNECTION_STRING"
)
# https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations
NOT_ON_FLEX_CONSUMPTION = re.compile(
    r"FUNCTIONS_(EXTENSION_VERSION|WORKER_RUNTIME\w*|WORKER_PROCESS_COUNT|MAX_HTTP_CONCURRENCY)"
    r"|FUNCTIONS_WORKER_DYNAMIC_CONCURRENCY_ENABLED|ENABLE_ORYX_BUILD"
    r"|SCM_DO_BUILD_DURING_DEPLOYMENT|WEBSITE_\w+"
)
REFERENCE = re.compile(r"@Microsoft\.KeyVault\(VaultName=([\w-]+);SecretName=([\w-]+)\)")


def as_the_app_sees_them(deployment: Deployment) -> dict[str, str]:
    """With what only Azure knows put in: secrets, addresses, ids."""

    def seen(value: str) -> str:
        if REFERENCE.fullmatch(value):
            return "a value from the vault that is long enough for any key"
        return "https://known.to.azure" if value.startswith("[") else value

    return {name: seen(value) for name, value in deployment.settings.items()}


def test_the_app_starts_with_these_settings(deployment: Deployment) -> None:
    settings = read_settings(as_the_app_sees_them(deployment))
    assert settings.model.uses_identity
    assert not settings.storage.connection_string
    assert not settings.realtime.connection_string
    assert settings.realtime.endpoint
    audience = deployment.settings.get("WEBPUBSUB_EVENT_AUDIENCE")
    [hub] = deployment.all("Microsoft.SignalRService/webPubSub/hubs")
    handlers = hub["properties"]["eventHandlers"]
    assert [one["auth"]["managedIdentity"]["resource"] for one in handlers] == (
        [audience] if audience else []
    )
    assert (settings.realtime.events is None) is (audience is None)
    named = {"Engineering": ("acme/*",)} if audience else {}
    assert (settings.github.reviewable, settings.github.postable) == (named, {})
    assert not settings.accounts.registration_open
    assert settings.accounts.bootstrap.email == "admin@example.com"


def test_without_an_administrators_address_it_starts_too(
    public_deployment: Deployment,
) -> None:
    settings = as_the_app_sees_them(public_deployment)
    read_settings({key: v for key, v in settings.items() if not key.startswith("BOOTSTRAP_")})


def test_nothing_is_set_that_nobody_reads(deployment: Deployment) -> None:
    unread = {
        name
        for name in deployment.settings
        if name not in SAMPLE and not READ_BY_THE_PLATFORM.fullmatch(name)
    }
    assert unread == set()


def test_nothing_is_set_that_the_plan_does_not_take(deployment: Deployment) -> None:
    assert [name for name in deployment.settings if NOT_ON_FLEX_CONSUMPTION.fullmatch(name)] == []


def test_every_reference_names_a_secret_of_the_vault(deployment: Deployment) -> None:
    secrets = {one["name"] for one in deployment.all("Microsoft.KeyVault/vaults/secrets")}
    references = {
        name: "/".join(found.groups())
        for name, value in deployment.settings.items()
        if (found := REFERENCE.fullmatch(value))
    }
    assert {"SECRET_KEY", "BOOTSTRAP_ADMIN_PASSWORD"} <= set(references)
    assert set(references.values()) <= secrets
    identity = deployment.one("Microsoft.ManagedIdentity/userAssignedIdentities")["id"]
    site = deployment.one("Microsoft.Web/sites")
    assert site["properties"]["keyVaultReferenceIdentity"] == identity
    assert list(site["identity"]["userAssignedIdentities"]) == [identity]


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "AUDIT_KEY", "BOOTSTRAP_ADMIN_PASSWORD", "GITHUB_TOKEN"]
)
def test_a_secret_is_a_reference(public_deployment: Deployment, name: str) -> None:
    assert REFERENCE.fullmatch(public_deployment.settings[name])


def test_the_host_and_the_app_use_one_identity_for_storage(deployment: Deployment) -> None:
    settings = deployment.settings
    for prefix in ("AzureWebJobsStorage", "STORAGE_CONNECTION"):
        assert settings[f"{prefix}__credential"] == "managedidentity"
        assert settings[f"{prefix}__clientId"] == settings["AZURE_CLIENT_ID"]
        assert prefix not in settings


def test_telemetry_is_sent_with_the_identity(deployment: Deployment) -> None:
    authentication = deployment.settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
    assert "Authorization=AAD;ClientId=" in authentication


def test_durable_task_scheduler_takes_the_place_of_queues(
    public_deployment: Deployment, private_deployment: Deployment
) -> None:
    file = (ROOT / "host.json").read_text(encoding="utf-8")
    durable = json.loads(name_backend(file, "DurableTaskScheduler"))["extensions"]["durableTask"]
    provider = durable["storageProvider"]
    assert provider["type"] == "azureManaged"
    connection = private_deployment.settings[provider["connectionStringName"]]
    assert "Authentication=ManagedIdentity;ClientID=" in connection
    assert provider["connectionStringName"] not in public_deployment.settings
    hub = private_deployment.one("Microsoft.DurableTask/schedulers/taskHubs")["id"]
    assert hub.endswith(f"/{durable['hubName']}")


def test_the_scale_controller_is_told_by_host_json_alone(deployment: Deployment) -> None:
    """It reads the file that is deployed: a setting in its place would reach the host only.
    https://github.com/Azure/azure-functions-host, FunctionsSyncManager.ReadDurableTaskConfig"""
    assert [name for name in deployment.settings if name.startswith("AzureFunctionsJobHost")] == []


def test_other_settings_come_from_the_parameter(private_deployment: Deployment) -> None:
    assert private_deployment.settings["MAX_PARALLEL_WORK"] == "16"
