"""Which changed files nobody reads, and why.

The author has no say in it: what takes a file out of review was so before the change, is seen in
the file itself, or is the name of a lock file, at which the program looks instead. Where only a
name or a form speaks for it, it is in doubt, and nobody approves the change.
"""

from collections.abc import Container, Iterator, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from shared.diffs.changes import FileDiff
from shared.diffs.patches import LineKind
from shared.diffs.unread.generated import is_generated
from shared.diffs.unread.pictures import is_plain_picture


class Skipped(StrEnum):
    """Why a file is not reviewed, in words for people."""

    VENDORED = "third-party code"
    INSTALLED = "third-party code, by its folder"
    LOCK = "lock file"
    GENERATED = "generated"
    MINIFIED = "minified"
    SNAPSHOT = "test snapshot"
    BINARY = "binary"
    MEDIA = "image, font, audio or video"
    DATA = "much data"
    RENAMED = "only its name changed"
    EMPTY = "no line changed"
    UNREADABLE = "its patch cannot be read"


DOUBTFUL = frozenset(
    {Skipped.INSTALLED, Skipped.MINIFIED, Skipped.SNAPSHOT, Skipped.BINARY, Skipped.DATA}
)
"""Reasons that do not show that there is nothing to review."""

GENERATED, VENDORED = "linguist-generated", "linguist-vendored"
"""The attributes by which a repository says so, as GitHub reads them."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_INSTALLED = _words(
    "node_modules bower_components jspm_packages site-packages .venv Pods Carthage Godeps"
)
"""Folders that package managers fill, and nobody else names so."""

_MANIFESTS = ("modules.txt", "composer/installed.json")
"""What package managers leave in a folder `vendor`, which others may have, too."""

_LOCKS = _words(
    "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb deno.lock "
    "poetry.lock uv.lock pdm.lock pipfile.lock pylock.toml cargo.lock gemfile.lock composer.lock "
    "go.sum go.work.sum packages.lock.json package.resolved podfile.lock cartfile.resolved "
    "pubspec.lock mix.lock flake.lock gradle.lockfile .terraform.lock.hcl module.bazel.lock"
)
_SNAPSHOTS = ("*.snap", "*.ambr", "*.approved.txt")
_MEDIA = _words(
    ".png .jpg .jpeg .gif .bmp .ico .webp .avif .tif .tiff .psd .ai .eps .heic .icns "
    ".mp3 .wav .ogg .flac .m4a .mp4 .mov .avi .mkv .webm .ttf .otf .woff .woff2 .eot"
)
_BINARY = _words(
    ".pdf .doc .docx .xls .xlsx .ppt .pptx .odt .zip .gz .tgz .bz2 .xz .zst .7z .rar .tar "
    ".jar .war .ear .whl .egg .nupkg .exe .dll .so .dylib .a .o .lib .obj .class .pyc .pyd "
    ".wasm .bin .dat .db .sqlite .sqlite3 .pkl .npy .npz .onnx .pt .pth .h5 .safetensors "
    ".parquet .avro .orc .feather .keystore .jks .p12 .pfx"
)
_DATA = _words(".csv .tsv .jsonl .ndjson .geojson .har .po .pot .xlf .xliff")
_SCRIPTS = _words(".js .mjs .cjs .css")
_MAX_MEAN_CHARACTERS = 500
_MAX_DATA_CHARACTERS = 20_000


def is_lock(path: str) -> bool:
    return PurePosixPath(path).name.lower() in _LOCKS


def is_called_binary(path: str) -> bool:
    """Whether a file of this name is hardly text."""
    return _suffix(path) in _MEDIA | _BINARY


def skip_reason(
    diff: FileDiff, attributes: Mapping[str, str], base: Container[str] = ()
) -> str | None:
    """Why this file is not to be reviewed; None for a file to review, which then has hunks.

    `attributes` are those that the base branch gives it, `base` are the paths of that branch.
    """
    return (
        _by_attributes(attributes)
        or _without_lines(diff)
        or _by_form(diff, attributes)
        or _by_place(diff.path, base)
    )


def _by_attributes(attributes: Mapping[str, str]) -> Skipped | None:
    for name, reason in ((VENDORED, Skipped.VENDORED), (GENERATED, Skipped.GENERATED)):
        if attributes.get(name, "false") != "false":
            return reason
    return None


def _without_lines(diff: FileDiff) -> str | None:
    if diff.hunks:
        return None
    if diff.no_patch is None:
        return Skipped.UNREADABLE if diff.partial else Skipped.EMPTY
    if diff.no_patch.startswith(("binary", Skipped.EMPTY)):
        return Skipped.MEDIA if _suffix(diff.path) in _MEDIA else Skipped.BINARY
    return diff.no_patch


def _by_form(diff: FileDiff, attributes: Mapping[str, str]) -> Skipped | None:
    if is_lock(diff.path):
        return Skipped.LOCK
    suffix = _suffix(diff.path)
    if suffix == ".svg" and is_plain_picture(diff):
        return Skipped.MEDIA
    if attributes.get(GENERATED) != "false" and is_generated(diff):
        return Skipped.GENERATED
    name = PurePosixPath(diff.path).name.lower()
    if any(fnmatchcase(name, pattern) for pattern in _SNAPSHOTS):
        return Skipped.SNAPSHOT
    lengths = list(_measure_changes(diff))
    if suffix in _SCRIPTS and sum(lengths) > _MAX_MEAN_CHARACTERS * len(lengths):
        return Skipped.MINIFIED
    if suffix in _DATA and sum(lengths) > _MAX_DATA_CHARACTERS:
        return Skipped.DATA
    return None


def _by_place(path: str, base: Container[str]) -> Skipped | None:
    """Below a folder that package managers fill, or filled before the change."""
    folders = PurePosixPath(path).parts[:-1]
    roots = ["/".join(folders[: at + 1]) for at, one in enumerate(folders) if one == "vendor"]
    is_filled = any(f"{root}/{name}" in base for root in roots for name in _MANIFESTS)
    return Skipped.INSTALLED if is_filled or _INSTALLED & set(folders) else None


def _suffix(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _measure_changes(diff: FileDiff) -> Iterator[int]:
    for hunk in diff.hunks:
        for line in hunk.lines:
            if line.kind is not LineKind.CONTEXT:
                yield len(line.text)
