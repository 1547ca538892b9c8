"""The languages whose code can be checked, by the names that stand behind a fence, each with the
ending of its files, by which its parser is found (`shared/diffs/syntax.py`)."""

_ENDINGS = {
    "python py python3": ".py",
    "json": ".json",
    "yaml yml": ".yaml",
    "toml": ".toml",
    "javascript js jsx mjs": ".js",
    "typescript ts": ".ts",
    "tsx": ".tsx",
    "java": ".java",
    "go golang": ".go",
    "rust rs": ".rs",
    "c": ".c",
    "cpp c++ cxx cc": ".cpp",
    "csharp cs c#": ".cs",
    "bash sh shell zsh": ".sh",
    "html": ".html",
    "css": ".css",
    "ruby rb": ".rb",
    "php": ".php",
}
_BY_NAME = {name: one for names, one in _ENDINGS.items() for name in names.split()}


def find_ending(name: str) -> str | None:
    """The ending of files in the language of this name, None where it has no parser here."""
    return _BY_NAME.get(name)
