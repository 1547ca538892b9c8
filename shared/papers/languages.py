"""The languages whose code can be checked, by the names that stand behind a fence. Python, JSON,
YAML and TOML have parsers in Python; each of the others has a grammar of tree-sitter in a wheel of
its own: https://github.com/tree-sitter, which is loaded when it is needed."""

from typing import NamedTuple


class Language(NamedTuple):
    """`suffix` is that of its files where a parser in Python reads it; else `module` has its
    grammar, which `function` gives, and `tagged` for code that begins with a tag (`<?php`)."""

    suffix: str = ""
    module: str = ""
    function: str = "language"
    tagged: str = ""


_LANGUAGES = {
    "python py python3": Language(suffix=".py"),
    "json": Language(suffix=".json"),
    "yaml yml": Language(suffix=".yaml"),
    "toml": Language(suffix=".toml"),
    "javascript js jsx mjs": Language(module="tree_sitter_javascript"),
    "typescript ts": Language(module="tree_sitter_typescript", function="language_typescript"),
    "tsx": Language(module="tree_sitter_typescript", function="language_tsx"),
    "java": Language(module="tree_sitter_java"),
    "go golang": Language(module="tree_sitter_go"),
    "rust rs": Language(module="tree_sitter_rust"),
    "c": Language(module="tree_sitter_c"),
    "cpp c++ cxx cc": Language(module="tree_sitter_cpp"),
    "csharp cs c#": Language(module="tree_sitter_c_sharp"),
    "bash sh shell zsh": Language(module="tree_sitter_bash"),
    "html": Language(module="tree_sitter_html"),
    "css": Language(module="tree_sitter_css"),
    "ruby rb": Language(module="tree_sitter_ruby"),
    "php": Language(module="tree_sitter_php", function="language_php_only", tagged="language_php"),
}
_BY_NAME = {name: one for names, one in _LANGUAGES.items() for name in names.split()}


def language_of(name: str) -> Language | None:
    """The language of this name, None where it has no parser here."""
    return _BY_NAME.get(name)
