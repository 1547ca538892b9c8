"""How Snowflake is set: every fault names the setting, and secrets show nowhere."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from shared.clients.mcp.settings import OAuthClient, SnowflakeEndpoint, SnowflakeSettings
from shared.errors import SettingsError

ROOT = Path(__file__).parents[3]
URL = "https://acme.example.com/api/v2/databases/D/schemas/S/mcp-servers/M"
GOOD = {"SNOWFLAKE_MCP_URL": URL, "SNOWFLAKE_MCP_TOKEN": "canary-token"}
OAUTH = {
    "SNOWFLAKE_OAUTH_TOKEN_URL": "https://login.example.com/token",
    "SNOWFLAKE_OAUTH_CLIENT_ID": "client",
    "SNOWFLAKE_OAUTH_CLIENT_SECRET": "canary-secret",
}


def read(**changes: str) -> SnowflakeSettings:
    return SnowflakeSettings.from_environment(GOOD | changes)


def test_the_sample_lists_the_defaults() -> None:
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]

    assert SnowflakeSettings.from_environment(sample | GOOD) == read()


def test_a_server_is_an_address_or_a_command() -> None:
    assert read().default == SnowflakeEndpoint(address=URL, token="canary-token")
    by_command = {"SNOWFLAKE_MCP_URL": "", "SNOWFLAKE_MCP_COMMAND": "run 'my server' --stdio"}
    assert read(**by_command).default == SnowflakeEndpoint(command=("run", "my server", "--stdio"))
    client = OAuthClient(
        token_url="https://login.example.com/token",
        client_id="client",
        client_secret="canary-secret",
    )
    signed = read(SNOWFLAKE_MCP_TOKEN="", **OAUTH).default
    assert signed == SnowflakeEndpoint(address=URL, oauth=client)


def test_a_department_may_have_a_connection_of_its_own() -> None:
    connections = {"Finance": {"address": f"{URL}/", "token": "TOKEN_FINANCE"}}

    settings = read(SNOWFLAKE_CONNECTIONS=json.dumps(connections), TOKEN_FINANCE="canary-finance")

    finance = SnowflakeEndpoint(address=URL, token="canary-finance")
    assert settings.endpoint_of("Finance") == finance
    assert settings.endpoint_of("Sales") == settings.endpoint_of(None) == settings.default


def test_nobody_may_ask_until_they_are_named() -> None:
    assert not read().may_ask("admin", "Finance")
    settings = read(SNOWFLAKE_ALLOWED="manager, Finance")
    assert settings.may_ask("manager", None)
    assert settings.may_ask("user", "Finance")
    assert not settings.may_ask("user", "Sales")


def test_names_are_as_snowflake_keeps_them() -> None:
    settings = read(SNOWFLAKE_DATABASES='sales, "Mixed"', SNOWFLAKE_SCHEMAS="public,Sales.pub")

    assert settings.databases == {"SALES", "Mixed"}
    assert settings.schemas == {"PUBLIC", "SALES.PUB"}


def test_the_day_is_that_of_the_time_zone() -> None:
    moment = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)

    assert read().today(moment) == date(2026, 6, 30)
    assert read(SNOWFLAKE_TIME_ZONE="Europe/Berlin").today(moment) == date(2026, 7, 1)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"SNOWFLAKE_MCP_URL": ""}, "SNOWFLAKE_MCP_URL"),
        ({"SNOWFLAKE_MCP_URL": "acme"}, "SNOWFLAKE_MCP_URL"),
        ({"SNOWFLAKE_MCP_COMMAND": "run"}, "SNOWFLAKE_MCP_COMMAND"),
        ({"SNOWFLAKE_MCP_URL": "", "SNOWFLAKE_MCP_COMMAND": "run 'it"}, "SNOWFLAKE_MCP_COMMAND"),
        (OAUTH, "SNOWFLAKE_MCP_TOKEN"),
        (OAUTH | {"SNOWFLAKE_OAUTH_CLIENT_ID": ""}, "SNOWFLAKE_OAUTH_CLIENT_ID"),
        ({"SNOWFLAKE_CONNECTIONS": "[]"}, "SNOWFLAKE_CONNECTIONS"),
        ({"SNOWFLAKE_CONNECTIONS": '{"A": "x"}'}, "SNOWFLAKE_CONNECTIONS"),
        ({"SNOWFLAKE_CONNECTIONS": '{"A": {"address": "x"}}'}, "SNOWFLAKE_CONNECTIONS"),
        ({"SNOWFLAKE_CONNECTIONS": f'{{"A": {{"address": "{URL}", "token": "T"}}}}'}, "T"),
        (
            {"SNOWFLAKE_CONNECTIONS": f'{{"A": {{"address": "{URL}", "password": "x"}}}}'},
            "SNOWFLAKE_CONNECTIONS",
        ),
        ({"SNOWFLAKE_DATABASES": "a.b"}, "SNOWFLAKE_DATABASES"),
        ({"SNOWFLAKE_SCHEMAS": "a b"}, "SNOWFLAKE_SCHEMAS"),
        ({"SNOWFLAKE_TIMEOUT_SECONDS": "0"}, "SNOWFLAKE_TIMEOUT_SECONDS"),
        ({"SNOWFLAKE_TIMEOUT_SECONDS": "1000"}, "SNOWFLAKE_TIMEOUT_SECONDS"),
        ({"SNOWFLAKE_MAX_WAIT_SECONDS": "-1"}, "SNOWFLAKE_MAX_WAIT_SECONDS"),
        ({"SNOWFLAKE_TIME_ZONE": "Mars"}, "SNOWFLAKE_TIME_ZONE"),
        ({"SNOWFLAKE_TIME_ZONE": "../etc/passwd"}, "SNOWFLAKE_TIME_ZONE"),
        ({"SNOWFLAKE_FISCAL_YEAR_START": "13"}, "SNOWFLAKE_FISCAL_YEAR_START"),
    ],
)
def test_a_fault_names_its_setting(changes: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError) as error:
        read(**changes)
    assert name in str(error.value)
    assert "canary" not in str(error.value)


def test_secrets_show_nowhere() -> None:
    shown = repr(read()) + repr(read(SNOWFLAKE_MCP_TOKEN="", **OAUTH))

    assert "canary" not in shown
