"""Pages fetched from hosts that are allowed, from nowhere else, however they are disguised."""

from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from shared.clients.source_pages import MAX_BYTES, SourcePages
from shared.errors import PermanentFailure, RetryLater, SettingsError
from tests.support.servers.serving import served


def page(request: Request) -> Response:
    return PlainTextResponse(f"Served as {request.headers['host']}.")


def moved(request: Request) -> Response:
    return RedirectResponse(request.query_params["to"])


def plain(request: Request) -> Response:
    kind = request.query_params.get("kind")
    return Response("x", int(request.query_params.get("status", 200)), media_type=kind)


def large(_: Request) -> Response:
    return Response(b"x" * (MAX_BYTES + 1))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    routes = [
        Route("/notes/page", page),
        Route("/moved", moved),
        Route("/again", lambda _: RedirectResponse("/again")),
        Route("/plain", plain),
        Route("/plain.md", plain),
        Route("/large", large),
    ]
    with served(Starlette(routes=routes)) as (number,):
        yield number


@pytest.fixture
def pages(port: int) -> SourcePages:
    return SourcePages([f"localhost:{port}"], ["127.0.0.0/8", "::1/128"])


async def test_a_page_is_fetched_under_its_own_name(pages: SourcePages, port: int) -> None:
    found = await pages.fetch(f"http://localhost:{port}/notes/page?x=1#part")
    assert found.data == f"Served as localhost:{port}.".encode()
    assert found.name == "page.txt"
    assert found.address.endswith("/notes/page?x=1#part")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("plain?kind=text/html", "plain.html"),
        ("plain?kind=application/pdf", "plain.pdf"),
        ("plain.md", "plain.md"),
        ("plain", "plain.html"),
    ],
)
async def test_its_name_tells_its_kind(pages: SourcePages, port: int, path: str, name: str) -> None:
    assert (await pages.fetch(f"http://localhost:{port}/{path}")).name == name


async def test_an_address_that_no_client_can_read_is_none(pages: SourcePages, port: int) -> None:
    with pytest.raises(PermanentFailure, match="is no web address"):
        await pages.fetch(f"http://localhost:{port}/a\x7f")


async def test_a_redirect_is_checked_as_if_it_had_been_given(pages: SourcePages, port: int) -> None:
    base = f"http://localhost:{port}"
    assert (await pages.fetch(f"{base}/moved?to=/notes/page")).data
    for target in (
        f"http://127.0.0.1:{port}/notes/page",
        "file:///etc/passwd",
        "//elsewhere.test/",
    ):
        with pytest.raises(PermanentFailure, match=r"not among the hosts|no web address"):
            await pages.fetch(f"{base}/moved?to={target}")
    with pytest.raises(PermanentFailure, match="without an end"):
        await pages.fetch(f"{base}/again")


async def test_a_name_of_a_private_address_is_refused_after_it_is_resolved(port: int) -> None:
    careless = SourcePages([f"localhost:{port}"])
    assert careless.find_fault(f"http://localhost:{port}/notes/page") is None
    with pytest.raises(PermanentFailure, match="private network"):
        await careless.fetch(f"http://localhost:{port}/notes/page")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "[::1]",
        "[::ffff:10.0.0.1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
        "2130706433",
        "0x7f000001",
        "224.0.0.1",
    ],
)
def test_private_addresses_are_refused_however_they_are_written(host: str) -> None:
    fault = SourcePages([host.strip("[]")]).find_fault(f"http://{host}/")
    assert fault is not None
    assert "private network" in fault


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://other.example/x", "not among the hosts"),
        ("https://example.org.evil.test/", "not among the hosts"),
        ("https://example.org:8443/", "not among the hosts"),
        ("https://ann:secret@example.org/", "user name"),
        ("ftp://example.org/", "no web address"),
        ("https://[broken/", "no web address"),
        ("example.org", "no web address"),
    ],
)
def test_other_addresses_are_refused_with_a_reason(url: str, words: str) -> None:
    fault = SourcePages(["example.org", "*.example.org"]).find_fault(url)
    assert fault is not None
    assert words in fault
    assert "secret" not in fault


@pytest.mark.parametrize(
    "url", ["https://example.org/a", "https://EXAMPLE.org:443/", "https://docs.example.org/a?b#c"]
)
def test_allowed_hosts_are(url: str) -> None:
    assert SourcePages(["example.org", "*.example.org"]).find_fault(url) is None


async def test_what_cannot_be_read_is_said_or_waited_for(pages: SourcePages, port: int) -> None:
    base = f"http://localhost:{port}"
    with pytest.raises(PermanentFailure, match="HTTP 404"):
        await pages.fetch(f"{base}/nothing?token=secret")
    with pytest.raises(PermanentFailure, match="larger than 10 MB"):
        await pages.fetch(f"{base}/large")
    with pytest.raises(RetryLater, match="HTTP 503"):
        await pages.fetch(f"{base}/plain?status=503")


def test_settings_name_what_is_wrong_with_them() -> None:
    known = SourcePages.from_environment(
        {"SOURCE_URL_HOSTS": "Example.org, *.b.example", "SOURCE_URL_NETWORKS": "10.0.0.0/8"}
    )
    assert known.find_fault("https://example.org/") is None
    assert SourcePages.from_environment({}).find_fault("https://example.org/")
    with pytest.raises(SettingsError, match="SOURCE_URL_HOSTS"):
        SourcePages.from_environment({"SOURCE_URL_HOSTS": "https://example.org/"})
    with pytest.raises(SettingsError, match="SOURCE_URL_NETWORKS"):
        SourcePages.from_environment({"SOURCE_URL_NETWORKS": "ten"})
