"""Only this GitHub's pull requests are read, whatever an address looks like."""

import pytest

from shared.clients.github.client import GitHubClient
from shared.clients.github.models import PullRef
from shared.errors import PermanentFailure, SettingsError
from shared.settings.github import GitHubSettings

PUBLIC = "https://api.github.com"
ENTERPRISE = "https://git.example.com:8443/api/v3"
LOCAL = "http://127.0.0.1:8803/api/v3"


@pytest.mark.parametrize(
    ("api_url", "pr_url"),
    [
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42"),
        (f"{PUBLIC}/", " https://github.com/octo-cat/Hello.World_1/pull/42\n"),
        (PUBLIC, "https://www.github.com/octo-cat/Hello.World_1/pull/42/"),
        (PUBLIC, "HTTPS://GitHub.com/octo-cat/Hello.World_1/pull/42/files?w=1#diff-0a1"),
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42/commits/0123abc"),
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42/files/0123abc..4567def"),
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42#discussion_r1"),
        (PUBLIC, "github.com/octo-cat/Hello.World_1/pull/42"),
        (PUBLIC, "www.GitHub.com/octo-cat/Hello.World_1/pull/42/files/"),
        (PUBLIC, "HTTPS://GITHUB.COM/octo-cat/Hello.World_1/PULL/42"),
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42.diff"),
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42.patch?x=1"),
        (PUBLIC, "https://github.com/octo-cat/Hello.World_1/pull/42/?diff=split&w=1"),
        (PUBLIC, "octo-cat/Hello.World_1#42"),
        (ENTERPRISE, "octo-cat/Hello.World_1#42"),
        (ENTERPRISE, "git.example.com:8443/octo-cat/Hello.World_1/pull/42"),
        (ENTERPRISE, "https://git.example.com:8443/octo-cat/Hello.World_1/pull/42"),
        ("https://api.octo.ghe.com", "https://octo.ghe.com/octo-cat/Hello.World_1/pull/42"),
        (LOCAL, "http://127.0.0.1:8803/octo-cat/Hello.World_1/pull/42/checks"),
    ],
)
def test_an_address_of_a_pull_request_names_it(api_url: str, pr_url: str) -> None:
    expected = PullRef(owner="octo-cat", repo="Hello.World_1", number=42)
    assert GitHubClient(GitHubSettings(api_url=api_url)).pull_of(pr_url) == expected


@pytest.mark.parametrize(
    "pr_url",
    [
        "",
        "github.com.evil.example/a/b/pull/1",
        "evil.example/a/b/pull/1",
        "a/b#0",
        "a#1",
        "a/../b#1",
        "/a/b#1",
        "a/b#1#2",
        "a/b/pull/1",
        "http://github.com/a/b/pull/1",
        "ftp://github.com/a/b/pull/1",
        "javascript://github.com/a/b/pull/1",
        "https://github.com@evil.example/a/b/pull/1",
        "https://evil.example@github.com/a/b/pull/1",
        "https://github.com:443/a/b/pull/1",
        "https://github.com:8443/a/b/pull/1",
        "https://github.com./a/b/pull/1",
        "https://github.com.evil.example/a/b/pull/1",
        "https://evilgithub.com/a/b/pull/1",
        "https://api.github.com/repos/a/b/pulls/1",
        "https://gist.github.com/a/b/pull/1",
        "https://169.254.169.254/a/b/pull/1",
        "https://2852039166/a/b/pull/1",
        "https://0x7f.1/a/b/pull/1",
        "https://127.0.0.1/a/b/pull/1",
        "https://[::1]/a/b/pull/1",
        "https://localhost/a/b/pull/1",
        "https://g\u0131thub.com/a/b/pull/1",
        "https://\uff47ithub.com/a/b/pull/1",
        "https://github\u3002com/a/b/pull/1",
        "https:\\\\github.com\\a\\b\\pull\\1",
        "https://github.com\\@evil.example/a/b/pull/1",
        "https://github.com/a/b/pull/1?\\x",
        "https://github.com//a/b/pull/1",
        "https://github.com/../b/pull/1",
        "https://github.com/a/../pull/1",
        "https://github.com/a/./pull/1",
        "https://github.com/a/b/../c/pull/1",
        "https://github.com/a%2fb/c/pull/1",
        "https://github.com/a/b%2e%2e/pull/1",
        "https://github.com/a/b/pull/1/../../2",
        "https://github.com/a/b/pull/0",
        "https://github.com/a/b/pull/01",
        "https://github.com/a/b/pull/-1",
        "https://github.com/a/b/pull/\u0661",
        "https://github.com/a/b/pull/99999999999",
        "https://github.com/a/b/pull/",
        "https://github.com/a/b/pulls/1",
        "https://github.com/a/b/issues/1",
        "https://github.com/a b/c/pull/1",
        "https://github.com/a/b\r\nHost: evil/pull/1",
        "https://github.com/a/b/pull/1 https://evil.example",
        "https://github.com/a/b/pull/1?" + "x" * 2048,
        f"https://github.com/{'a' * 101}/b/pull/1",
        f"https://github.com/a/{'b' * 101}/pull/1",
    ],
)
def test_anything_else_is_refused_with_a_sentence_that_helps(pr_url: str) -> None:
    with pytest.raises(
        PermanentFailure, match=r"https://github\.com/OWNER/REPOSITORY/pull/1"
    ) as refused:
        GitHubClient(GitHubSettings(api_url=PUBLIC)).pull_of(pr_url)
    assert "evil" not in refused.value.reason


@pytest.mark.parametrize("api_url", [ENTERPRISE, LOCAL])
def test_another_installation_does_not_read_from_github_com(api_url: str) -> None:
    with pytest.raises(PermanentFailure):
        GitHubClient(GitHubSettings(api_url=api_url)).pull_of("https://github.com/a/b/pull/1")


@pytest.mark.parametrize(
    "api_url",
    [
        "",
        "api.github.com",
        "http://api.github.com",
        "https://github.com",
        "https://api.github.com/v3",
        "https://user@api.github.com",
        "https://api.github.com?x=1",
        "http://git.example.com/api/v3",
        "file:///api/v3",
        "https://git.example.com/api/v3/../v4",
    ],
)
def test_an_api_address_that_is_none_is_told_as_the_setting(api_url: str) -> None:
    with pytest.raises(SettingsError, match="GITHUB_API_URL"):
        GitHubClient(GitHubSettings(api_url=api_url))


@pytest.mark.parametrize(
    ("owner", "repo"),
    [("..", "b"), ("a", ".."), ("a/b", "c"), ("a", "b\n"), ("", "b"), ("a", "b?x"), ("é", "b")],
)
def test_names_that_are_not_safe_in_a_path_make_no_reference(owner: str, repo: str) -> None:
    with pytest.raises(ValueError, match="String should"):
        PullRef(owner=owner, repo=repo, number=1)
