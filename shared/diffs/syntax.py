"""Whether code and data are well-formed, and how far from it. For code by grammars of tree-sitter,
each in a wheel of its own, which is loaded when it is needed: https://github.com/tree-sitter.

To be asked in a child process: a parser may be made to crash or to tire.
"""

import ast
import re
import tomllib
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import yaml

from shared.text import strict_json

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_CHARACTERS = 400_000
_MAX_DEPTH = 100
# tomllib takes a time that grows with the square of the parts of a dotted key.
_LONG_KEY = re.compile(r"(?:\.[^.\n]*){200}")

_GRAMMARS = {
    ".py .pyi": "tree_sitter_python.language",
    ".js .mjs .cjs .jsx": "tree_sitter_javascript.language",
    ".ts .mts .cts": "tree_sitter_typescript.language_typescript",
    ".tsx": "tree_sitter_typescript.language_tsx",
    ".java": "tree_sitter_java.language",
    ".go": "tree_sitter_go.language",
    ".rs": "tree_sitter_rust.language",
    ".c .h": "tree_sitter_c.language",
    ".cpp .cc .cxx .hpp .hh": "tree_sitter_cpp.language",
    ".cs": "tree_sitter_c_sharp.language",
    ".sh .bash": "tree_sitter_bash.language",
    ".html .htm": "tree_sitter_html.language",
    ".css": "tree_sitter_css.language",
    ".rb": "tree_sitter_ruby.language",
    ".php": "tree_sitter_php.language_php_only",
}
_GRAMMAR_OF = {suffix: one for suffixes, one in _GRAMMARS.items() for suffix in suffixes.split()}
_TAGGED_PHP = "tree_sitter_php.language_php"


def is_known(path: str) -> bool:
    """Whether there is a parser for the language that the path names."""
    suffix = PurePosixPath(path.lower()).suffix
    return suffix in _DATA or suffix in _GRAMMAR_OF


def parses(path: str, text: str) -> bool | None:
    """Whether `text` is well-formed in the language that the path names; None when nobody can say:
    another language, or too large to ask. Of YAML no value is made, of code nothing run."""
    faults = count_faults(path, text)
    return None if faults is None else faults == 0


def count_faults(path: str, text: str) -> int | None:
    """In how many places `text` is not well-formed, 0 for none; None when nobody can say."""
    suffix = PurePosixPath(path.lower()).suffix
    if len(text) > MAX_CHARACTERS or not is_known(path):
        return None
    strict = _DATA.get(suffix) or (_python if suffix in (".py", ".pyi") else None)
    try:
        if strict is not None:
            strict(text)
        is_refused = False
    except (RecursionError, MemoryError):
        return None
    except (SyntaxError, ValueError, yaml.YAMLError):
        is_refused = True
    if suffix in _DATA:
        return int(is_refused)
    return is_refused + sum(node.is_error or node.is_missing for node in _walk(path, text))


def find_code_lines(path: str, text: str) -> set[int] | None:
    """The lines (from 0) with something that is no comment; None where nobody can say."""
    if PurePosixPath(path.lower()).suffix not in _GRAMMAR_OF or len(text) > MAX_CHARACTERS:
        return None
    return {
        row
        for node in _walk(path, text)
        if not node.child_count and "comment" not in node.type and node.end_byte > node.start_byte
        for row in range(node.start_point.row, node.end_point.row + 1)
    }


def _walk(path: str, text: str) -> "Iterator[Node]":
    """Every node, without recursion; nothing below a comment."""
    from tree_sitter import Language, Parser

    suffix = PurePosixPath(path.lower()).suffix
    name = _TAGGED_PHP if suffix == ".php" and "<?" in text else _GRAMMAR_OF[suffix]
    module, _, function = name.rpartition(".")
    grammar = getattr(import_module(module), function)()
    left = [Parser(Language(grammar)).parse(text.encode(errors="replace")).root_node]
    while left:
        node = left.pop()
        yield node
        if "comment" not in node.type:
            left += node.children


def _python(text: str) -> None:
    """The grammar takes a body that is not indented."""
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


_DATA: dict[str, Callable[[str], object]] = {
    ".json": strict_json.loads,
    ".yml": _yaml,
    ".yaml": _yaml,
    ".toml": _toml,
}
