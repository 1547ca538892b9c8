"""GitHub, of which pull requests are reviewed, and who may have which of them reviewed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment

_PATTERN = re.compile(r"[A-Za-z0-9._*?-]+/[A-Za-z0-9._*?-]+")


RepositoryPatterns = Mapping[str, tuple[str, ...]]
"""By role or department: patterns of `owner/name`, in lower case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubSettings:
    """The address of its API; without a `token` only public repositories are seen. `reviewable` are
    the repositories that may be reviewed beside public ones, `postable` those to which reviews may
    be posted."""

    api_url: str
    token: str = field(default="", repr=False)
    reviewable: RepositoryPatterns = field(default_factory=dict)
    postable: RepositoryPatterns = field(default_factory=dict)


def read_github(env: Environment) -> GitHubSettings:
    return GitHubSettings(
        api_url=_api_url(env),
        token=env.text("GITHUB_TOKEN"),
        reviewable=_patterns(env, "REVIEW_REPOSITORIES"),
        postable=_patterns(env, "REVIEW_POSTING_REPOSITORIES"),
    )


def _api_url(env: Environment) -> str:
    address = env.address("GITHUB_API_URL") or "https://api.github.com"
    if not re.fullmatch(r"https://api\.[^/]+|https?://[^/]+/api/v3", address):
        raise SettingsError(
            "The setting GITHUB_API_URL must be https://api.github.com, or https://HOST/api/v3 of "
            "a GitHub Enterprise Server."
        )
    return address


def _patterns(env: Environment, name: str) -> RepositoryPatterns:
    try:
        found = json.loads(env.text(name, "{}"))
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(map(_are_patterns, found.values())):
        raise SettingsError(
            f"The setting {name} must be JSON that lists repositories for roles and departments, "
            'as {"admin": ["acme/*"], "Engineering": ["acme/web", "acme/app-*"]}.'
        )
    return {holder: tuple(map(str.lower, listed)) for holder, listed in found.items()}


def _are_patterns(listed: object) -> bool:
    return isinstance(listed, list) and all(
        isinstance(one, str) and _PATTERN.fullmatch(one) for one in listed
    )
