"""GitHub, of which pull requests are reviewed."""

import re
from dataclasses import dataclass, field

from shared.errors import SettingsError
from shared.settings.environment import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubSettings:
    """The address of its API; without a `token` only public repositories are seen."""

    api_url: str
    token: str = field(default="", repr=False)


def read_github(env: Environment) -> GitHubSettings:
    return GitHubSettings(api_url=_api_url(env), token=env.text("GITHUB_TOKEN"))


def _api_url(env: Environment) -> str:
    address = env.address("GITHUB_API_URL") or "https://api.github.com"
    if not re.fullmatch(r"https://api\.[^/]+|https?://[^/]+/api/v3", address):
        raise SettingsError(
            "The setting GITHUB_API_URL must be https://api.github.com, or https://HOST/api/v3 of "
            "a GitHub Enterprise Server."
        )
    return address
