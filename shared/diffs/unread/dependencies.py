"""What a change of manifests and lock files does to where dependencies come from, line by line: the
same as lockfile-lint looks at (https://github.com/lirantal/lockfile-lint)."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import PurePosixPath

from shared.diffs.changes import FileDiff
from shared.diffs.patches import Line, LineKind
from shared.diffs.unread.skipping import is_lock

_REGISTRIES = frozenset(
    (
        *("registry.npmjs.org", "registry.yarnpkg.com", "npm.pkg.github.com", "jsr.io"),
        *("pypi.org", "files.pythonhosted.org", "download.pytorch.org"),
        *("github.com", "api.github.com", "codeload.github.com"),
        *("crates.io", "static.crates.io", "index.crates.io"),
        *("rubygems.org", "api.nuget.org", "pub.dev", "repo.hex.pm", "deno.land"),
        *("repo.maven.apache.org", "repo1.maven.org", "proxy.golang.org", "registry.terraform.io"),
    )
)
_MANIFEST = re.compile(
    r"package\.json|pyproject\.toml|requirements.*\.(?:txt|in)|setup\.(?:py|cfg)|pipfile|pip\.conf"
    r"|cargo\.toml|go\.mod|gemfile|.*\.gemspec|composer\.json|pom\.xml|build\.gradle(?:\.kts)?"
    r"|.*\.(?:cs|fs|vb)proj|packages\.config|nuget\.config|\.npmrc|\.yarnrc(?:\.yml)?"
)
_SOURCE = re.compile(
    r"\b(?:resolved|tarball|registry|remote|source|index|git)\b.*"
    r"|\burl\b.*(?:\.(?:git|zip|tgz|tar\.gz|whl|gem)\b|/simple\b|/(?:zip|tar)ball/).*"
)
_ADDRESS = re.compile(
    r"\b(?P<scheme>https?|ssh|git)(?P<s>://)(?:[^/\s\"'@]+@)?(?P<host>[\w.-]+)|\b(?P<path>file:)"
)
_HASH = re.compile(r"\b(?:sha(?:1|256|384|512)[-:])?[A-Za-z0-9+/]{32,}={0,2}|h1:[A-Za-z0-9+/]+=*")
_VERSION = re.compile(r"\d\.\d")
_NEAR = 6
"""Lines between those of one entry, at the most."""
_OF_THE_WHOLE = re.compile(r"content-hash|\"sha256\"|checksum-algorithm", re.IGNORECASE)
_INSTALL = re.compile(r"\"(?:pre|post)?install\"\s*:")


def names_dependencies(path: str) -> bool:
    """Whether a file of this name is a lock file or a manifest."""
    return is_lock(path) or _MANIFEST.fullmatch(PurePosixPath(path).name.lower()) is not None


def find_strange_sources(diff: FileDiff) -> Iterator[tuple[Line, str]]:
    """Added lines that take a dependency from a host from which, as far as the diff shows, none
    came before, and which is no public registry; and that host."""
    lines = [line for hunk in diff.hunks for line in hunk.lines]
    known = {host for line in lines if line.old is not None for host in _hosts(line.text)}
    for line in lines:
        if line.kind is LineKind.ADDED:
            for host in sorted(_hosts(line.text) - known - _REGISTRIES):
                yield line, host


def find_other_hashes(diff: FileDiff) -> Iterator[Line]:
    """Added lines that differ from those they replace by a hash alone: something else under the
    same name and version."""
    for hunk in diff.hunks:
        at = 0
        for is_changed, group in groupby(hunk.lines, _is_changed):
            block = list(group)
            near = [
                *hunk.lines[max(0, at - _NEAR) : at],
                *hunk.lines[at + len(block) : at + len(block) + _NEAR],
            ]
            at += len(block)
            if is_changed:
                yield from _other_hashes(block, has_more=any(map(_is_changed, near)))


def find_install_scripts(diff: FileDiff) -> Iterator[Line]:
    """Added lines of a package's manifest that run something when it is installed."""
    if PurePosixPath(diff.path).name.lower() == "package.json":
        for hunk in diff.hunks:
            for line in hunk.lines:
                if line.kind is LineKind.ADDED and _INSTALL.search(line.text):
                    yield line


def _is_changed(line: Line) -> bool:
    return None in (line.old, line.new)


def _other_hashes(block: list[Line], *, has_more: bool) -> Iterator[Line]:
    """`has_more` is whether lines near it changed, too, as that of the version may be."""
    old, new = (
        [line for line in block if line.kind is kind and not _OF_THE_WHOLE.search(line.text)]
        for kind in (LineKind.REMOVED, LineKind.ADDED)
    )
    named = [_HASH.sub("", line.text) for line in new]
    if named != [_HASH.sub("", line.text) for line in old]:
        return
    for line, before, name in zip(new, old, named, strict=True):
        if line.text != before.text and (_VERSION.search(name) or not has_more):
            yield line


def _hosts(text: str) -> set[str]:
    source = _SOURCE.search(text[:2_000])
    if source is None:
        return set()
    return {
        (match["host"] or match["path"]).lower() if match["scheme"] != "http" else f"http://{host}"
        for match in _ADDRESS.finditer(source[0])
        for host in [(match["host"] or "").lower()]
    }
