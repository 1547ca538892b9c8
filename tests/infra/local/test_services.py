"""What is real and what is a stand-in: said by the settings, and read by the app as ever."""

import json
from pathlib import Path

import pytest

from infra.local.services import Plan, Service, plan_services
from infra.local.state import Secrets
from shared.errors import SettingsError
from shared.settings.proxies import settle_proxies
from tests.support.hosts.process import ROOT

SAMPLE = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
OWN = Secrets("k" * 64, "made-up-password", "w" * 64, "a" * 64)
KEY = "c2VjcmV0LXNlY3JldA=="
REAL_STORAGE = f"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={KEY}"
REAL_REALTIME = f"Endpoint=https://acme.webpubsub.azure.com;AccessKey={KEY};Version=1.0;"


def plan(**given: str) -> Plan:
    return plan_services(7071, SAMPLE, OWN, given)


def test_a_copied_sample_is_as_good_as_none() -> None:
    assert plan(**SAMPLE) == plan()
    assert plan().stand_ins == set(Service)


@pytest.mark.parametrize(
    ("given", "service", "address"),
    [
        ({"MODEL_BASE_URL": "http://localhost:1/v1/"}, "model", "http://localhost:1/v1"),
        (
            {"AZURE_OPENAI_ENDPOINT": "https://acme.openai.azure.com/"},
            "model",
            "https://acme.openai.azure.com/openai/v1",
        ),
        ({"STORAGE_CONNECTION": REAL_STORAGE}, "storage", "https://acme.blob.core.windows.net"),
        (
            {"STORAGE_CONNECTION": "", "STORAGE_CONNECTION__accountName": "acme"},
            "storage",
            "https://acme.blob.core.windows.net",
        ),
        (
            {"WEBPUBSUB_ENDPOINT": "https://acme.webpubsub.azure.com"},
            "realtime",
            "wss://acme.webpubsub.azure.com",
        ),
        (
            {"WEBPUBSUB_CONNECTION_STRING": REAL_REALTIME},
            "realtime",
            "wss://acme.webpubsub.azure.com",
        ),
        ({"GITHUB_API_URL": "https://api.github.com"}, "GitHub", "https://api.github.com"),
        (
            {"SNOWFLAKE_MCP_URL": f"https://me:{KEY}@acme.com/mcp?t={KEY}"},
            "Snowflake",
            "https://acme.com/mcp",
        ),
        (
            {"SNOWFLAKE_MCP_COMMAND": f"/opt/mcp --password {KEY}"},
            "Snowflake",
            "the program /opt/mcp",
        ),
        (
            {"SNOWFLAKE_CONNECTIONS": '{"Sales": {"address": "https://sales.acme.com"}}'},
            "Snowflake",
            "https://sales.acme.com",
        ),
    ],
)
@pytest.mark.parametrize("file", [{}, SAMPLE], ids=["alone", "over the sample"])
def test_a_service_is_real_once_a_setting_names_it(
    file: dict[str, str], given: dict[str, str], service: Service, address: str
) -> None:
    made = plan(**{**file, **given})
    assert made.stand_ins == set(Service) - {service}
    # What was given is what the app gets, which reads it as it does in Azure.
    assert made.values.items() >= {name: value for name, value in given.items() if value}.items()
    told = next(line for line in made.describe() if line.startswith(service))
    assert told.split(maxsplit=2)[1:] == ["real", address]
    others = [line for line in made.describe() if line != told]
    assert all(line.split()[1:2] == ["stand-in"] and "//127.0.0.1:" in line for line in others)
    assert KEY not in "".join(made.describe())


def test_the_emulator_goes_before_an_account_as_the_app_reads_them() -> None:
    both = {"STORAGE_CONNECTION__accountName": "acme"}
    made = plan(STORAGE_CONNECTION="UseDevelopmentStorage=true", **both)
    assert Service.STORAGE in made.stand_ins
    assert made.settings.storage.address == "http://127.0.0.1:7074/devstoreaccount1"


def test_what_is_given_of_the_admin_is_taken_as_a_whole() -> None:
    with pytest.raises(SettingsError, match="BOOTSTRAP_ADMIN_PASSWORD"):
        plan(BOOTSTRAP_ADMIN_EMAIL="me@example.com")
    assert plan().settings.accounts.bootstrap.password == OWN.admin_password


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "localhost,127.0.0.1,::1"),
        ({"NO_PROXY": "acme.com, localhost"}, "acme.com,localhost,127.0.0.1,::1"),
        ({"no_proxy": "a.com", "NO_PROXY": "b.com"}, "a.com,localhost,127.0.0.1,::1"),
        ({"no_proxy": "*"}, "*"),
        ({"NO_PROXY": "a.com,*"}, "*"),
    ],
)
def test_this_machine_is_reached_without_a_proxy(given: dict[str, str], told: str) -> None:
    settle_proxies(given)
    assert given == {"no_proxy": told, "NO_PROXY": told}


SOCKS = "socks5://127.0.0.1:9"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"ALL_PROXY": SOCKS}, "ALL_PROXY"),
        ({"all_proxy": SOCKS, "HTTP_PROXY": "http://127.0.0.1:9"}, "ALL_PROXY"),
        ({"https_proxy": SOCKS}, "HTTPS_PROXY"),
        ({"http_proxy": "socks://h", "https_proxy": "h:9"}, "HTTP_PROXY"),
    ],
)
def test_a_proxy_that_nothing_here_can_use_is_named(given: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=f"The proxy that {named} names is none for HTTP"):
        settle_proxies(given)


def test_a_proxy_that_nothing_needs_is_left_out() -> None:
    needed = {"HTTP_PROXY": "127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    given = {**needed, "ALL_PROXY": SOCKS, "all_proxy": SOCKS}
    settle_proxies(given)
    assert given.items() >= needed.items()
    assert {"ALL_PROXY", "all_proxy"}.isdisjoint(given)
    everywhere = {"ALL_PROXY": SOCKS, "NO_PROXY": "*"}
    settle_proxies(everywhere)
    assert everywhere["ALL_PROXY"] == SOCKS


def test_secrets_outlive_their_making(tmp_path: Path) -> None:
    made = Secrets.of(tmp_path)
    assert Secrets.of(tmp_path) == made
    assert len({*vars(made).values()}) == 4
