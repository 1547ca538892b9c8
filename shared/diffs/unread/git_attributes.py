"""What `.gitattributes` files say of a path, as git has it: https://git-scm.com/docs/gitattributes.

Of several lines the last counts, of several files the one nearest to the path. A pattern with a
slash is of the path from its file's folder on, any other of the name alone; one of a folder says
nothing of what lies in it (`folder/**` does), and none may be negated.
"""

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property

FILE_NAME = ".gitattributes"
_MAX_LINE = 2048
_MAX_RULES = 500
"""Of a file, about the attributes that are asked for; further ones are not looked at."""

_MACRO = "[attr]"
_BINARY = {"binary": {"binary": "true", "diff": "false", "merge": "false", "text": "false"}}
_UNSAID = "unspecified"

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Rule:
    """`parts` are those of a pattern with a slash; of one without it is the only part."""

    parts: tuple[str, ...]
    anchored: bool
    values: Values

    def fits(self, path: Sequence[str]) -> bool:
        """Whether the pattern is of a path, which begins at its file's folder."""
        if self.anchored:
            return _fit(self.parts, path)
        return _fit_name(self.parts[0], path[-1])


class GitAttributes:
    """The `texts` of these files, by the folders in which they lie ("" for the root), as far as
    they say something about `wanted` attributes."""

    def __init__(self, texts: Mapping[str, str], wanted: Sequence[str]) -> None:
        self._texts = texts
        self._wanted = wanted

    def find_values(self, path: str) -> dict[str, str]:
        """The wanted attributes that are said of a path: `true` for one that is set, `false` for
        one that is not, else its value."""
        names = path.split("/")
        found: dict[str, str] = {}
        for depth in range(len(names) - 1, -1, -1):
            folder, below = "/".join(names[:depth]), names[depth:]
            for rule in reversed(self._rules.get(folder, ())):
                if not rule.values.keys() <= found.keys() and rule.fits(below):
                    found = {**rule.values, **found}
        return {name: value for name, value in found.items() if value != _UNSAID}

    @cached_property
    def _rules(self) -> dict[str, list[_Rule]]:
        macros: dict[str, Values] = dict(_BINARY)
        rules = {}
        for folder in sorted(self._texts):  # The root first, which alone may define macros.
            found = list(_read_rules(self._texts[folder], macros, is_root=not folder))
            rules[folder] = [rule for rule in map(self._narrow, found) if rule.values][:_MAX_RULES]
        return rules

    def _narrow(self, rule: _Rule) -> _Rule:
        values = {name: value for name, value in rule.values.items() if name in self._wanted}
        return _Rule(rule.parts, rule.anchored, values)


def _read_rules(text: str, macros: dict[str, Values], *, is_root: bool) -> Iterator[_Rule]:
    for line in text.removeprefix("\ufeff").split("\n"):
        pattern, words = _split_line(line.strip(" \t\r"))
        values = _read_values(words, macros)
        if pattern.startswith(_MACRO):
            if is_root:
                name = pattern.removeprefix(_MACRO)
                macros[name] = {name: "true", **values}
        elif pattern and not pattern.startswith("!") and not pattern.endswith("/"):
            anchored = "/" in pattern
            parts = tuple(pattern.removeprefix("/").split("/"))
            yield _Rule(parts, anchored, values)


def _split_line(line: str) -> tuple[str, list[str]]:
    if not line or line.startswith("#") or len(line) > _MAX_LINE:
        return "", []
    if line.startswith('"'):
        try:
            pattern = shlex.split(line, posix=True)[0]
        except ValueError:
            return "", []
        return pattern, line.rpartition('"')[2].split()
    pattern, *words = line.split()
    return pattern, words


def _read_values(words: Sequence[str], macros: Mapping[str, Values]) -> Values:
    values: dict[str, str] = {}
    for word in words:
        name, _, value = word.lstrip("-!").partition("=")
        said = {"-": "false", "!": _UNSAID}.get(word[0], value or "true")
        expanded = macros.get(name, {}) if said == "true" else {}
        values |= {**expanded, name: said}
    return values


def _fit(parts: Sequence[str], names: Sequence[str]) -> bool:
    """Whether all names fit all parts, of which `**` is any number of names. Each name is held
    against each part once at most."""
    fits = [True] + [False] * len(names)
    for number, part in enumerate(parts):
        if part == "**":
            # At the end it is what lies in a folder, and not the folder.
            least = 1 if number == len(parts) - 1 else 0
            fits = [any(fits[: max(end - least + 1, 0)]) for end in range(len(names) + 1)]
        else:
            fits = [False] + [
                before and _fit_name(part, name) for before, name in zip(fits, names, strict=False)
            ]
    return fits[-1]


def _fit_name(pattern: str, name: str) -> bool:
    """By `fnmatch`, which takes no time that grows with the number of stars."""
    pattern = re.sub(r"\\(.)", lambda escaped: f"[{escaped[1]}]", pattern)
    return fnmatchcase(name, pattern.replace("[^", "[!"))
