"""What is real and what is a stand-in: said by the settings, and read by the app as ever."""

import json
from pathlib import Path

import certifi
import pytest

from infra.local.services import Plan, Service, plan_services
from infra.local.state import Secrets
from shared.errors import SettingsError
from shared.settings import read_settings
from shared.settings.certificates import check_certificates
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
        *(
            (
                {"AZURE_OPENAI_ENDPOINT": f"https://acme.azure.com/x/{path}"},
                "model",
                "https://acme.azure.com/x/openai/v1",
            )
            for path in (
                "openai/",
                "openai/v1/chat/completions",
                "openai/deployments/gpt-4o/chat/completions",
                "models",
                "api/projects/acme",
            )
        ),
        (
            {"AZURE_OPENAI_ENDPOINT": "HTTP://[::1]:80"},
            "model",
            "HTTP://[::1]:80/openai/v1",
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
        ({"http_proxy": "http://[::1"}, "HTTP_PROXY"),
        ({"http_proxy": "h:99999"}, "HTTP_PROXY"),
        ({"https_proxy": "http://h:abc"}, "HTTPS_PROXY"),
        ({"https_proxy": "http://"}, "HTTPS_PROXY"),
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


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    check_certificates({})
    check_certificates({"SSL_CERT_FILE": certifi.where()})
    (tmp_path / "empty.pem").touch()
    for file in (tmp_path, tmp_path / "none.pem", tmp_path / "empty.pem"):
        with pytest.raises(SettingsError, match="SSL_CERT_FILE names no certificates"):
            check_certificates({"SSL_CERT_FILE": str(file)})


@pytest.mark.parametrize(
    "written",
    [
        "UseDevelopmentStorage=true;",
        "useDevelopmentStorage=True",
        " UseDevelopmentStorage = true ; ",
    ],
)
def test_the_emulator_is_known_however_it_is_written(written: str) -> None:
    assert plan(STORAGE_CONNECTION=written) == plan()
    assert plan(AzureWebJobsStorage=written) == plan()
    alone = {"MODEL_BASE_URL": "http://h", "STORAGE_CONNECTION": written, "SECRET_KEY": "s" * 32}
    settings = read_settings({**SAMPLE, **alone})
    assert settings.storage.connection_string == "UseDevelopmentStorage=true"
    assert settings.accounts.registration_open


@pytest.mark.parametrize(
    "address",
    [
        "https://acme.com:99999",
        "https://acme.com:x",
        "https://[::1",
        "https://:80",
        "https://acme.com/?api-version=1",
        "https://acme.com/#a",
    ],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    for name in ("AZURE_OPENAI_ENDPOINT", "MODEL_BASE_URL", "WEBPUBSUB_ENDPOINT"):
        with pytest.raises(SettingsError, match=f"{name} must be a web address"):
            plan(**{name: address})


@pytest.mark.parametrize("one", ["blob", "queue", "table"])
def test_half_a_storage_is_none(one: str) -> None:
    with pytest.raises(SettingsError, match="STORAGE_CONNECTION is missing"):
        plan(**{f"STORAGE_CONNECTION__{one}ServiceUri": "https://acme.example.com"})


def test_secrets_outlive_their_making(tmp_path: Path) -> None:
    made = Secrets.of(tmp_path)
    assert Secrets.of(tmp_path) == made
    assert len({*vars(made).values()}) == 4
