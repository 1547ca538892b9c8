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
_PULL = re.compile(
    r"(?P<origin>[A-Za-z]+://[^/]+)/(?P<owner>[^/]+)/(?P<repo>[^/]+)/pull/(?P<number>[1-9]\d{0,9})"
    rf"(?:/(?:files|commits|checks|changes)(?:/{_COMMITS})?)?/?(?:\?[!-\[\]-~]*)?(?:#[!-\[\]-~]*)?"
)


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
    """The pull request that a page's address names. Raises PermanentFailure."""
    url = pr_url.strip()
    match = _PULL.fullmatch(url) if len(url) <= _MAX_CHARACTERS and url.isascii() else None
    if match is None or match["origin"].lower() not in origins:
        raise _refuse_url(origins)
    try:
        return PullRef(owner=match["owner"], repo=match["repo"], number=int(match["number"]))
    except ValueError:
        raise _refuse_url(origins) from None


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
