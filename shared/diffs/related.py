"""Which changed files belong together: the files of a folder, a test and its subject, a header and
its implementation."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

_TEST = re.compile(r"^(?:test|spec)[_-]|[_-](?:tests?|spec)$|(?<=[a-z0-9])(?:Tests?|Spec)$")
_HEADERS = (".h", ".hh", ".hpp", ".hxx")


def groups(paths: Sequence[str]) -> list[tuple[str, str]]:
    """For each path its two groups, the wider first: a folder, and a name within it. Tests and
    headers go where the file is that they are of: of several, where the paths are most alike."""
    parts = {path: frozenset(PurePosixPath(path).parts) for path in paths}
    subjects = defaultdict(list)
    for path in paths:
        if not _follows(path):
            subjects[_subject(path)].append(path)
    found = []
    for path in paths:
        own = parts[path]
        candidates = subjects[_subject(path)] if _follows(path) else []
        nearest = max(candidates, key=lambda other: len(own & parts[other]), default=path)
        found.append((str(PurePosixPath(nearest).parent), _subject(path)))
    return found


def _name(path: str) -> str:
    """`bar` of `src/bar.spec.ts`."""
    return PurePosixPath(path).name.lstrip(".").split(".")[0]


def _subject(path: str) -> str:
    return _TEST.sub("", _name(path)).lower()


def _follows(path: str) -> bool:
    name = PurePosixPath(path).name
    is_test = _TEST.search(_name(path)) or re.search(r"\.(?:test|spec)\.", name)
    return bool(is_test) or name.endswith(_HEADERS)
