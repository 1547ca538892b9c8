"""Whether a text is well-formed, for the few languages that can be asked within bounds."""

import ast
import re
import tomllib
import warnings
from collections.abc import Callable
from pathlib import PurePosixPath

import yaml

from shared.text import strict_json

MAX_CHARACTERS = 50_000
"""Parsers hold up everybody else while they run, a tenth of a second for as many."""
_MAX_DEPTH = 100
# tomllib takes a time that grows with the square of the parts of a dotted key.
_LONG_KEY = re.compile(r"(?:\.[^.\n]*){200}")


def parses(path: str, text: str) -> bool | None:
    """Whether `text` is well-formed in the language that the path names; None when nobody can say:
    another language, or too large to ask. Of YAML no value is made, of Python nothing run."""
    parse = _PARSERS.get(PurePosixPath(path.lower()).suffix)
    if parse is None or len(text) > MAX_CHARACTERS:
        return None
    try:
        parse(text)
    except (RecursionError, MemoryError):
        return None
    except (SyntaxError, ValueError, yaml.YAMLError):
        return False
    return True


def _python(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ast.parse(text)


def _yaml(text: str) -> None:
    """Events only: composing nodes recurses in C, without a limit."""
    depth = 0
    anchors: set[str | None] = set()
    for event in yaml.parse(text, yaml.CSafeLoader):
        if isinstance(event, yaml.DocumentStartEvent):
            anchors.clear()
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in anchors:
                raise ValueError("an alias without its anchor")
        elif isinstance(event, yaml.NodeEvent):
            anchors.add(event.anchor)
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            raise RecursionError


def _toml(text: str) -> None:
    if _LONG_KEY.search(text):
        raise RecursionError
    tomllib.loads(text)


_PARSERS: dict[str, Callable[[str], object]] = {
    ".py": _python,
    ".pyi": _python,
    ".json": strict_json.loads,
    ".yml": _yaml,
    ".yaml": _yaml,
    ".toml": _toml,
}
