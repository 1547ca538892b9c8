"""Settings: every fault stops the app with one message that names the setting."""

import json
from pathlib import Path

import pytest

from shared.errors import SettingsError
from shared.settings import read_settings
from shared.settings.accounts import EntraSettings

ROOT = Path(__file__).parents[3]
GOOD = {
    "SECRET_KEY": "s" * 32,
    "STORAGE_CONNECTION": "UseDevelopmentStorage=true",
    "AZURE_OPENAI_ENDPOINT": "https://res.openai.azure.com/",
    "SWEEP_SCHEDULE": "0 * * * * *",
    "RETENTION_SCHEDULE": "0 30 3 * * *",
}


def test_what_is_not_set_has_the_default_of_the_contract() -> None:
    settings = read_settings(GOOD)
    assert settings.accounts.tokens.access_minutes == 30
    assert settings.sizes.file == 10_485_760
    assert settings.model.deployment == "grok-3"
    assert settings.accounts.registration_open
    assert (settings.accounts.cache_seconds, settings.accounts.entra) == (5, None)


def test_the_sample_lists_the_defaults() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    assert read_settings(sample | GOOD) == read_settings(GOOD)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"STORAGE_CONNECTION": ""}, "STORAGE_CONNECTION"),
        ({"STORAGE_CONNECTION": "nonsense"}, "STORAGE_CONNECTION"),
        ({"AZURE_OPENAI_ENDPOINT": ""}, "AZURE_OPENAI_ENDPOINT"),
        ({"AZURE_OPENAI_ENDPOINT": "res.openai.azure.com"}, "AZURE_OPENAI_ENDPOINT"),
        ({"MODEL_BASE_URL": "localhost:8000"}, "MODEL_BASE_URL"),
        ({"SWEEP_SCHEDULE": ""}, "SWEEP_SCHEDULE"),
        ({"SWEEP_SCHEDULE": "hourly"}, "SWEEP_SCHEDULE"),
        ({"ACCESS_TOKEN_EXPIRE_MINUTES": "soon"}, "ACCESS_TOKEN_EXPIRE_MINUTES"),
        ({"ACCESS_TOKEN_EXPIRE_MINUTES": "0"}, "ACCESS_TOKEN_EXPIRE_MINUTES"),
        ({"REFRESH_GRACE_SECONDS": "301"}, "REFRESH_GRACE_SECONDS"),
        ({"MAX_FILE_SIZE": "1.5"}, "MAX_FILE_SIZE"),
        ({"MAX_FILE_SIZE": "nan"}, "MAX_FILE_SIZE"),
        ({"MODEL_TIMEOUT_SECONDS": "inf"}, "MODEL_TIMEOUT_SECONDS"),
        ({"MODEL_TIMEOUT_SECONDS": "300"}, "MODEL_TIMEOUT_SECONDS"),
        ({"STEP_SECONDS": "600"}, "STEP_SECONDS"),
        ({"STEP_SECONDS": "100"}, "MODEL_TIMEOUT_SECONDS"),
        ({"MAX_UPLOAD_SIZE": "104857601"}, "MAX_UPLOAD_SIZE"),
        ({"MAX_PARALLEL_WORK": "-1"}, "MAX_PARALLEL_WORK"),
        ({"REGISTRATION_OPEN": "maybe"}, "REGISTRATION_OPEN"),
        ({"BOOTSTRAP_ADMIN_EMAIL": "a@example.com"}, "BOOTSTRAP_ADMIN_PASSWORD"),
        ({"BOOTSTRAP_ADMIN_PASSWORD": "12345678"}, "BOOTSTRAP_ADMIN_EMAIL"),
        ({"ENTRA_CLIENT_ID": "123"}, "ENTRA_CLIENT_ID"),
        ({"PRICE_CURRENCY": "dollars"}, "PRICE_CURRENCY"),
        ({"REVIEW_REPOSITORIES": "acme/*"}, "REVIEW_REPOSITORIES"),
        ({"REVIEW_REPOSITORIES": '["acme/*"]'}, "REVIEW_REPOSITORIES"),
        ({"REVIEW_REPOSITORIES": '{"user": "acme/*"}'}, "REVIEW_REPOSITORIES"),
        ({"REVIEW_REPOSITORIES": '{"user": ["acme*"]}'}, "REVIEW_REPOSITORIES"),
        ({"REVIEW_POSTING_REPOSITORIES": '{"user": ["*"]}'}, "REVIEW_POSTING_REPOSITORIES"),
        ({"ENTRA_TENANT_ID": "t"}, "ENTRA_AUDIENCE"),
        ({"ENTRA_AUDIENCE": "api://amida"}, "ENTRA_TENANT_ID"),
        ({"ENTRA_TENANT_ID": "common", "ENTRA_AUDIENCE": "a"}, "ENTRA_TENANT_ID"),
        ({"ENTRA_TENANT_ID": "a/b", "ENTRA_AUDIENCE": "a"}, "ENTRA_TENANT_ID"),
        ({"ENTRA_AUTHORITY": "login.microsoftonline.com"}, "ENTRA_AUTHORITY"),
        ({"USER_CACHE_SECONDS": "-1"}, "USER_CACHE_SECONDS"),
        ({"AUDIT_KEY": "short"}, "AUDIT_KEY"),
        ({"AUDIT_KEY": "a," * 20}, "AUDIT_KEY"),
        ({"AUDIT_KEY": "@Microsoft.KeyVault(VaultName=v;SecretName=audit-key)"}, "AUDIT_KEY"),
        ({"AUDIT_PREVIOUS_KEYS": "a" * 32}, "AUDIT_KEY"),
        ({"AUDIT_KEY": "a" * 32, "AUDIT_PREVIOUS_KEYS": "b"}, "AUDIT_PREVIOUS_KEYS"),
        ({"AUDIT_DIGEST_SECONDS": "0"}, "AUDIT_DIGEST_SECONDS"),
        ({"AUDIT_DIGEST_CONTAINER": "Audit_Digests"}, "AUDIT_DIGEST_CONTAINER"),
        ({"ALLOWED_ORIGINS": "https://*.example.com"}, "ALLOWED_ORIGINS"),
        ({"ALLOWED_ORIGINS": "example.com"}, "ALLOWED_ORIGINS"),
        ({"WEBPUBSUB_ENDPOINT": "wss://x"}, "WEBPUBSUB_ENDPOINT"),
        ({"WEBPUBSUB_EVENT_AUDIENCE": "api://events"}, "ENTRA_TENANT_ID"),
        (
            {
                "WEBPUBSUB_EVENT_AUDIENCE": "api://b",
                "ENTRA_TENANT_ID": "t",
                "ENTRA_AUDIENCE": "api://a,api://b",
            },
            "WEBPUBSUB_EVENT_AUDIENCE",
        ),
    ],
)
def test_a_fault_names_the_setting(changes: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings(GOOD | changes)


def test_the_model_is_azure_with_our_identity_unless_told_otherwise() -> None:
    azure = read_settings(GOOD).model
    assert azure.base_url == "https://res.openai.azure.com/openai/v1"
    assert azure.uses_identity
    assert not read_settings(GOOD | {"AZURE_OPENAI_API_KEY": "k"}).model.uses_identity
    own = read_settings(GOOD | {"MODEL_BASE_URL": "http://127.0.0.1:1/v1/"}).model
    assert (own.base_url, own.uses_identity) == ("http://127.0.0.1:1/v1", False)


def test_storage_may_be_an_account_with_our_identity() -> None:
    named = GOOD | {"STORAGE_CONNECTION": "", "STORAGE_CONNECTION__accountName": "amida"}
    storage = read_settings(named).storage
    assert storage.table_uri == "https://amida.table.core.windows.net"
    assert storage.blob_uri == "https://amida.blob.core.windows.net"
    assert storage.connection_string == ""


def test_no_secret_is_shown() -> None:
    secrets = {
        "SECRET_KEY": "very-secret-" * 4,
        "AUDIT_KEY": "very-secret-" * 3,
        "AUDIT_PREVIOUS_KEYS": "very-secret-" * 3,
        "AZURE_OPENAI_API_KEY": "very-secret-key",
    }
    assert "very-secret" not in repr(read_settings(GOOD | secrets))


def test_entra_may_serve_several_audiences() -> None:
    named = GOOD | {"ENTRA_TENANT_ID": "t", "ENTRA_AUDIENCE": "api://a, b"}
    assert read_settings(named).accounts.entra == EntraSettings(
        authority="https://login.microsoftonline.com", tenant_id="t", audiences=("api://a", "b")
    )


def test_a_task_type_finds_settings_of_its_own() -> None:
    settings = read_settings(GOOD | {"WEATHER_KEY": "very-secret"})
    assert settings.environment["WEATHER_KEY"] == "very-secret"
    assert "very-secret" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "origin"),
    [
        ({}, ""),
        ({"WEBPUBSUB_ENDPOINT": "https://x.webpubsub.azure.com"}, "wss://x.webpubsub.azure.com"),
        (
            {"WEBPUBSUB_CONNECTION_STRING": "Endpoint=http://localhost;Port=8080;AccessKey=a="},
            "ws://localhost:8080",
        ),
        (
            {"WEBPUBSUB_CONNECTION_STRING": "Endpoint=https://x.y;AccessKey=a=;Version=1.0;"},
            "wss://x.y",
        ),
    ],
)
def test_where_clients_connect_follows_from_where_the_service_is(
    values: dict[str, str], origin: str
) -> None:
    assert read_settings(GOOD | values).realtime.websocket_origin == origin
