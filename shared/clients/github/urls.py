"""Which web addresses belong to a GitHub API, and which pull request one of them names.

An allow-list: an address either has exactly the form of this GitHub's pull requests or is refused.
Nothing is ever requested from it; requests go to the API with the names that were read.
"""

import re

from shared.clients.github.models import PullRef
from shared.errors import PermanentFailure, SettingsError

_MAX_CHARACTERS = 2048
_LOOPBACK = ("127.0.0.1", "localhost")
_API = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(:[1-9]\d{0,4})?(/api/v3)?")
_COMMITS = r"[0-9a-f]{7,64}(?:\.\.[0-9a-f]{7,64})?"
_REST = (
    rf"(?:\.diff|\.patch|/(?:files|commits|checks|changes)(?:/{_COMMITS})?)?/?"
    r"(?:\?[!-\[\]-~]*)?(?:#[!-\[\]-~]*)?"
)
_PULL = re.compile(
    r"(?:(?P<scheme>[a-z]+)://)?(?P<host>[^/@]+)/(?P<owner>[^/]+)/(?P<repo>[^/]+)/pull/"
    rf"(?P<number>[1-9]\d{{0,9}}){_REST}",
    re.IGNORECASE,
)
_SHORT = re.compile(r"(?P<owner>[^/#]+)/(?P<repo>[^/#]+)#(?P<number>[1-9]\d{0,9})")


def web_origins(api_url: str) -> tuple[str, ...]:
    """The origins of the pages that belong to an API, the usual one first.

    `https://api.github.com` (also `https://api.NAME.ghe.com`) has its pages at the host without
    `api.`; `https://HOST/api/v3` of GitHub Enterprise Server at HOST. Raises SettingsError.
    """
    match = _API.fullmatch(api_url)
    if match is None or (match[1] == "http" and match[2] not in _LOOPBACK):
        raise _bad_api_url()
    scheme, host, port, path = match.groups(default="")
    if path:
        return (f"{scheme}://{host}{port}",)
    if not host.startswith("api."):
        raise _bad_api_url()
    page = host.removeprefix("api.") + port
    return (f"{scheme}://{page}", f"{scheme}://www.{page}")


def pull_of(pr_url: str, origins: tuple[str, ...]) -> PullRef:
    """The pull request that a page's address names, with its scheme or without, or the short form
    `owner/name#1`. Raises PermanentFailure."""
    url = pr_url.strip()
    match = None
    if len(url) <= _MAX_CHARACTERS and url.isascii():
        match = _SHORT.fullmatch(url) or _PULL.fullmatch(url)
    if match is None or not _is_of(match.groupdict(), origins):
        raise _refuse_url(origins)
    try:
        return PullRef(owner=match["owner"], repo=match["repo"], number=int(match["number"]))
    except ValueError:
        raise _refuse_url(origins) from None


def _is_of(address: dict[str, str | None], origins: tuple[str, ...]) -> bool:
    """Whether it is one of theirs; what is left out of a short form is as they have it."""
    host, scheme = address.get("host"), address.get("scheme")
    if host is None:
        return True
    return any(
        host.lower() == origin.partition("://")[2]
        and (scheme is None or scheme.lower() == origin.partition("://")[0])
        for origin in origins
    )


def _bad_api_url() -> SettingsError:
    return SettingsError(
        "GITHUB_API_URL must be https://api.github.com, or https://HOST/api/v3 of a GitHub "
        "Enterprise Server (http only for a stand-in on this machine)."
    )


def _refuse_url(origins: tuple[str, ...]) -> PermanentFailure:
    return PermanentFailure(
        "The pr_url is not the address of a pull request that can be read here: it must look like "
        f"{origins[0]}/OWNER/REPOSITORY/pull/1."
    )
